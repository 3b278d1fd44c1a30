"""The judge's process may fail over one message; the others still get their verdicts."""

import os
import threading
import time
from pathlib import Path

import psutil
import pytest
from class_course import wait_for

from autograder.judge import worker
from autograder.judge.verdict import Verdict
from autograder.judge.worker import Judge, JudgeError

RIGHT = Verdict(1.0, "", "")


class Poisoned:
    """A message that ends the process it is unpickled in."""

    def __reduce__(self):
        return os._exit, (1,)


def start_nothing(images):
    """In place of TensorFlow and the criteria."""


def judge_nothing(notebook, messages):
    return dict.fromkeys(messages, RIGHT)


def judge_for_ever(notebook, messages):
    Path(messages["encoder"]).write_text(str(os.getpid()))
    time.sleep(3600)


def start_slowly(images):
    time.sleep(12)


def start_and_die(images):
    raise RuntimeError("no TensorFlow here")


@pytest.fixture
def judge(monkeypatch):
    monkeypatch.setattr(worker, "_start", start_nothing)
    monkeypatch.setattr(worker, "_judge", judge_nothing)
    judge = Judge(images=None, timeout=60)
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


def test_the_start_of_the_judge_is_not_taken_from_the_time_for_evidence(judge, monkeypatch):
    monkeypatch.setattr(worker, "_start", start_slowly)
    slow = Judge(images=None, timeout=10)
    assert slow.verdicts("autoencoder", {"encoder": 1}) == {"encoder": RIGHT}
    slow.close()


def test_a_judge_that_died_between_two_notebooks_is_started_again(judge):
    assert judge.verdicts("autoencoder", {"encoder": 1}) == {"encoder": RIGHT}
    (process,) = judge._pool._processes.values()
    process.kill()
    process.join()
    assert judge.verdicts("autoencoder", {"encoder": 1}) == {"encoder": RIGHT}


def test_a_judge_that_cannot_start_is_an_error_and_no_zero(monkeypatch):
    monkeypatch.setattr(worker, "_start", start_and_die)
    judge = Judge(images=None, timeout=60)
    with pytest.raises(JudgeError, match="cannot be started"):
        judge.verdicts("autoencoder", {"encoder": 1})
    judge.close()


def test_a_judge_that_is_closed_over_a_verdict_leaves_no_process(judge, monkeypatch, tmp_path):
    monkeypatch.setattr(worker, "_judge", judge_for_ever)
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
