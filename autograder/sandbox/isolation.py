"""Shuts one kernel off from everything but its own scratch folder, with Linux namespaces.

The process that kernels are forked from already runs in a sandbox, which shows it Python, the kernel
side of this package and the folders of the runs. Each kernel leaves more of that behind: it gets a
user, a process, a mount, a network and an IPC namespace of its own, sees no other run and no other
process, and may write to nothing but a file system in memory of limited size. See user_namespaces(7).
What namespaces do not hold, such as keys, it is refused by a filter (`autograder.sandbox.system_calls`).
"""

import ctypes
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox import system_calls

SCRATCH = Path("/tmp")
"""All that a kernel can write to; its working folder and home lie in it."""
WORK = SCRATCH / "work"
NOBODY = 65534
"""Who runs submissions where root grades."""

_NEW_NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
"""CLONE_NEW…: mount, UTS, IPC, user, process and network, from <linux/sched.h>."""
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT = 1, 2, 4, 8, 32
_BIND, _REC, _PRIVATE = 4096, 16384, 1 << 18
_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CAPABILITIES_V3 = 0x20080522
_MAX_FILES = 100_000
_MAX_OPEN = 1024
"""Files, sockets and pipes that one process may have open."""


@dataclass(frozen=True)
class Confinement:
    """What one kernel is confined to."""

    run: str
    """Folder of the run: `files` to copy in, `ipc` for its sockets."""
    runs: str
    """Folder of all runs, which is hidden."""
    keep: tuple[str, ...]
    """Folders below SCRATCH that must stay, read-only: Python itself may be installed there."""
    memory: int
    """Bytes of data that one process may allocate."""
    processes: int
    """Processes and threads in all."""
    disk: int
    """Bytes in SCRATCH."""


def give_up_root() -> None:
    """Becomes nobody if the process is root's: limits on processes do not hold for root."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        # So that /proc/self is its own again: kernels map their users there.
        _call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)


def end_with_parent() -> None:
    """Lets the system kill this process when the one that forked it ends."""
    _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def close_standard_input() -> None:
    """Nothing is to be read there."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


def confine(to: Confinement, started: Callable[[int], None]) -> Callable[[], None]:
    """Returns in a new process, which is confined, with what to call when its sockets are bound.

    started: called once with a pidfd of the first process of the new namespace: an interrupt sent there
    reaches the kernel, and its end is the end of every process of the kernel's. Raises OSError where
    namespaces are not to be had.
    """
    uid, gid = os.getuid(), os.getgid()
    # Imports what makes the filter, too: to find it starts a program, which must not be the first
    # process of the new namespace.
    system_calls.leave_session_keyring()
    _call("unshare", _NEW_NAMESPACES)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {uid} 1")
    _write("/proc/self/gid_map", f"{gid} {gid} 1")
    first = os.fork()
    if first:
        started(os.pidfd_open(first))
        os._exit(0)
    close_standard_input()
    # If memory runs out, this and what it starts is what the system shall end, not the grader.
    _write("/proc/self/oom_score_adj", "1000")
    _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)
    _lay_out(to)
    _limit(to)
    bound, tell_bound = os.pipe()
    kernel = os.fork()
    if kernel:
        os.close(tell_bound)
        _wait_for_the_end(kernel, bound, to)
    os.close(bound)
    _drop_capabilities()
    _call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)
    os.chdir(WORK)
    system_calls.refuse()

    def sockets_are_bound() -> None:
        os.write(tell_bound, b".")
        os.close(tell_bound)

    return sockets_are_bound


def _lay_out(to: Confinement) -> None:
    """Mounts what the kernel shall see, over what it shall not."""
    _mount("none", "/", None, _REC | _PRIVATE)
    # Held on to by their handles, as their paths are about to be covered.
    files, ipc = (_handle(f"{to.run}/{name}") for name in ("files", "ipc"))
    kept = {path: _handle(path) for path in to.keep}
    _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    # Nobody in here needs namespaces of their own.
    _write("/proc/sys/user/max_user_namespaces", "0")
    # Nor to weigh its processes anew.
    _mount("none", "/proc", None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV | _NOEXEC)
    size = f"size={to.disk},nr_inodes={_MAX_FILES},mode=0700"
    _mount("tmpfs", str(SCRATCH), "tmpfs", _NOSUID | _NODEV, size)
    for path, handle in kept.items():
        _bind(handle, path)
    if not Path(to.runs).is_relative_to(SCRATCH):
        _mount("tmpfs", to.runs, "tmpfs", _NOSUID | _NODEV, "size=64k,nr_inodes=16")
    _bind(ipc, f"{to.run}/ipc")
    shutil.copytree(f"/proc/self/fd/{files}", WORK, symlinks=True)
    shared_memory = SCRATCH / ".shm"
    shared_memory.mkdir()
    _mount(str(shared_memory), "/dev/shm", None, _BIND)
    # Reads as zeros too, but cannot be mapped, as memory that stays when it is no longer mapped.
    _mount("/dev/full", "/dev/zero", None, _BIND)
    for handle in (files, ipc, *kept.values()):
        os.close(handle)


def _limit(to: Confinement) -> None:
    """Limits that the kernel inherits and cannot raise."""
    # Not there on Windows, where this module is still imported.
    import resource

    allocated = next(
        1024 * int(line.split()[1])
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmData")
    )
    for what, limit in (
        (resource.RLIMIT_DATA, allocated + to.memory),
        (resource.RLIMIT_NPROC, to.processes),
        (resource.RLIMIT_FSIZE, to.disk),
        (resource.RLIMIT_NOFILE, min(_MAX_OPEN, resource.getrlimit(resource.RLIMIT_NOFILE)[1])),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))


def _wait_for_the_end(kernel: int, bound: int, to: Confinement) -> None:
    """The first process of the namespace: when it ends, so does all that the kernel started."""
    signal.signal(signal.SIGINT, lambda *_: os.kill(kernel, signal.SIGINT))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.read(bound, 1)
    # The sockets work on; the folder they lie in, the last one outside, is out of reach from here on.
    _call("umount2", f"{to.run}/ipc".encode(), _DETACH)
    _drop_capabilities()
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            os._exit(1)
        if pid == kernel:
            os._exit(min(255, abs(os.waitstatus_to_exitcode(status))))


def _drop_capabilities() -> None:
    """Gives up what the new user namespace gave; no program that is started gets it back."""
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


def _handle(folder: str) -> int:
    return os.open(folder, os.O_PATH | os.O_DIRECTORY)


def _bind(handle: int, path: str) -> None:
    os.makedirs(path, exist_ok=True)
    _mount(f"/proc/self/fd/{handle}", path, None, _BIND | _REC)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    encoded = [None if text is None else text.encode() for text in (source, target, kind, options)]
    source_, target_, kind_, options_ = encoded
    try:
        _call("mount", source_, target_, kind_, ctypes.c_ulong(flags), options_)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}: mounting {target}") from None


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _call(name: str, *arguments: object) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{os.strerror(number)}: {name}")


def _try() -> None:
    """Confines this process as the JSON on standard input says, and ends: does it work here?"""
    give_up_root()

    def wait_for(pidfd: int) -> None:
        os._exit(os.waitid(os.P_PIDFD, pidfd, os.WEXITED).si_status)

    sockets_are_bound = confine(Confinement(**json.load(sys.stdin)), wait_for)
    sockets_are_bound()
    os._exit(0)


if __name__ == "__main__":
    _try()
