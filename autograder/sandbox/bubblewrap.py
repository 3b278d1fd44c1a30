"""The sandbox that submissions run in: bubblewrap around the process which kernels are forked from.

Bubblewrap shows that process Python, the kernel side of this package and the folder of the runs, all
read-only but the latter, and no network. Each kernel then leaves even more of it behind
(`autograder.sandbox.isolation`).
"""

import dataclasses
import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import autograder
from autograder.sandbox import isolation, system_calls
from autograder.sandbox.run_folder import RunFolder

IMAGES = "/run/autograder/mnist.npz"
"""Where the kernels find the grading images."""

TRIAL_SECONDS = 60

_PACKAGE = Path(autograder.__file__).resolve().parent
_INSIDE = ("check", "kernel", "protocol", "sandbox")
"""The rooms of this package that are seen inside. The judge and the digits are not."""
_LIBRARIES = ("tensorflow", "keras", "numpy", "matplotlib", "ipykernel", "IPython", "pyseccomp")
_SYSTEM = ("/usr", "/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
_LINKED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")


class SandboxError(RuntimeError):
    """Submissions were to run in the sandbox only, and it does not work here; the text says why."""


def command(runs: Path, images: Path, *program: str) -> list[str]:
    """The command that runs a Python program of the kernel side in the sandbox.

    runs: the folder of the runs, which stays writable. images: what is to be found as IMAGES.
    """
    # As the first process of its namespace, so that nothing outlives it.
    arguments = ["bwrap", "--unshare-pid", "--as-pid-1"]
    arguments += ["--unshare-ipc", "--unshare-net", "--unshare-uts"]
    arguments += ["--unshare-cgroup-try", "--new-session", "--hostname", "grading"]
    if os.getuid():
        arguments.append("--unshare-user")
    arguments += ["--perms", "1777", "--tmpfs", str(isolation.SCRATCH), "--dev", "/dev"]
    # Of all processes: without it, kernels could not have a /proc of their own, which covers this one.
    arguments += ["--dev-bind", "/proc", "/proc"]
    shown = (*_SYSTEM, *_python_folders(), str(_PACKAGE), IMAGES, str(runs))
    # Made by bubblewrap in passing, the folders above them would be root's alone.
    for folder in sorted({str(parent) for path in shown for parent in Path(path).parents}):
        arguments += ["--dir", folder]
    for path in _LINKED:
        if os.path.islink(path):
            arguments += ["--symlink", os.readlink(path), path]
        else:
            arguments += ["--ro-bind-try", path, path]
    for path in (*_SYSTEM, *_python_folders()):
        arguments += ["--ro-bind-try", path, path]
    arguments += ["--tmpfs", str(_PACKAGE)]
    for name in _INSIDE:
        arguments += ["--ro-bind", str(_PACKAGE / name), str(_PACKAGE / name)]
    arguments += ["--ro-bind", str(images), IMAGES, "--bind", str(runs), str(runs)]
    for path in (_PACKAGE, "/dev", "/"):
        arguments += ["--remount-ro", str(path)]
    arguments += ["--clearenv"]
    for name, value in _environment().items():
        arguments += ["--setenv", name, value]
    arguments += ["--chdir", "/", sys.executable, "-P", *program]
    return arguments


def confinement(run: Path, *, memory: int, processes: int, disk: int) -> isolation.Confinement:
    """What one kernel is confined to inside.

    run: its folder, in that of all runs. memory, disk: bytes.
    """
    shown = [*_python_folders(), str(_PACKAGE)]
    keep = [path for path in shown if Path(path).is_relative_to(isolation.SCRATCH)]
    return isolation.Confinement(str(run), str(run.parent), tuple(keep), memory, processes, disk)


def hand_over(folder: Path) -> None:
    """Makes a folder and all in it belong to who runs submissions."""
    if os.getuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, isolation.NOBODY, isolation.NOBODY, follow_symlinks=False)


@functools.cache
def problem() -> str:
    """Why submissions cannot be sandboxed on this machine; empty if they can. Found out by trying."""
    if sys.platform != "linux":
        return "bubblewrap, which the sandbox is built on, is there for Linux only"
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed (on Debian and Ubuntu: apt-get install bubblewrap)"
    if missing := system_calls.problem():
        return missing
    with RunFolder() as folder:
        run = Path(folder) / "trial"
        for name in ("files", "ipc"):
            (run / name).mkdir(parents=True)
        hand_over(run)
        trial = confinement(run, memory=2**30, processes=100, disk=2**20)
        try:
            tried = subprocess.run(
                command(Path(folder), Path(__file__), "-m", "autograder.sandbox.isolation"),
                input=json.dumps(dataclasses.asdict(trial)),
                capture_output=True,
                text=True,
                timeout=TRIAL_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return f"bubblewrap is installed but did nothing here for {TRIAL_SECONDS} seconds"
    if tried.returncode:
        said = (tried.stderr.strip().splitlines() or ["no reason given"])[-1]
        return f"bubblewrap is installed but does not work here ({said})"
    return ""


def _environment() -> dict[str, str]:
    """All of the environment that is passed on."""
    home = str(isolation.SCRATCH)
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ") if name in os.environ}
    return kept | {
        "HOME": home,
        "USER": "student",
        "LOGNAME": "student",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        # Libraries may be found here by settings that do not get in, such as a home folder.
        "PYTHONPATH": os.pathsep.join([str(_PACKAGE.parent), *_library_folders()]),
    }


@functools.cache
def _python_folders() -> tuple[str, ...]:
    """The folders that Python and the libraries of the lab are in, outermost ones only."""
    interpreter = Path(sys.executable).resolve()
    found = {sys.prefix, sys.base_prefix, sys.exec_prefix, str(interpreter.parent.parent)}
    found |= set(_library_folders())
    found = {os.path.realpath(path) for path in found} | found
    return tuple(
        path
        for path in sorted(found)
        if not any(Path(path).is_relative_to(other) for other in found - {path} | {"/usr"})
    )


def _library_folders() -> list[str]:
    """The folders that the libraries are imported from."""
    specs = [importlib.util.find_spec(library) for library in _LIBRARIES]
    # A package's file lies one folder deeper than that of a module.
    return sorted({str(Path(s.origin).parents[bool(s.submodule_search_locations)]) for s in specs})
