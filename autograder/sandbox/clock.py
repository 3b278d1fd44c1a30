"""The processor as a notebook gets it: a clock that stands still while others have it, and fair shares.

A limit in seconds of the wall punishes whom busy neighbours slow down, one in seconds of the processor
never ends who sleeps. So limits count a clock of the notebook's own: it runs as the wall's does while
the notebook computes or waits by its own will, and slower while its threads wait for a processor that
others use. Only Linux tells of that; elsewhere the clock is the wall's.
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
"""Seconds between two looks."""
SEEN = 2 * INTERVAL
"""Seconds up to which a notebook that does nothing waits by its own will. Where the next look comes
later, the grader waits for a processor too, and the notebook may wait for the grader."""
PATIENCE = 4
"""How many times as many seconds of the wall a limit lasts at most, however little a notebook got."""
LOWEST = 19
"""The niceness with which a process gets least."""


@dataclass(frozen=True)
class Thread:
    """What the system tells of one thread since its start, times in nanoseconds."""

    ran: int
    waited: int
    """For a processor. The wait that lasts is told once it is over."""
    runnable: bool
    """Whether it runs, or would if it had a processor."""
    niceness: int = 0


@dataclass(frozen=True)
class Sample:
    """What was seen of all processes of a notebook at one time."""

    at: float
    """Seconds of the wall."""
    used: float
    """Seconds of the processor, with those of children that have ended."""
    threads: Mapping[int, Thread]
    """By their numbers; none where the system does not tell."""


def advance(before: Sample, after: Sample) -> float:
    """The seconds that a notebook's own clock advances between two samples; never more than the wall's.

    What its processes used counts in full: who is starved by loops of his own gains no time.
    """
    passed = after.at - before.at
    # Threads hand work on to each other: what one waits for, the next one waits for as well.
    waited = sum(
        _seconds_waited(before.threads.get(number, _NEW), thread, passed)
        for number, thread in after.threads.items()
    )
    return min(passed, max(after.used - before.used, min(passed, SEEN) - waited, 0.0))


def _seconds_waited(before: Thread, after: Thread, passed: float) -> float:
    if before.runnable and (before.ran, before.waited) == (after.ran, after.waited):
        return passed if after.runnable else 0.0
    return min(passed, max(0.0, (after.waited - before.waited) / 1e9))


_NEW = Thread(0, 0, False)


class Clock:
    """The own clock of a notebook. To look at its processes lets all but the kernel give way to others.

    pid: the first process, from which all descend; no code of the student's has run yet.
    """

    def __init__(self, pid: int) -> None:
        self.seconds = 0.0
        self._first = self._kernel = pid
        with contextlib.suppress(psutil.Error):
            # In the sandbox the first process only waits for the kernel, its one child.
            self._kernel = next((child.pid for child in psutil.Process(pid).children()), pid)
        self._session = _session(self._kernel)
        self._last = self._look()

    def tick(self) -> None:
        """Brings the clock to the present."""
        sample = self._look()
        self.seconds += advance(self._last, sample)
        self._last = sample

    def _look(self) -> Sample:
        at, used, threads = time.monotonic(), 0.0, {}
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
    """The own clock of the notebook whose first process this is; a thread lets it run."""
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
    """So many seconds of a notebook's own clock, from now on."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.seconds = seconds
        self._clock = clock
        self._began, self._began_on_the_wall = clock.seconds, time.monotonic()

    @property
    def left(self) -> float:
        """Seconds of the own clock; none if this is not more than 0."""
        return self.seconds - (self._clock.seconds - self._began)

    @property
    def lasts_too_long(self) -> bool:
        """Whether it took so long on the wall that the notebook is ended without its own time."""
        return time.monotonic() - self._began_on_the_wall > PATIENCE * self.seconds


def _tree(pid: int) -> list[psutil.Process]:
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.Error:
        return []


def _threads(pid: int) -> dict[int, Thread]:
    """Those of a process; none once it has ended, or where the system does not tell."""
    found = {}
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError, ValueError):
                ran, waited, _ = map(int, (task / "schedstat").read_text().split())
                # After the name, which may hold anything: state, 15 numbers, niceness.
                about = (task / "stat").read_text(errors="replace").rpartition(")")[2].split()
                if ran or waited:
                    found[int(task.name)] = Thread(ran, waited, about[0] == "R", int(about[16]))
    return found


def _session(pid: int) -> int | None:
    with contextlib.suppress(OSError, AttributeError):
        return os.getsid(pid)
    return None


def _lower(threads: Mapping[int, Thread]) -> None:
    for number, thread in threads.items():
        if thread.niceness < LOWEST:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, number, LOWEST)


def _lower_session(pid: int) -> None:
    """Where the system has autogroups, each session gets a share, however many processes it has."""
    with contextlib.suppress(OSError):
        group = Path(f"/proc/{pid}/autogroup")
        if not group.read_text().endswith(f" {LOWEST}\n"):
            group.write_text(str(LOWEST))
