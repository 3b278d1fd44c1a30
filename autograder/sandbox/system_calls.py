"""A filter (seccomp) that refuses a kernel some system calls; no process can remove the filter.

It refuses calls that reach keys of the grader's login, calls that hold memory without counting towards a
limit, and calls that only add ways to attack the system itself. No honest notebook needs any of them.
"""

import ctypes
import errno
import os

_KEYS = ("keyctl", "add_key", "request_key")
_UNCOUNTED = (
    # Files in memory outside the scratch folder; System V's memory, messages and semaphores, which
    # outlive the process that created them.
    *("memfd_create", "memfd_secret", "shmget", "msgget", "semget"),
    # Pages given to a pipe, queues of events, rules: the system charges these to no process.
    *("vmsplice", "inotify_init", "inotify_init1", "fanotify_init", "landlock_create_ruleset"),
)
_ATTACKED = (
    *("io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("userfaultfd", "bpf", "perf_event_open"),
)
_JOIN_SESSION_KEYRING = 1
_LOW_HALF = 0xFFFFFFFF
"""The bits of a 64-bit argument that the system reads if the argument is an int."""


def problem() -> str:
    """Returns why the filter cannot be built on this machine; empty if it can."""
    try:
        import pyseccomp  # noqa: F401
    except ModuleNotFoundError:
        return "the Python package pyseccomp is not installed (pip install pyseccomp)"
    except (RuntimeError, OSError):
        return "libseccomp2 is not installed (on Debian and Ubuntu: apt-get install libseccomp2)"
    return ""


def leave_session_keyring() -> None:
    """Joins a new, empty session keyring: from now on, the grader's login keyring is out of reach."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(_number("keyctl"), _JOIN_SESSION_KEYRING, None) < 0:
        number = ctypes.get_errno()
        # Some systems have no keys, or refuse them to everybody, as many containers do.
        if number not in (errno.ENOSYS, errno.EPERM):
            raise OSError(number, f"{os.strerror(number)}: leaving the session keyring")


def refuse() -> None:
    """Installs the filter; the process must have set `no_new_privs`."""
    import mmap
    import socket

    import pyseccomp
    from pyseccomp import EQ, ERRNO, GT, MASKED_EQ, Arg

    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    # Calls of another architecture, such as 32-bit ones, have other numbers and would pass the filter.
    rules.set_attr(pyseccomp.Attr.ACT_BADARCH, ERRNO(errno.ENOSYS))
    # Before Linux 5.16, a filter turns on a protection against Spectre, which slows all computing down.
    rules.set_attr(pyseccomp.Attr.CTL_SSB, 1)
    for name in (*_KEYS, *_UNCOUNTED, *_ATTACKED):
        rules.add_rule(ERRNO(errno.EPERM), _number(name))
    # The pages of anonymous shared memory stay allocated when they are no longer mapped.
    shared = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS
    rules.add_rule(ERRNO(errno.EPERM), _number("mmap"), Arg(3, MASKED_EQ, shared, shared))
    # Sockets keep their default buffers, as the memory watch assumes: a request for more does nothing.
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        rules.add_rule(
            ERRNO(0),
            _number("setsockopt"),
            Arg(1, MASKED_EQ, _LOW_HALF, socket.SOL_SOCKET),
            Arg(2, MASKED_EQ, _LOW_HALF, option),
        )
    # Sockets of other families have no such buffers, or network namespaces do not separate them.
    families = {socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK}
    others = [Arg(0, EQ, family) for family in range(max(families)) if family not in families]
    for call in ("socket", "socketpair"):
        for other in (*others, Arg(0, GT, max(families))):
            rules.add_rule(ERRNO(errno.EAFNOSUPPORT), _number(call), other)
    rules.load()


def _number(name: str) -> int:
    """The number of a system call on this architecture; below -1 if it has no such call."""
    import pyseccomp

    number: int = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
    if number == -1:
        raise OSError(errno.ENOSYS, f"libseccomp is too old: it does not know {name}")
    return number
