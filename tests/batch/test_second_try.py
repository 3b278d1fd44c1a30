"""A notebook that ran out of time beside others runs once more, alone."""

import dataclasses

import pytest

from autograder.batch import second_try
from autograder.batch.tasks import Outcome, Task
from autograder.grading.result import Result

RAN = Result("fingerprint of a job")


class Workers:
    """Cuts each student's notebook short as often as `cut_short` says."""

    def __init__(self, cut_short, count=3):
        self.cut_short, self.count, self.runs = cut_short, count, []

    def outcomes(self, tasks):
        tasks = list(tasks)
        self.runs.append([task.student for task in tasks])
        for task in tasks:
            self.cut_short[task.student] -= 1
            again = self.cut_short[task.student] >= 0
            result = dataclasses.replace(RAN, timed_out=again, fingerprint=task.student)
            yield None
            yield Outcome(task, result.to_bytes())


def test_notebooks_that_were_cut_short_are_tried_again_alone_after_all_others():
    workers = Workers({"ann": 0, "ben": 1, "cem": 2, "dan": 0})
    tasks = [Task(student, "autoencoder", b"") for student in workers.cut_short]

    found = [outcome for outcome in second_try.outcomes(workers, tasks) if outcome]

    assert workers.runs == [["ann", "ben", "cem", "dan"], ["ben"], ["cem"]]
    assert [outcome.task.student for outcome in found] == ["ann", "dan", "ben", "cem"]
    # Each runs once more only.
    assert [Result.from_bytes(o.result).cut_short for o in found] == [False, False, False, True]


def test_a_notebook_that_already_ran_alone_does_not_run_again():
    workers = Workers({"ann": 1}, count=1)
    list(second_try.outcomes(workers, [Task("ann", "autoencoder", b"")]))
    assert workers.runs == [["ann"]]


def test_where_the_second_try_fails_the_first_one_counts():
    class Failing(Workers):
        def outcomes(self, tasks):
            (task,) = tasks
            self.runs.append(task.student)
            result = dataclasses.replace(RAN, timed_out=True).to_bytes() if len(self.runs) == 1 else None
            yield Outcome(task, result, "no worker answered")

    (found,) = filter(None, second_try.outcomes(Failing({}), [Task("ann", "autoencoder", b"")]))
    assert Result.from_bytes(found.result).cut_short


@pytest.mark.parametrize("result", [None, b"damaged"])
def test_a_task_without_a_result_is_not_tried_again(result):
    class Failing:
        count = 3

        def outcomes(self, tasks):
            yield from (Outcome(task, result, "a problem") for task in tasks)

    assert len(list(second_try.outcomes(Failing(), [Task("ann", "autoencoder", b"")]))) == 1
