"""The sandbox that submissions run in: bubblewrap around the fork server.

Inside, the fork server sees Python, the rooms of this package that kernels need, both read-only, and the
folder of all runs, but no network. Each kernel is confined further (`autograder.sandbox.isolation`).
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
"""The path at which kernels find the grading images."""

TRIAL_SECONDS = 60

_PACKAGE = Path(autograder.__file__).resolve().parent
_INSIDE = ("__init__.py", "check", "kernel", "protocol", "sandbox")
"""The package and the rooms of it that are visible inside. The judge and the held-out images are not."""
# Libraries that programs import inside. They may be installed in several folders.
_LIBRARIES = ("tensorflow", "keras", "numpy", "matplotlib", "ipykernel", "IPython", "pyseccomp")
_SYSTEM = ("/usr", "/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
"""Paths of the system that are visible inside, read-only, where they exist."""
_LINKED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")
"""The same for paths that are links on many systems."""


class SandboxError(RuntimeError):
    """The sandbox is required but does not work on this machine; the text says why."""


def command(runs: Path, images: Path, *program: str) -> list[str]:
    """Returns the command that runs a Python program of this package in the sandbox.

    runs: the folder of all runs, which stays writable. images: the file that appears as IMAGES.
    """
    # The program is the first process of its namespace: when it ends, the system ends all others.
    arguments = ["bwrap", "--unshare-pid", "--as-pid-1"]
    arguments += ["--unshare-ipc", "--unshare-net", "--unshare-uts"]
    arguments += ["--unshare-cgroup-try", "--new-session", "--hostname", "grading"]
    if os.getuid():
        arguments.append("--unshare-user")
    arguments += ["--perms", "1777", "--tmpfs", str(isolation.SCRATCH), "--dev", "/dev"]
    # The machine's /proc: without it, kernels may not mount their own /proc, which covers this one.
    arguments += ["--dev-bind", "/proc", "/proc"]
    # The installed course, with its sample solutions, lies among the libraries.
    hidden = [str(path) for path in (_PACKAGE, autograder.INSTALLED_COURSE) if path.is_dir()]
    shown = (*_SYSTEM, *_python_folders(), *hidden, IMAGES, str(runs))
    # Bubblewrap would create parent folders that only root can enter.
    for folder in sorted({str(parent) for path in shown for parent in Path(path).parents}):
        arguments += ["--dir", folder]
    for path in _LINKED:
        if os.path.islink(path):
            arguments += ["--symlink", os.readlink(path), path]
        else:
            arguments += ["--ro-bind-try", path, path]
    for path in (*_SYSTEM, *_python_folders()):
        arguments += ["--ro-bind-try", path, path]
    for path in hidden:
        arguments += ["--tmpfs", path]
    for name in _INSIDE:
        arguments += ["--ro-bind", str(_PACKAGE / name), str(_PACKAGE / name)]
    arguments += ["--ro-bind", str(images), IMAGES, "--bind", str(runs), str(runs)]
    for path in (*hidden, "/dev", "/"):
        arguments += ["--remount-ro", path]
    arguments += ["--clearenv"]
    for name, value in _environment().items():
        arguments += ["--setenv", name, value]
    arguments += ["--chdir", "/", sys.executable, "-P", *program]
    return arguments


def confinement(run: Path, *, memory: int, processes: int, disk: int) -> isolation.Confinement:
    """Returns the confinement of one kernel inside the sandbox.

    run: the kernel's folder, which lies in the folder of all runs. memory, disk: bytes.
    """
    shown = [*_python_folders(), str(_PACKAGE)]
    keep = [path for path in shown if Path(path).is_relative_to(isolation.SCRATCH)]
    return isolation.Confinement(str(run), str(run.parent), tuple(keep), memory, processes, disk)


def give_to_student_user(folder: Path) -> None:
    """Makes the user who runs submissions the owner of a folder and of all that is in it."""
    if os.getuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, isolation.NOBODY, isolation.NOBODY, follow_symlinks=False)


@functools.cache
def problem() -> str:
    """Tries the sandbox out; returns why it does not work on this machine, or nothing if it does."""
    if sys.platform != "linux":
        return "the sandbox needs bubblewrap, which exists for Linux only"
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed (on Debian and Ubuntu: apt-get install bubblewrap)"
    if missing := system_calls.problem():
        return missing
    with RunFolder() as folder:
        run = Path(folder) / "trial"
        for name in ("files", "ipc"):
            (run / name).mkdir(parents=True)
        give_to_student_user(run)
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
    """All environment variables that exist inside."""
    home = str(isolation.SCRATCH)
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ") if name in os.environ}
    return kept | {
        "HOME": home,
        "USER": "student",
        "LOGNAME": "student",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        # Outside, Python may find libraries by settings that do not exist inside, such as a home folder.
        "PYTHONPATH": os.pathsep.join([str(_PACKAGE.parent), *_library_folders()]),
    }


@functools.cache
def _python_folders() -> tuple[str, ...]:
    """The folders that hold Python and its libraries, without those that lie in another one."""
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
    specs = map(importlib.util.find_spec, _LIBRARIES)
    # A package's file lies one folder deeper than a module's.
    found = (Path(s.origin).parents[bool(s.submodule_search_locations)] for s in specs if s and s.origin)
    return sorted(set(map(str, found)))
