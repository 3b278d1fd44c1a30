"""A second try for notebooks that did not get their time beside others."""

from collections.abc import Iterable, Iterator

from autograder.batch.tasks import Outcome, Task
from autograder.batch.workers import Workers
from autograder.course.work import FormatError, Result


def outcomes(workers: Workers, tasks: Iterable[Task]) -> Iterator[Outcome | None]:
    """The outcome of each task as it comes; None now and then while there is none.

    A notebook that others starved runs once more after all else, alone, and what comes of that counts.
    One whose own time was over had all of it: to run it again would give the same.
    """
    starved = []
    for outcome in workers.outcomes(tasks):
        if outcome and _was_starved(outcome):
            starved.append(outcome.task)
            yield None
        else:
            yield outcome
    for task in starved:
        yield from workers.outcomes([task])


def _was_starved(outcome: Outcome) -> bool:
    try:
        return outcome.result is not None and Result.from_bytes(outcome.result).starved
    except FormatError:
        # Told of where results are read.
        return False
