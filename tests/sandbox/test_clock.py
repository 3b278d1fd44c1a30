"""A notebook's own clock, what an interrupt costs, and honest students beside busy neighbours."""

import contextlib
import threading
import time

import corpus
import psutil
import pytest
from class_course import wait_for
from running import Run, needs_sandbox, result_of, sandboxed

from autograder.grading.runner import Runner
from autograder.sandbox import clock
from autograder.sandbox.clock import INTERVAL, PATIENCE, Sample, Thread, TimeLimit, advance

SECOND = 10**9


def thread(ran=0.0, waited=0.0, runnable=True):
    return Thread(int(ran * SECOND), int(waited * SECOND), runnable)


def passed(used=0.0, before=(), after=(), wall=1.0):
    """How far the notebook's clock advances while one second of wall time passes."""
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
def beside(grading, *cells):
    """A neighbour's notebook that runs meanwhile, and is ended then."""
    over = threading.Event()
    preprocess_cell = Runner.preprocess_cell

    def until_over(runner, cell, resources, index):
        if over.is_set() and threading.current_thread() is neighbour:
            raise InterruptedError
        return preprocess_cell(runner, cell, resources, index)

    neighbour = threading.Thread(target=lambda: result_of(grading, *cells))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Runner, "preprocess_cell", until_over)
        neighbour.start()
        try:
            wait_for(lambda: _running_loops() >= 50)
            yield
        finally:
            over.set()
            neighbour.join()


@needs_sandbox
@pytest.mark.slow
def test_an_honest_student_beside_50_loops_trains_to_the_end(grading):
    notebook = corpus.source("autoencoder")
    with beside(grading, LOOPS, *["time.sleep(1)"] * 300):
        result = result_of(grading, notebook=notebook, cell_timeout=LIMIT)
    assert result.incident == ""
    assert not any(cell.interrupted for cell in result.cells)
    assert {"training", "reconstruction"} <= set(result.evidence)


@needs_sandbox
@pytest.mark.slow
@pytest.mark.parametrize("loops", ["", LOOPS], ids=["alone", "beside own loops"])
def test_a_loop_without_end_is_interrupted_at_its_limit_and_told_of(grading, loops):
    result = result_of(grading, f"{loops}\nwhile True: pass", "1", cell_timeout=6)
    assert [cell.interrupted for cell in result.cells] == [True, False]
    assert not result.final
    # Whose loops slowed their own clock would be told of here, as starved by others.
    assert result.incident == ""


@needs_sandbox
@pytest.mark.slow
def test_a_notebook_that_does_not_get_its_time_is_ended_at_last(grading, monkeypatch):
    monkeypatch.setattr(clock, "advance", lambda before, after: 0.0)
    result = result_of(grading, "while True: pass", cell_timeout=3)
    assert result.timed_out
    assert "others used the processor for too long" in result.incident


@needs_sandbox
@pytest.mark.slow
def test_processes_that_a_notebook_starts_give_way_for_good(grading):
    run = Run(
        grading,
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
