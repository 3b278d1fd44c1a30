"""A second try for notebooks that did not get to their end beside others."""

from collections.abc import Iterable, Iterator

from autograder.batch.tasks import Outcome, Task
from autograder.batch.workers import Workers
from autograder.submissions.packed import FormatError


def outcomes(workers: Workers, tasks: Iterable[Task]) -> Iterator[Outcome | None]:
    """The outcome of each task as it comes; None now and then while there is none.

    A notebook that a limit of time cut short, while others may have run beside it, runs once more after
    all else, alone, and what comes of that counts.
    """
    cut_short: list[Outcome] = []
    for outcome in workers.outcomes(tasks):
        if outcome and _was_cut_short(outcome) and workers.count > 1:
            cut_short.append(outcome)
            yield None
        else:
            yield outcome
    for first in cut_short:
        for outcome in workers.outcomes([first.task]):
            lost = outcome is not None and outcome.result is None
            yield first if lost else outcome


def _was_cut_short(outcome: Outcome) -> bool:
    try:
        return outcome.read is not None and outcome.read.cut_short
    except FormatError:
        # Told of where results are read.
        return False
