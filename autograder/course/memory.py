"""Watches what memory a process and all that it started take, from outside."""

import contextlib
import threading
from collections.abc import Callable, Iterator

import psutil

INTERVAL = 0.2
"""Seconds between two looks."""


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

    Pages that processes share count once: forked ones share most of theirs. Where the system does not
    tell (it does on Linux), they count for each.
    """
    try:
        first = psutil.Process(pid)
        tree = [first, *first.children(recursive=True)]
    except psutil.Error:
        return False
    # Cheap to ask for, and never less than the share.
    return sum(map(_resident, tree)) > limit and sum(map(_share, tree)) > limit


def _resident(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return process.memory_info().rss
    return 0


def _share(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return getattr(process.memory_full_info(), "pss", None) or _resident(process)
    return 0
