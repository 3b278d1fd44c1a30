"""A result travels as bytes, shows itself in its notebook, and says whether it is final."""

import dataclasses

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.grading.result import CellRun, Result
from autograder.judge.verdict import Verdict, zero
from autograder.submissions.job import Job
from autograder.submissions.packed import FormatError

RESULT = Result(
    fingerprint="of a job",
    cells=(CellRun(1, (new_output("stream", name="stdout", text="printed"),)),),
    evidence={"encoder": [("a request", "the text")]},
    language={"name": "python"},
    judged_by="fingerprint of a judge",
    verdicts={"encoder": Verdict(0.5, "this", "that", ("a problem",), "advice", ("a note",))},
)


def test_a_result_comes_back_from_bytes_as_it_was():
    received = Result.from_bytes(RESULT.to_bytes())
    assert received.verdicts == RESULT.verdicts
    assert received.cells == RESULT.cells
    assert received.evidence == RESULT.evidence


@pytest.mark.parametrize(
    "data",
    [b"", b"nothing packed", RESULT.to_bytes()[:-5], Job("autoencoder", new_notebook()).to_bytes()],
)
def test_other_bytes_are_no_result(data):
    with pytest.raises(FormatError):
        Result.from_bytes(data)


def test_outputs_are_shown_in_the_code_cells():
    notebook = new_notebook(cells=[new_markdown_cell("# Text"), new_code_cell("print('printed')")])
    RESULT.show(notebook)
    assert notebook.cells[1].outputs[0].text == "printed"
    assert notebook.cells[1].execution_count == 1
    assert notebook.metadata.language_info.name == "python"


@pytest.mark.parametrize(
    "changes",
    [
        {"incident": "the kernel died"},
        {"timed_out": True},
        {"cells": (CellRun(1, (), interrupted=True),)},
        {"verdicts": {"loss": zero("", "", "", "", transient=True)}},
    ],
    ids=["ended early", "out of time", "cell interrupted", "judge failed"],
)
def test_what_another_run_may_change_is_not_final(changes):
    assert RESULT.final
    assert not dataclasses.replace(RESULT, **changes).final


def test_a_zero_that_a_person_should_look_at_is_final():
    flagged = {"loss": zero("", "", "", "", review=True)}
    assert dataclasses.replace(RESULT, verdicts=flagged).final
