"""The judge's process may fail over one message; the others still get their verdicts."""

import os
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from class_course import wait_for
from the_lab import LAB

from autograder.grading import judge_process
from autograder.grading.judge_process import Judge, JudgeError
from autograder.judge.verdict import Verdict

RIGHT = Verdict(1.0, "", "")


class Poisoned:
    """A message that ends the process it is unpickled in."""

    def __reduce__(self):
        return os._exit, (1,)


def start_nothing(images):
    """Replaces the start of the judge, which imports TensorFlow and the criteria."""


def judge_nothing(notebook, messages):
    return dict.fromkeys(messages, RIGHT)


def judge_for_ever(notebook, messages):
    Path(messages["encoder"]).write_text(str(os.getpid()))
    time.sleep(3600)


def judge_at_length(notebook, messages):
    """Takes as much processor time as each message says."""
    until = time.process_time() + sum(messages.values())
    while time.process_time() < until:
        pass
    return dict.fromkeys(messages, RIGHT)


def judge_beside_others(notebook, messages):
    """Takes the time that each message says, and leaves the processor to others."""
    time.sleep(sum(messages.values()))
    return dict.fromkeys(messages, RIGHT)


def start_slowly(images):
    time.sleep(12)


def start_and_die(images):
    raise RuntimeError("no TensorFlow here")


@pytest.fixture
def judge(monkeypatch):
    monkeypatch.setattr(judge_process, "_start", start_nothing)
    monkeypatch.setattr(judge_process, "_judge", judge_nothing)
    judge = Judge(LAB, images=None, timeout=60)
    yield judge
    judge.close()


def test_every_message_gets_its_verdict(judge):
    assert judge.verdicts("autoencoder", {"encoder": 1, "loss": 2}) == {"encoder": RIGHT, "loss": RIGHT}
    assert judge.verdicts("autoencoder", {}) == {}


def test_a_message_that_kills_the_judge_costs_only_itself(judge):
    verdicts = judge.verdicts("autoencoder", {"encoder": 1, "decoder": Poisoned(), "loss": 2})

    assert verdicts["encoder"] == verdicts["loss"] == RIGHT
    assert verdicts["decoder"].word == "zero"
    assert "could not be judged" in verdicts["decoder"].problems[0]


def test_after_two_failures_the_rest_of_a_notebook_is_not_tried(judge):
    messages = {"encoder": Poisoned(), "decoder": 1, "loss": Poisoned(), "optimizer": 2}
    verdicts = judge.verdicts("autoencoder", messages)

    assert [name for name, verdict in verdicts.items() if verdict == RIGHT] == ["decoder"]
    assert all(verdict.review for verdict in verdicts.values() if verdict != RIGHT)
    assert judge.verdicts("autoencoder", {"encoder": 1}) == {"encoder": RIGHT}


def asked(monkeypatch, judge_messages, timeout, *notebooks):
    """The verdicts on each notebook, with the seconds until they came, all asked for at once."""
    monkeypatch.setattr(judge_process, "_start", start_nothing)
    monkeypatch.setattr(judge_process, "_judge", judge_messages)
    judge, answers = Judge(LAB, images=None, timeout=timeout), {}
    judge.verdicts("autoencoder", {"encoder": 0})
    started = time.monotonic()

    def ask(number):
        verdicts = judge.verdicts("autoencoder", notebooks[number])
        answers[number] = verdicts, time.monotonic() - started

    asking = [threading.Thread(target=ask, args=(number,)) for number in range(len(notebooks))]
    for each in asking:
        each.start()
        time.sleep(0.05)
    for each in asking:
        each.join(300)
    judge.close()
    return [answers[number] for number in range(len(notebooks))]


def test_all_messages_of_a_notebook_share_one_budget(monkeypatch):
    monkeypatch.setattr(judge_process, "BUSY", 100)
    # The third one goes beyond the budget by more than there is between two looks at it.
    messages = dict.fromkeys(("encoder", "decoder", "loss", "optimizer", "training"), 2.5)
    ((verdicts, _),) = asked(monkeypatch, judge_at_length, 6, messages)

    given = [verdict == RIGHT for verdict in verdicts.values()]
    assert given == [True, True, False, False, False]
    assert all(verdict.review for verdict in verdicts.values() if verdict != RIGHT)


def test_time_that_others_use_is_not_taken_from_the_budget(monkeypatch):
    ((verdicts, _),) = asked(monkeypatch, judge_beside_others, 2, {"encoder": 2.5, "decoder": 1})
    assert verdicts == {"encoder": RIGHT, "decoder": RIGHT}


def test_a_judge_that_only_waits_is_ended_too(monkeypatch):
    ((verdicts, seconds),) = asked(monkeypatch, judge_beside_others, 1, {"encoder": 3600})
    assert verdicts["encoder"].review
    assert seconds < judge_process.most_seconds(1)


def test_notebooks_that_use_up_their_budgets_leave_the_others_theirs(monkeypatch):
    from autograder.batch.workers import NOTEBOOKS_PER_WORKER

    endless = dict.fromkeys(("encoder", "decoder", "loss"), 3600)
    notebooks = [endless] * (NOTEBOOKS_PER_WORKER - 1) + [{"encoder": 0, "loss": 0}]
    *greedy, (verdicts, seconds) = asked(monkeypatch, judge_at_length, 2, *notebooks)

    assert verdicts == {"encoder": RIGHT, "loss": RIGHT}
    assert all(verdict.review for verdicts, _ in greedy for verdict in verdicts.values())
    assert seconds < NOTEBOOKS_PER_WORKER * judge_process.most_seconds(2)


def patience(judge_timeout: float) -> float:
    """How long a task of the class is waited for."""
    # Not for the judge's process, which imports this module.
    from autograder.batch.driver import Driver

    options = SimpleNamespace(startup_timeout=60, notebook_timeout=900)
    seconds = judge_process.most_seconds(judge_timeout)
    grader = SimpleNamespace(options=options, most_judging_seconds=seconds)
    return Driver._patience.fget(SimpleNamespace(exporter=SimpleNamespace(grader=grader)))


def test_a_task_is_waited_for_while_all_that_share_its_judge_use_up_their_budgets():
    from autograder.batch.workers import NOTEBOOKS_PER_WORKER

    own = 60 + 900
    assert patience(judge_timeout=120) > own + NOTEBOOKS_PER_WORKER * judge_process.most_seconds(120)


def test_who_asked_first_is_judged_first():
    turns, order = judge_process._Turns(), []

    def take(number):
        with turns.turn():
            order.append(number)

    with turns.turn():
        asking = [threading.Thread(target=take, args=(number,)) for number in range(20)]
        for number, each in enumerate(asking):
            each.start()
            wait_for(lambda expected=number + 2: len(turns._waiting) == expected)
        assert not order
    for each in asking:
        each.join(10)
    assert order == list(range(20))


def test_the_start_of_the_judge_is_not_taken_from_the_time_for_evidence(judge, monkeypatch):
    monkeypatch.setattr(judge_process, "_start", start_slowly)
    slow = Judge(LAB, images=None, timeout=10)
    assert slow.verdicts("autoencoder", {"encoder": 1}) == {"encoder": RIGHT}
    slow.close()


def test_a_judge_that_died_between_two_notebooks_is_started_again(judge):
    assert judge.verdicts("autoencoder", {"encoder": 1}) == {"encoder": RIGHT}
    (process,) = judge._pool._processes.values()
    process.kill()
    process.join()
    assert judge.verdicts("autoencoder", {"encoder": 1}) == {"encoder": RIGHT}


def test_a_judge_that_cannot_start_is_an_error_and_no_zero(monkeypatch):
    monkeypatch.setattr(judge_process, "_start", start_and_die)
    judge = Judge(LAB, images=None, timeout=60)
    with pytest.raises(JudgeError, match="cannot be started"):
        judge.verdicts("autoencoder", {"encoder": 1})
    judge.close()


def test_a_judge_that_is_closed_over_a_verdict_leaves_no_process(judge, monkeypatch, tmp_path):
    monkeypatch.setattr(judge_process, "_judge", judge_for_ever)
    before, begun, ended = set(psutil.Process().children()), tmp_path / "begun", []

    def ask():
        try:
            judge.verdicts("autoencoder", {"encoder": str(begun)})
        except JudgeError as error:
            ended.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    wait_for(lambda: begun.exists() and begun.read_text())
    judge.close()
    asking.join(60)

    assert "was closed" in str(ended[0])
    wait_for(lambda: not set(psutil.Process().children()) - before, 60)
