"""Watches, from outside, how much memory a process and its descendants take."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

INTERVAL = 0.2
"""Seconds between two measurements."""

USUAL_SOCKETS = 100
"""Number of sockets that are not counted: a kernel needs about 50."""

_OPEN_FILE = 8192
"""Bytes counted for each file that a process may have open: the least that the system gives a pipe."""


@contextlib.contextmanager
def memory_watched(pid: int, limit: int, exceeded: Callable[[], None]) -> Iterator[None]:
    """Calls `exceeded` once, from a thread, if a process and its descendants exceed `limit` bytes."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(INTERVAL):
            if exceeds(pid, limit):
                exceeded()
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def exceeds(pid: int, limit: int) -> bool:
    """Whether a process and its descendants take more than `limit` bytes; False once it has ended.

    Pages that processes share count once, as forked processes share most of theirs. The memory
    that the system holds for them counts as well: page tables, pages in swap, and the most that their
    sockets and pipes can hold. Only Linux reports all this; elsewhere, shared pages count several times.
    """
    try:
        first = psutil.Process(pid)
        tree = [first, *first.children(recursive=True)]
    except psutil.Error:
        return False
    left = limit - _in_sockets(pid)
    # The resident size is never less than the share, and much cheaper to read.
    return sum(map(_resident, tree)) > left and sum(map(_share, tree)) > left


def _resident(process: psutil.Process) -> int:
    """Bytes of all pages of a process, and of what the system holds for it."""
    if status := _numbers(f"/proc/{process.pid}/status"):
        return _kib(status, "VmRSS", "VmSwap") + _held(status)
    with contextlib.suppress(psutil.Error):
        return process.memory_info().rss
    return 0


def _share(process: psutil.Process) -> int:
    """Like `_resident`, but of each shared page only this process's share."""
    if pages := _numbers(f"/proc/{process.pid}/smaps_rollup"):
        return _kib(pages, "Pss", "SwapPss") + _held(_numbers(f"/proc/{process.pid}/status"))
    return _resident(process)


def _held(status: dict[str, int]) -> int:
    """Bytes that the system holds for a process: page tables, and the most that pipes can hold."""
    return _kib(status, "VmPTE") + _OPEN_FILE * status.get("FDSize", 0)


def _in_sockets(pid: int) -> int:
    """Most bytes that the sockets of a process's network namespace hold; 0 if it is the grader's own.

    Sockets that no process has open any more count as well, as they may still hold what was sent.
    """
    with contextlib.suppress(PermissionError, FileNotFoundError):
        if os.path.samefile(f"/proc/{pid}/ns/net", "/proc/self/ns/net"):
            return 0
    sockets = _numbers(f"/proc/{pid}/net/sockstat", second=True).get("sockets", 0)
    return max(0, sockets - USUAL_SOCKETS) * _socket_bytes()


def _socket_bytes() -> int:
    """Most bytes that one socket can hold: its buffer, which the last message may exceed by as much."""
    buffers = (Path(f"/proc/sys/net/core/{way}mem_default").read_text() for way in "rw")
    return 2 * max(map(int, buffers))


def _numbers(path: str, *, second: bool = False) -> dict[str, int]:
    """The first (or second) number of each line, by the line's name; empty if the file is unreadable."""
    try:
        lines = Path(path).read_text(errors="replace").splitlines()
    except OSError:
        return {}
    split = (line.split() for line in lines)
    found = ((words[0].rstrip(":"), words[1 + second]) for words in split if len(words) > 1 + second)
    return {name: int(value) for name, value in found if value.isdigit()}


def _kib(numbers: dict[str, int], *names: str) -> int:
    return sum(1024 * numbers.get(name, 0) for name in names)
