"""A cell without evidence gets a zero that says why; lost credit after an interrupt needs a person."""

import dataclasses

import corpus
import pytest
from the_lab import AUTOENCODER

from autograder.grading.result import CellRun, Result
from autograder.judge.verdict import Verdict, zero
from autograder.report.verdicts import cut_short, graded_cells, verdicts_on, write_verdicts

FAILED = zero(
    "a verdict",
    "an error in the judge itself",
    "Not judged.",
    "Tell the staff.",
    review=True,
    transient=True,
)


@pytest.fixture
def notebook():
    return corpus.source("autoencoder")


def interrupted(notebook, name, **changes):
    """A result of exercise 1 in which a cell was interrupted."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in cells]
    return Result("a job", tuple(CellRun(1, (), grade_id == name) for grade_id in ids), **changes)


def verdict(credit):
    return Verdict(credit, "this", "that")


def test_a_verdict_becomes_a_score_and_a_panel(notebook):
    verdicts = verdicts_on(
        notebook, Result("a job", verdicts={"loss": verdict(1.0)}), AUTOENCODER, doubtful=False
    )
    earned, maximum = write_verdicts(notebook, verdicts)
    (output,) = graded_cells(notebook)["loss"].outputs
    assert output.data["text/plain"] == "3"
    assert "Loss" in output.data["text/markdown"]
    assert (earned, maximum) == (3, 46)


def test_what_the_judge_failed_over_is_for_a_person(notebook):
    found = verdicts_on(
        notebook, Result("a job", verdicts={"loss": FAILED}), AUTOENCODER, doubtful=False
    )
    assert found["loss"].reason == "an error in the judge itself"
    assert found["loss"].review


def test_what_ended_early_is_told_where_nothing_ran(notebook):
    found = verdicts_on(
        notebook, Result("a job", incident="the kernel died"), AUTOENCODER, doubtful=False
    )
    assert {v.found for v in found.values()} == {"the kernel died"}
    assert all(v.review for v in found.values())


def test_evidence_that_came_twice_is_none(notebook):
    evidence = {"loss": [("a request", "one"), ("a request", "two")]}
    found = verdicts_on(notebook, Result("a job", evidence=evidence), AUTOENCODER, doubtful=False)
    assert found["loss"].found == "evidence handed over 2 times"
    assert found["loss"].credit == 0


def test_what_an_interrupt_may_have_cost_is_flagged(notebook):
    verdicts = {"loss": verdict(0.5), "training": verdict(0.25), "reconstruction": verdict(1.0)}
    result = interrupted(notebook, "train-model", verdicts=verdicts)
    found = verdicts_on(notebook, result, AUTOENCODER, doubtful=False)
    why = "cell 'train-model' was interrupted, as its time was over"
    assert found["training"].reason == why
    # There was no evidence of it, and it comes after.
    assert why in found["visualization"].reason
    assert not found["loss"].review
    assert not found["reconstruction"].review
    write_verdicts(notebook, found)
    panel = graded_cells(notebook)["training"].outputs[0].data["text/markdown"]
    assert f"This may be missing because {why}. A person will look at it." in panel
    assert not result.final


def test_a_test_cell_that_was_interrupted_itself_is_flagged(notebook):
    result = interrupted(notebook, "encoder")
    assert (
        "cell 'encoder' was interrupted"
        in verdicts_on(notebook, result, AUTOENCODER, doubtful=False)["encoder"].reason
    )
    assert "encoder" in cut_short(notebook, result.cells)


def test_an_interrupt_travels_with_the_result(notebook):
    sent = dataclasses.replace(interrupted(notebook, "train-model"), timed_out=True)
    received = Result.from_bytes(sent.to_bytes())
    assert received.cells == sent.cells
    assert received.timed_out
