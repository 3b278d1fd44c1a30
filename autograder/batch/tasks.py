"""Tasks, the attempts at them, and what comes of them: who works on what since when."""

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from distributed import Future

from autograder.grading.result import Result


@dataclass(frozen=True)
class Task:
    """A job of a student's, as bytes, with the result of an earlier grading if there is one."""

    student: str
    notebook: str
    job: bytes
    known: bytes | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a task: a result, or the reason why there is none."""

    task: Task
    result: bytes | None
    problem: str = ""

    @functools.cached_property
    def read(self) -> Result | None:
        """The result, read once for all who ask. Raises FormatError."""
        return None if self.result is None else Result.from_bytes(self.result)


@dataclass
class Attempt:
    """What one worker makes of a task."""

    number: int
    """A worker begins what it has in the order of these."""
    future: Future[bytes]
    place: str = ""
    """The worker that has it."""
    started: float | None = None
    """When that worker was first seen to work on it."""
    stuck: bool = False
    """Whether it waited behind slow attempts alone: the worker may hang."""

    def given_to(self, place: str) -> None:
        """Notes which worker has it: another one begins it anew."""
        if place != self.place:
            self.place, self.started, self.stuck = place, None, False

    def begun(self, now: float) -> None:
        """Notes that its worker works on it."""
        if self.started is None:
            self.started = now

    def lasts_longer(self, than: float, now: float) -> bool:
        """Whether it was begun more than so many seconds ago."""
        return self.started is not None and now - self.started > than


@dataclass
class Running:
    """A task that was handed out, with the attempts at it."""

    task: Task
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def started(self) -> float | None:
        """When the first of its attempts was begun."""
        return min((a.started for a in self.attempts if a.started is not None), default=None)

    def attempt(self, future: Future[bytes]) -> Attempt | None:
        """The attempt that a future is of; None if it is of none that still counts."""
        return next((a for a in self.attempts if a.future.key == future.key), None)


def look(
    attempts: Collection[Attempt],
    processing: Mapping[str, Collection[str]],
    threads: Mapping[str, int],
    limit: float,
    now: float,
) -> set[str]:
    """Notes which worker does what; returns the workers that could do more at once.

    processing: keys of what each worker was given, in no order; threads: how many of these it does at
    once; limit: seconds after which an attempt is a slow one.
    """
    by_key = {attempt.future.key: attempt for attempt in attempts}
    idle = set()
    for place, given in processing.items():
        at_once = threads.get(place, 1)
        if len(given) < at_once:
            idle.add(place)
        here = [by_key[key] for key in given if key in by_key]
        for attempt in here:
            attempt.given_to(place)
        # What is only queued at a worker is not begun: its threads take tasks in turn.
        here.sort(key=lambda attempt: (attempt.started is None, attempt.number))
        begun, waiting = here[:at_once], here[at_once:]
        for attempt in begun:
            attempt.begun(now)
        if all(attempt.lasts_longer(limit, now) for attempt in begun):
            for attempt in waiting:
                attempt.stuck = True
    return idle
