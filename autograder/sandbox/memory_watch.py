"""Watches what memory a process and all that it started take, from outside."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

INTERVAL = 0.2
"""Seconds between two looks."""

USUAL_SOCKETS = 100
"""So many count as nothing: a kernel has about 50."""

_OPEN_FILE = 8192
"""Bytes counted for each file that a process may have open: the system gives a pipe as much at least."""


@contextlib.contextmanager
def memory_watched(pid: int, limit: int, exceeded: Callable[[], None]) -> Iterator[None]:
    """Calls `exceeded` once, from a thread, if the tree of processes takes more than `limit` bytes."""
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
    """Whether a process and its descendants take more than `limit` bytes; not once it has ended.

    Pages that processes share count once: forked ones share most of theirs. So does what the system
    itself holds for them, as far as it tells: page tables, pages in swap, and what sockets and pipes may
    hold at most. Where the system does not tell (it does on Linux), all pages count for each process.
    """
    try:
        first = psutil.Process(pid)
        tree = [first, *first.children(recursive=True)]
    except psutil.Error:
        return False
    left = limit - _in_sockets(pid)
    # Cheap to ask for, and never less than the share.
    return sum(map(_resident, tree)) > left and sum(map(_share, tree)) > left


def _resident(process: psutil.Process) -> int:
    """All pages of a process, and what the system holds for it."""
    if status := _numbers(f"/proc/{process.pid}/status"):
        return _kib(status, "VmRSS", "VmSwap") + _held(status)
    with contextlib.suppress(psutil.Error):
        return process.memory_info().rss
    return 0


def _share(process: psutil.Process) -> int:
    """As `_resident`, with its share only of each page that it shares."""
    if pages := _numbers(f"/proc/{process.pid}/smaps_rollup"):
        return _kib(pages, "Pss", "SwapPss") + _held(_numbers(f"/proc/{process.pid}/status"))
    return _resident(process)


def _held(status: dict[str, int]) -> int:
    return _kib(status, "VmPTE") + _OPEN_FILE * status.get("FDSize", 0)


def _in_sockets(pid: int) -> int:
    """Bytes that may wait in the sockets of a network namespace, once it is not that of the grader.

    Those count, too, that no process has open any more but that hold what was sent.
    """
    with contextlib.suppress(PermissionError, FileNotFoundError):
        if os.path.samefile(f"/proc/{pid}/ns/net", "/proc/self/ns/net"):
            return 0
    sockets = _numbers(f"/proc/{pid}/net/sockstat", second=True).get("sockets", 0)
    return max(0, sockets - USUAL_SOCKETS) * _socket_bytes()


def _socket_bytes() -> int:
    """What one socket may hold: the last message may go past its buffer by as much again."""
    buffers = (Path(f"/proc/sys/net/core/{way}mem_default").read_text() for way in "rw")
    return 2 * max(map(int, buffers))


def _numbers(path: str, *, second: bool = False) -> dict[str, int]:
    """The first, or second, word of each line by the line's name, if a number; none if unreadable."""
    try:
        lines = Path(path).read_text(errors="replace").splitlines()
    except OSError:
        return {}
    split = (line.split() for line in lines)
    found = ((words[0].rstrip(":"), words[1 + second]) for words in split if len(words) > 1 + second)
    return {name: int(value) for name, value in found if value.isdigit()}


def _kib(numbers: dict[str, int], *names: str) -> int:
    return sum(1024 * numbers.get(name, 0) for name in names)
