"""Runs notebooks a second time, alone, that ran out of time beside others."""

from collections.abc import Iterable, Iterator

from autograder.batch.tasks import Outcome, Task
from autograder.batch.workers import Workers
from autograder.submissions.packed import FormatError


def outcomes(workers: Workers, tasks: Iterable[Task]) -> Iterator[Outcome | None]:
    """Yields the outcome of each task as it comes, and None now and then while there is none.

    A notebook that a time limit cut short, perhaps because others ran beside it, runs once more: alone,
    after all others. The outcome of the second run counts, unless it has no result.
    """
    cut_short: list[Outcome] = []
    for outcome in workers.outcomes(tasks):
        if outcome and _was_cut_short(outcome) and workers.count > 1:
            cut_short.append(outcome)
            yield None
        else:
            yield outcome
    for first in cut_short:
        for second in workers.outcomes([first.task]):
            yield first if second and second.result is None else second


def _was_cut_short(outcome: Outcome) -> bool:
    try:
        return outcome.read is not None and outcome.read.cut_short
    except FormatError:
        # The driver, which reads all results, tells of it.
        return False
