"""One way from a job to a result: nothing is done twice, and nobody is judged by others' evidence."""

import dataclasses

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from the_lab import AUTOENCODER, LAB

from autograder.grading import grader as module
from autograder.grading.grader import Grader
from autograder.grading.options import Grading
from autograder.grading.result import CellRun, Result
from autograder.judge.verdict import Verdict
from autograder.protocol.evidence import DRAWINGS
from autograder.submissions.job import Job

PIXELS = "iVBORw0KGgo="


class FakeRunner:
    """Counts what runs, and hands in the evidence of one test cell and a picture."""

    ran = 0
    evidence = {"loss": [("a request", "its text")]}  # noqa: RUF012

    def __init__(self, options, kernels, requests):
        self.requests = requests

    def run(self, job, fingerprint, steps):
        type(self).ran += 1
        picture = new_output("display_data", data={"image/png": PIXELS})
        return Result(fingerprint, (CellRun(1, (picture,)),), self.evidence)


class FakeJudge:
    """Gives full credit, and records the messages that it was given."""

    def __init__(self, lab, images, timeout):
        self.asked = []

    def verdicts(self, notebook, messages):
        self.asked.append(messages)
        return {name: Verdict(1.0, "this", "that") for name in messages}

    def close(self):
        pass


@pytest.fixture
def grader(images, monkeypatch):
    monkeypatch.setattr(module, "Runner", FakeRunner)
    monkeypatch.setattr(module, "Judge", FakeJudge)
    monkeypatch.setattr(FakeRunner, "ran", 0)
    with Grader(Grading(sandbox="off"), LAB, images) as grader:
        yield grader


def job(source="1", notebook="autoencoder", **more):
    return Job(notebook, new_notebook(cells=[new_code_cell(source)]), **more)


def test_a_job_is_run_and_judged(grader):
    result = grader.grade(job())
    assert result.verdicts["loss"].credit == 1
    assert result.final
    assert grader.is_done(job(), result)


def test_a_known_result_of_the_same_job_is_used_as_it_is(grader):
    known = grader.grade(job())
    assert grader.grade(job(), known) is known
    assert FakeRunner.ran == 1


def test_a_result_of_another_job_is_not(grader):
    known = grader.grade(job())
    assert grader.grade(job("2"), known).fingerprint != known.fingerprint
    assert FakeRunner.ran == 2
    assert not grader.is_done(job("2"), known)


def test_other_limits_run_a_job_again(grader, images):
    other = Grader(Grading(sandbox="off", cell_timeout=7), LAB, images)
    assert other.fingerprint(job()) != grader.fingerprint(job())


def test_under_another_judge_the_evidence_is_judged_again_and_nothing_runs(grader):
    known = grader.grade(job())
    grader.judged_by = "another judge"
    assert not grader.is_done(job(), known)
    again = grader.grade(job(), known)
    assert again.judged_by == "another judge"
    assert FakeRunner.ran == 1
    assert len(grader._judge.asked) == 2


def test_an_unreadable_notebook_is_not_run(grader):
    result = grader.grade(job(unreadable="the file is empty"))
    assert result.incident == "the file is empty"
    assert FakeRunner.ran == 0
    assert grader.is_done(job(unreadable="the file is empty"), None)


def test_a_notebook_that_is_not_the_labs_is_run_and_not_judged(grader):
    result = grader.grade(job(notebook="of my own"))
    assert (result.verdicts, result.judged_by) == ({}, "")
    assert FakeRunner.ran == 1


def test_only_the_criterion_of_pictures_is_judged_by_the_outputs(grader, monkeypatch):
    evidence = {name: [("a request", "text")] for name in ("loss", "visualization", DRAWINGS, "unknown")}
    monkeypatch.setattr(FakeRunner, "evidence", evidence | {"encoder": [("a", "1"), ("a", "2")]})
    grader.grade(job())
    (asked,) = grader._judge.asked
    assert set(asked) == {"loss", "visualization"}
    assert asked["visualization"].pictures == (PIXELS,)
    assert asked["visualization"].drawn == "text"
    assert asked["loss"].pictures == ()


def test_a_change_of_the_lab_judges_again_and_only_other_steps_run_again(grader, images):
    def under(**changes):
        exercises = LAB.exercises | {"autoencoder": dataclasses.replace(AUTOENCODER, **changes)}
        lab = dataclasses.replace(LAB, exercises=exercises)
        return Grader(Grading(sandbox="off"), lab, images)

    for changes in ({"epochs": 8}, {"bound": 0.5}, {"shown": 5}):
        with under(**changes) as other:
            assert other.fingerprint(job()) == grader.fingerprint(job())
            assert other.judged_by != grader.judged_by
    with under(short_steps=280) as other:
        assert other.fingerprint(job()) != grader.fingerprint(job())
        assert other.fingerprint(job(notebook="denoising_autoencoder")) == grader.fingerprint(
            job(notebook="denoising_autoencoder")
        )
