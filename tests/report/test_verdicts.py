"""Verdicts become outputs of test cells; only what the next run would give again counts as done."""

import dataclasses

import corpus
import pytest
from traitlets.config import Configurable

from autograder.grading.options import Grading
from autograder.grading.result import INCIDENT, RESULT, Result
from autograder.grading.runner import STAMP
from autograder.grading.store import Kept
from autograder.judge.verdict import Verdict, zero
from autograder.report.verdicts import REVIEW, WriteVerdicts, graded_cells

FAILED = zero(
    "a verdict",
    "an error in the judge itself",
    "Not judged.",
    "Tell the staff.",
    review=True,
    transient=True,
)


class Parent(Configurable):
    """The exporter, as far as it matters here."""

    kept = None


@pytest.fixture
def written(tmp_path):
    """Writes the verdicts of a result into the notebook of exercise 1."""
    Grading.clear_instance()

    def write(result):
        notebook = corpus.source("autoencoder")
        resources = {
            "nbgrader": {"notebook": "autoencoder", "student": "ann"},
            RESULT: dataclasses.replace(result, judged=Grading.instance().judge_digest),
            STAMP: "what it was graded by",
        }
        if result.incident:
            resources[INCIDENT] = result.incident
        parent = Parent()
        parent.kept = Kept(tmp_path, "autoencoders")
        notebook, resources = WriteVerdicts(parent=parent).preprocess(notebook, resources)
        return notebook, resources, parent.kept.find("ann", "autoencoder")

    yield write
    Grading.clear_instance()


RAN = Result(run="a run", cells=(), evidence={})


def test_what_ran_and_was_judged_is_kept_and_marked(written):
    notebook, _, kept = written(
        dataclasses.replace(RAN, verdicts={"loss": Verdict(1.0, "this", "that")})
    )
    assert graded_cells(notebook)["loss"].outputs[0].data["text/plain"] == "3"
    assert notebook.metadata[STAMP] == "what it was graded by"
    assert kept.verdicts["loss"].credit == 1


def test_what_the_judge_failed_over_is_flagged_and_tried_again(written):
    notebook, resources, kept = written(dataclasses.replace(RAN, verdicts={"loss": FAILED}))
    assert resources[REVIEW]["loss"] == "an error in the judge itself"
    assert kept is None
    assert STAMP not in notebook.metadata


def test_what_ended_early_is_tried_again(written):
    notebook, _, kept = written(dataclasses.replace(RAN, incident="the kernel died"))
    assert kept is None
    assert STAMP not in notebook.metadata
