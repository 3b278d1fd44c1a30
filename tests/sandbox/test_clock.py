"""A notebook's own clock, what an interrupt costs, and honest students beside busy neighbours."""

import contextlib
import dataclasses
import threading
import time

import corpus
import psutil
import pytest
from class_course import wait_for
from nbformat.v4 import new_code_cell, new_notebook
from test_sandbox import Run, sandboxed, works
from test_verdicts import RAN, written  # noqa: F401

from autograder.batch import second_try
from autograder.batch.tasks import Outcome, Task
from autograder.grading.result import RESULT, CellRun, Result
from autograder.grading.runner import STAMP, ExecuteSubmission
from autograder.judge.verdict import Verdict
from autograder.report.verdicts import REVIEW, graded_cells
from autograder.sandbox import clock
from autograder.sandbox.clock import INTERVAL, PATIENCE, Sample, Thread, TimeLimit, advance

SECOND = 10**9


def thread(ran=0.0, waited=0.0, runnable=True):
    return Thread(int(ran * SECOND), int(waited * SECOND), runnable)


def passed(used=0.0, before=(), after=(), wall=1.0):
    """What the own clock advances while the wall's does by a second."""
    return advance(
        Sample(100.0, 50.0, dict(enumerate(before))),
        Sample(100.0 + wall, 50.0 + used, dict(enumerate(after))),
    )


@pytest.mark.parametrize(
    ("seconds", "what"),
    [
        (1.0, {"used": 1.0, "before": [thread(5)], "after": [thread(6)]}),
        (1.0, {"before": [thread(5, runnable=False)], "after": [thread(5, runnable=False)]}),
        (1.0, {"used": 2.0, "before": [thread(), thread()], "after": [thread(1), thread(1)]}),
        (1.0, {}),
    ],
    ids=["computes", "sleeps", "computes on two processors", "the system does not tell"],
)
def test_the_own_clock_runs_as_the_walls_for_who_computes_or_waits_by_own_will(seconds, what):
    assert passed(**what) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("seconds", "what"),
    [
        (0.1, {"used": 0.1, "before": [thread(5, 1)], "after": [thread(5.1, 1.9)]}),
        (0.6, {"used": 0.1, "before": [thread(5, 1)], "after": [thread(5.1, 1.4, runnable=False)]}),
        (0.2, {"used": 0.2, "after": [thread(0.2, 0.8)]}),
        (0.0, {"before": [thread(5, 1)], "after": [thread(5, 1)]}),
        (0.0, {"before": [thread(5, 1)], "after": [thread(5, 4)]}),
        (0.1, {"used": 0.1, "before": [thread(9, 1)] * 2, "after": [thread(9.1, 1), thread(9, 2)]}),
        (0.2, {"before": [thread(9, 1)] * 2, "after": [thread(9, 1.4, False), thread(9, 1.4, False)]}),
        (2 * INTERVAL, {"wall": 60.0}),
    ],
    ids=[
        "one that waits its turn",
        "one that waits its turn, then sleeps",
        "a new one",
        "one that waits all the time",
        "one that waited long before",
        "a second one that waits",
        "two that wait in turn",
        "nobody looked for long",
    ],
)
def test_the_own_clock_stands_still_while_others_have_the_processor(seconds, what):
    assert passed(**what) == pytest.approx(seconds)


def test_who_is_starved_by_own_loops_gains_no_time():
    loops = [thread(0.04, 0.96) for _ in range(50)]
    assert passed(used=2.0, after=loops) == 1


def test_a_process_that_ended_unnoticed_turns_no_clock_back():
    assert passed(used=-30.0, before=[thread(5, 1)], after=[thread(1, 0)]) == 1


class Clock:
    seconds = 7.0


def test_a_limit_counts_own_seconds_and_bounds_those_of_the_wall(monkeypatch):
    clock, now = Clock(), 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    limit = TimeLimit(clock, 10)
    clock.seconds += 4
    now += 10 * PATIENCE
    assert (limit.left, limit.lasts_too_long) == (6, False)
    clock.seconds += 6
    now += 1
    assert (limit.left, limit.lasts_too_long) == (0, True)


def interrupted(name, **changes):
    """A result of exercise 1 in which a cell was interrupted."""
    cells = [cell for cell in corpus.source("autoencoder").cells if cell.cell_type == "code"]
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in cells]
    ran = tuple(CellRun(1, (), grade_id == name) for grade_id in ids)
    return dataclasses.replace(RAN, cells=ran, **changes)


def verdict(credit):
    return Verdict(credit, "this", "that")


def test_what_an_interrupt_may_have_cost_is_flagged_and_not_kept(written):  # noqa: F811
    verdicts = {"loss": verdict(0.5), "training": verdict(0.25), "reconstruction": verdict(1.0)}
    notebook, resources, kept = written(interrupted("train-model", verdicts=verdicts))
    why = "cell 'train-model' was interrupted, as its time was over"
    assert resources[REVIEW]["training"] == why
    # There was no evidence of it, and it comes after.
    assert resources[REVIEW]["visualization"] == why
    assert not {"loss", "reconstruction"} & set(resources[REVIEW])
    panel = graded_cells(notebook)["training"].outputs[0].data["text/markdown"]
    assert f"This may be missing because {why}. A person will look at it." in panel
    assert kept is None
    assert STAMP not in notebook.metadata


def test_a_test_cell_that_was_interrupted_itself_is_flagged(written):  # noqa: F811
    _, resources, _ = written(interrupted("encoder"))
    assert "cell 'encoder' was interrupted" in resources[REVIEW]["encoder"]


def test_an_interrupt_travels_with_the_result():
    sent = interrupted("train-model", timed_out=True)
    received = Result.from_bytes(sent.to_bytes())
    assert received.cells == sent.cells
    assert received.timed_out


class Workers:
    """Each student's notebook is cut short as often as is said."""

    def __init__(self, cut_short, count=3):
        self.cut_short, self.count, self.runs = cut_short, count, []

    def outcomes(self, tasks):
        tasks = list(tasks)
        self.runs.append([task.student for task in tasks])
        for task in tasks:
            self.cut_short[task.student] -= 1
            again = self.cut_short[task.student] >= 0
            result = dataclasses.replace(RAN, timed_out=again, run=task.student)
            yield None
            yield Outcome(task, result.to_bytes())


def test_notebooks_that_were_cut_short_are_tried_again_alone_after_all_others():
    workers = Workers({"ann": 0, "ben": 1, "cem": 2, "dan": 0})
    tasks = [Task(student, "autoencoder", b"") for student in workers.cut_short]

    found = [outcome for outcome in second_try.outcomes(workers, tasks) if outcome]

    assert workers.runs == [["ann", "ben", "cem", "dan"], ["ben"], ["cem"]]
    assert [outcome.task.student for outcome in found] == ["ann", "dan", "ben", "cem"]
    # Once more, not until it does.
    assert [Result.from_bytes(o.result).cut_short for o in found] == [False, False, False, True]


def test_who_ran_alone_already_does_not_run_again():
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
def test_what_gave_no_result_is_not_tried_again(result):
    class Failing:
        count = 3

        def outcomes(self, tasks):
            yield from (Outcome(task, result, "a problem") for task in tasks)

    assert len(list(second_try.outcomes(Failing(), [Task("ann", "autoencoder", b"")]))) == 1


@pytest.fixture(scope="module")
def grading():
    with sandboxed() as grading:
        yield grading


LIMIT = 25
"""Seconds for a cell, several times what an honest one takes."""
LOOPS = """
import subprocess, time
loop = ["timeout", "300", "sh", "-c", "while :; do :; done"]
loops = [subprocess.Popen(loop, start_new_session=True) for _ in range(50)]
"""
"""50 shell loops, each in a session of its own, to get a share of its own; they end by themselves."""


def _running_loops():
    commands = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return sum(command[:1] == ["sh"] and "while :" in command[-1] for command in commands)


@contextlib.contextmanager
def beside(*cells):
    """A neighbour's notebook that runs meanwhile, and is ended then."""
    over = threading.Event()

    class Neighbour(ExecuteSubmission):
        def preprocess_cell(self, cell, resources, index):
            if over.is_set():
                raise InterruptedError
            return super().preprocess_cell(cell, resources, index)

    def run():
        notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
        Neighbour(notebook_timeout=300).preprocess(notebook, {"metadata": {"path": ""}})

    neighbour = threading.Thread(target=run)
    neighbour.start()
    try:
        wait_for(lambda: _running_loops() >= 50)
        yield
    finally:
        over.set()
        neighbour.join()


@works
@pytest.mark.slow
def test_an_honest_student_beside_50_loops_trains_to_the_end(grading):
    notebook = corpus.source("autoencoder")
    with beside(LOOPS, *["time.sleep(1)"] * 300):
        _, resources = ExecuteSubmission(timeout=LIMIT).preprocess(notebook, {"metadata": {"path": ""}})
    result = resources[RESULT]
    assert result.incident == ""
    assert not any(cell.interrupted for cell in result.cells)
    assert {"training", "reconstruction"} <= set(result.evidence)


@works
@pytest.mark.slow
@pytest.mark.parametrize("loops", ["", LOOPS], ids=["alone", "beside own loops"])
def test_a_loop_without_end_is_interrupted_at_its_limit_and_told_of(grading, loops):
    notebook = new_notebook(cells=[new_code_cell(f"{loops}\nwhile True: pass"), new_code_cell("1")])
    execute = ExecuteSubmission(timeout=6)
    _, resources = execute.preprocess(notebook, {"metadata": {"path": ""}})
    result = resources[RESULT]
    assert [cell.interrupted for cell in result.cells] == [True, False]
    assert not result.final
    # Whose loops slowed their own clock would be told of here, as starved by others.
    assert result.incident == ""


@works
@pytest.mark.slow
def test_a_notebook_that_does_not_get_its_time_is_ended_at_last(grading, monkeypatch):
    monkeypatch.setattr(clock, "advance", lambda before, after: 0.0)
    notebook = new_notebook(cells=[new_code_cell("while True: pass")])
    _, resources = ExecuteSubmission(timeout=3).preprocess(notebook, {"metadata": {"path": ""}})
    assert resources[RESULT].timed_out
    assert "others used the processor for too long" in resources[RESULT].incident


@works
@pytest.mark.slow
def test_processes_that_a_notebook_starts_give_way_for_good(grading):
    run = Run(
        f"import os\n{LOOPS}\n"
        "def weights():\n    return [os.getpriority(os.PRIO_PROCESS, loop.pid) for loop in loops]",
        "latest = time.monotonic() + 45\n"
        "while set(weights()) != {19} and time.monotonic() < latest: time.sleep(0.5)\n"
        "print(os.nice(0), *weights())",
        "os.setpriority(os.PRIO_PROCESS, loops[0].pid, 0)",
        "with open(f'/proc/{loops[0].pid}/autogroup', 'w') as file: file.write('0')",
    )
    assert run.cells[1].split() == ["0", *["19"] * 50]
    assert "PermissionError" in run.cells[2]
    assert "Read-only file system" in run.cells[3]
