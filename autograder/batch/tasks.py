"""Tasks, the attempts at them and their outcomes; which worker works on which task since when."""

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from distributed import Future

from autograder.grading.result import Result


@dataclass(frozen=True)
class Task:
    """A student's job to grade on a worker, as bytes."""

    student: str
    notebook: str
    job: bytes
    earlier: bytes | None = None
    """The result of an earlier grading, if there is one."""


@dataclass(frozen=True)
class Outcome:
    """The end of a task: its result, or the problem because of which there is none."""

    task: Task
    result: bytes | None
    problem: str = ""

    @functools.cached_property
    def read(self) -> Result | None:
        """The result, which is read at the first access. Raises FormatError."""
        return None if self.result is None else Result.from_bytes(self.result)


@dataclass
class Attempt:
    """A task that was handed out once, to one worker."""

    number: int
    """A worker begins the attempts it has in the order of their numbers."""
    future: Future[bytes]
    place: str = ""
    """The worker that has it."""
    started: float | None = None
    """When the worker was first seen working on it."""
    stuck: bool = False
    """Whether it waited at a worker that was busy with slow attempts only, and so may hang."""

    def given_to(self, place: str) -> None:
        """Notes which worker has it. A new worker begins it from the start."""
        if place != self.place:
            self.place, self.started, self.stuck = place, None, False

    def begun(self, now: float) -> None:
        """Notes that its worker has begun it."""
        if self.started is None:
            self.started = now

    def is_slow(self, limit: float, now: float) -> bool:
        """Whether it was begun more than `limit` seconds ago."""
        return self.started is not None and now - self.started > limit


def look(
    attempts: Collection[Attempt],
    processing: Mapping[str, Collection[str]],
    threads: Mapping[str, int],
    limit: float,
    now: float,
) -> set[str]:
    """Notes which worker works on which attempt; returns the workers with an idle thread.

    processing: the keys of the futures that each worker was given, in no order. threads: how many of
    them a worker does at once. limit: seconds after which an attempt is slow.
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
        # A worker has begun only as many attempts as it has threads; the others are queued.
        here.sort(key=lambda attempt: (attempt.started is None, attempt.number))
        begun, waiting = here[:at_once], here[at_once:]
        for attempt in begun:
            attempt.begun(now)
        if all(attempt.is_slow(limit, now) for attempt in begun):
            for attempt in waiting:
                attempt.stuck = True
    return idle
