"""Shuts one kernel off from everything but its own scratch folder, with Linux namespaces.

The fork server already runs in a sandbox, where it sees Python, some rooms of this package and the
folder of all runs. Each kernel is confined further: it gets its own user, process, mount, network, UTS
and IPC namespaces (see user_namespaces(7)). It sees no other run and no other process, and can write
only to a file system in memory of limited size. A filter of system calls
(`autograder.sandbox.system_calls`) refuses what namespaces do not separate, such as keys.
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
"""The only folder that a kernel can write to. It holds the working folder and is the home folder."""
WORK = SCRATCH / "work"
NOBODY = 65534
"""The user and group who run submissions where root grades."""

_NEW_NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
"""CLONE_NEW…: mount, UTS, IPC, user, process and network, from <linux/sched.h>."""
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT = 1, 2, 4, 8, 32
_BIND, _REC, _PRIVATE = 4096, 16384, 1 << 18
_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CAPABILITIES_V3 = 0x20080522
_MAX_FILES = 100_000
_MAX_OPEN = 1024
"""Most files, sockets and pipes that one process may have open."""


@dataclass(frozen=True)
class Confinement:
    """The folders and limits that one kernel is confined to."""

    run: str
    """The folder of the run: `files`, which the kernel gets a copy of, and `ipc` for its sockets."""
    runs: str
    """The folder of all runs, which is hidden."""
    keep: tuple[str, ...]
    """Folders below SCRATCH that stay visible, read-only: Python itself may be installed there."""
    memory: int
    """Most bytes of data that one process may allocate."""
    processes: int
    """Most processes and threads in all."""
    disk: int
    """Most bytes in SCRATCH."""


def give_up_root() -> None:
    """Makes root's process NOBODY's: root is exempt from limits on the number of processes."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        # The change of user made root the owner of /proc/self, where kernels write their map of users.
        _call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)


def end_with_parent() -> None:
    """Lets the system kill this process when the one that forked it ends."""
    _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def close_standard_input() -> None:
    """Makes standard input empty."""
    with open(os.devnull) as null:
        os.dup2(null.fileno(), 0)


def confine(to: Confinement, started: Callable[[int], None]) -> Callable[[], None]:
    """Continues in a new, confined process; returns a function to call once its sockets are bound.

    started: is called once, with a pidfd of the first process of the new namespace. It passes interrupts
    on to the kernel, and all others end with it. Raises OSError if the system refuses namespaces.
    """
    uid, gid = os.getuid(), os.getgid()
    # This also imports pyseccomp, which starts a program to find its library. Later, that program would
    # be the first process of the new namespace.
    system_calls.leave_session_keyring()
    _call("unshare", _NEW_NAMESPACES)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    first = os.fork()
    if first:
        started(os.pidfd_open(first))
        os._exit(0)
    close_standard_input()
    # If memory runs out, the system shall end this process and its children, and spare the grader.
    Path("/proc/self/oom_score_adj").write_text("1000")
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
    """Mounts the folders that the kernel shall see, and covers all others."""
    _mount("none", "/", None, _REC | _PRIVATE)
    # The paths of these folders are about to be covered; their handles stay valid.
    files, ipc = (_handle(f"{to.run}/{name}") for name in ("files", "ipc"))
    kept = {path: _handle(path) for path in to.keep}
    _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    # The kernel must not create namespaces in which it has all rights.
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    # Read-only, so that no process can change its oom_score_adj.
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
    # /dev/full also reads as zeros, but cannot be mapped: mapped zeros stay allocated when unmapped.
    _mount("/dev/full", "/dev/zero", None, _BIND)
    for handle in (files, ipc, *kept.values()):
        os.close(handle)


def _limit(to: Confinement) -> None:
    """Sets limits that the kernel inherits and cannot raise."""
    # Windows, where this module is imported as well, has no such module.
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
    """Runs as the first process of the namespace: ends when the kernel does, and with it all others."""
    signal.signal(signal.SIGINT, lambda *_: os.kill(kernel, signal.SIGINT))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.read(bound, 1)
    # Bound sockets work without their folder, the last one that the kernel shared with the outside.
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
    """Gives up the rights that the new user namespace gave; no program can regain them."""
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


def _handle(folder: str) -> int:
    return os.open(folder, os.O_PATH | os.O_DIRECTORY)


def _bind(handle: int, path: str) -> None:
    os.makedirs(path, exist_ok=True)
    _mount(f"/proc/self/fd/{handle}", path, None, _BIND | _REC)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    *what, how = [None if text is None else text.encode() for text in (source, target, kind, options)]
    try:
        _call("mount", *what, ctypes.c_ulong(flags), how)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}: mounting {target}") from None


def _call(name: str, *arguments: object) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{os.strerror(number)}: {name}")


def _try() -> None:
    """Tries out whether this process can be confined as the JSON on standard input says."""
    give_up_root()

    def wait_for(pidfd: int) -> None:
        ended = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
        os._exit(ended.si_status if ended else 1)

    sockets_are_bound = confine(Confinement(**json.load(sys.stdin)), wait_for)
    sockets_are_bound()
    os._exit(0)


if __name__ == "__main__":
    _try()
