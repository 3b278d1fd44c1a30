"""A clock for each notebook, which slows down while other programs use the processor.

A limit on wall time is unfair to a notebook that busy neighbours slow down, and a limit on processor
time never ends a notebook that sleeps. So limits count the notebook's own clock: it lags behind wall
time while the notebook's threads wait for a processor. Only Linux reports such waits; elsewhere the
clock shows wall time. Processes that a notebook starts get a low priority, to spare its neighbours.
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

INTERVAL = 0.5
"""Seconds between two samples."""
SEEN = 2 * INTERVAL
"""Most seconds between two samples that an idle notebook's clock advances. If the gap is longer, the
grader itself waited for a processor, and the notebook may have waited for the grader."""
PATIENCE = 4
"""Wall time that a limit may last, as a multiple of the limit, however slow the notebook's clock."""
LOWEST = 19
"""The niceness of the lowest priority."""


@dataclass(frozen=True)
class Thread:
    """The system's report on one thread."""

    ran: int
    """Nanoseconds on a processor since the thread's start."""
    waited: int
    """Nanoseconds of waiting for a processor. The system adds a wait once it is over."""
    runnable: bool
    """Whether the thread runs or waits for a processor."""
    niceness: int = 0


@dataclass(frozen=True)
class Sample:
    """The state of all processes of a notebook at one time."""

    at: float
    """Wall time in seconds."""
    used: float
    """Processor time in seconds, which includes that of children that have ended."""
    threads: Mapping[int, Thread]
    """The threads by their numbers; empty where the system does not report them."""


def advance(before: Sample, after: Sample) -> float:
    """Seconds that a notebook's clock advances between two samples; at most the wall time between them.

    Processor time counts in full: a notebook whose own threads compete for the processor gains nothing.
    """
    passed = after.at - before.at
    # Threads wait for results of one another: when one waits for a processor, the next one waits too.
    waited = sum(
        _seconds_waited(before.threads.get(number, _NEW), thread, passed)
        for number, thread in after.threads.items()
    )
    return min(passed, max(after.used - before.used, min(passed, SEEN) - waited, 0.0))


def _seconds_waited(before: Thread, after: Thread, passed: float) -> float:
    """Seconds that a thread waited for a processor between two samples."""
    # A runnable thread without any progress waited all the time, which the system does not report yet.
    if before.runnable and (before.ran, before.waited) == (after.ran, after.waited):
        return passed if after.runnable else 0.0
    return min(passed, max(0.0, (after.waited - before.waited) / 1e9))


_NEW = Thread(0, 0, False)


class Clock:
    """A notebook's clock. Each sample also gives every process but the kernel the lowest priority.

    pid: the first process, from which all others descend; it must not have run any student code yet.
    """

    def __init__(self, pid: int) -> None:
        self.seconds = 0.0
        self._first = self._kernel = pid
        with contextlib.suppress(psutil.Error):
            # In the sandbox, the first process only waits for the kernel, which is its only child.
            self._kernel = next((child.pid for child in psutil.Process(pid).children()), pid)
        self._session = _session(self._kernel)
        self._last = self._look()

    def tick(self) -> None:
        """Advances the clock to the present."""
        sample = self._look()
        self.seconds += advance(self._last, sample)
        self._last = sample

    def _look(self) -> Sample:
        at, used = time.monotonic(), 0.0
        threads: dict[int, Thread] = {}
        for process in _tree(self._first):
            with contextlib.suppress(psutil.Error):
                used += sum(process.cpu_times()[:4])
            own = _threads(process.pid)
            threads |= own
            if process.pid not in (self._first, self._kernel):
                _lower(own)
            if _session(process.pid) != self._session:
                _lower_session(process.pid)
        return Sample(at, used, threads)


@contextlib.contextmanager
def clock_of(pid: int) -> Iterator[Clock]:
    """Runs, in a thread, the clock of the notebook whose first process this is."""
    clock, over = Clock(pid), threading.Event()

    def run() -> None:
        while not over.wait(INTERVAL):
            clock.tick()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield clock
    finally:
        over.set()
        thread.join()


class TimeLimit:
    """A limit in seconds of a notebook's clock, which begins now."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.seconds = seconds
        self._clock = clock
        self._began, self._began_on_the_wall = clock.seconds, time.monotonic()

    @property
    def left(self) -> float:
        """Seconds of the notebook's clock that are left; 0 or less once the limit is reached."""
        return self.seconds - (self._clock.seconds - self._began)

    @property
    def lasts_too_long(self) -> bool:
        """Whether so much wall time has passed that the notebook must end, whatever its clock shows."""
        return time.monotonic() - self._began_on_the_wall > PATIENCE * self.seconds


def _tree(pid: int) -> list[psutil.Process]:
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.Error:
        return []


def _threads(pid: int) -> dict[int, Thread]:
    """A process's threads by their numbers; empty if it has ended or the system does not report them."""
    found = {}
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError, ValueError):
                ran, waited, _ = map(int, (task / "schedstat").read_text().split())
                # The name may hold anything. After it come the state, 15 numbers and the niceness.
                about = (task / "stat").read_text(errors="replace").rpartition(")")[2].split()
                if ran or waited:
                    found[int(task.name)] = Thread(ran, waited, about[0] == "R", int(about[16]))
    return found


def _session(pid: int) -> int | None:
    """The session that a process belongs to; None if it has ended, or on Windows."""
    with contextlib.suppress(OSError, AttributeError):
        return os.getsid(pid)
    return None


def _lower(threads: Mapping[int, Thread]) -> None:
    for number, thread in threads.items():
        if thread.niceness < LOWEST:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, number, LOWEST)


def _lower_session(pid: int) -> None:
    """Lowers a session's priority: with autogroups, it gets one share however many processes it has."""
    with contextlib.suppress(OSError):
        group = Path(f"/proc/{pid}/autogroup")
        if not group.read_text().endswith(f" {LOWEST}\n"):
            group.write_text(str(LOWEST))
