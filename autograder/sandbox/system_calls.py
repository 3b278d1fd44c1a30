"""What a kernel may not ask of the system: a filter that it and all that it starts cannot take off.

Refused is what reaches keys of the grader's login, what holds memory that no limit counts, and what only
adds ways to attack the system itself. No student of the lab needs any of it: a right program does not
notice. The filter is seccomp's, made by libseccomp.
"""

import ctypes
import errno
import os

_KEYS = ("keyctl", "add_key", "request_key")
_UNCOUNTED = (
    # Files in memory outside the scratch, and System V's memory, messages and semaphores, which outlive
    # who made them.
    *("memfd_create", "memfd_secret", "shmget", "msgget", "semget"),
    # Pages given to a pipe, queues of events, rules: kept by the system, on nobody's account.
    *("vmsplice", "inotify_init", "inotify_init1", "fanotify_init", "landlock_create_ruleset"),
)
_ATTACKED = (
    *("io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("userfaultfd", "bpf", "perf_event_open"),
)
_JOIN_SESSION_KEYRING = 1
_LOW_HALF = 0xFFFFFFFF
"""Of an argument's 64 bits: all that the system reads of an int."""


def problem() -> str:
    """Why no filter can be made here; empty if one can."""
    try:
        import pyseccomp  # noqa: F401
    except ModuleNotFoundError:
        return "the Python package pyseccomp is not installed (pip install pyseccomp)"
    except (RuntimeError, OSError):
        return "libseccomp2 is not installed (on Debian and Ubuntu: apt-get install libseccomp2)"
    return ""


def leave_session_keyring() -> None:
    """Joins a new, empty session keyring: the one of the grader's login is out of reach from here on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(_number("keyctl"), _JOIN_SESSION_KEYRING, None) < 0:
        number = ctypes.get_errno()
        # A system without keys, or one that refuses them to everybody, as many containers do.
        if number not in (errno.ENOSYS, errno.EPERM):
            raise OSError(number, f"{os.strerror(number)}: leaving the session keyring")


def refuse() -> None:
    """Installs the filter. Needs `no_new_privs`."""
    import mmap
    import socket

    import pyseccomp
    from pyseccomp import EQ, ERRNO, GT, MASKED_EQ, Arg

    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    # Calls of another architecture, such as 32-bit ones, would go past all that follows.
    rules.set_attr(pyseccomp.Attr.ACT_BADARCH, ERRNO(errno.ENOSYS))
    # Before Linux 5.16 a filter would otherwise slow down all computing, to guard what is not here.
    rules.set_attr(pyseccomp.Attr.CTL_SSB, 1)
    for name in (*_KEYS, *_UNCOUNTED, *_ATTACKED):
        rules.add_rule(ERRNO(errno.EPERM), _number(name))
    # Shared memory without a name: its pages stay when they are no longer mapped.
    shared = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS
    rules.add_rule(ERRNO(errno.EPERM), _number("mmap"), Arg(3, MASKED_EQ, shared, shared))
    # Sockets keep the buffers they are born with, and are counted by them; asking for more does nothing.
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        rules.add_rule(
            ERRNO(0),
            _number("setsockopt"),
            Arg(1, MASKED_EQ, _LOW_HALF, socket.SOL_SOCKET),
            Arg(2, MASKED_EQ, _LOW_HALF, option),
        )
    # Other families of sockets have no such buffers, or are not held by network namespaces.
    families = {socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK}
    others = [Arg(0, EQ, family) for family in range(max(families)) if family not in families]
    for call in ("socket", "socketpair"):
        for other in (*others, Arg(0, GT, max(families))):
            rules.add_rule(ERRNO(errno.EAFNOSUPPORT), _number(call), other)
    rules.load()


def _number(name: str) -> int:
    """Of a system call on this architecture; below -1 if it has none."""
    import pyseccomp

    number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
    if number == -1:
        raise OSError(errno.ENOSYS, f"libseccomp is too old: it does not know {name}")
    return number
