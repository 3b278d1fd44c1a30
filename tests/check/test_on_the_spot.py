"""A source notebook run by hand: no judge outside, so each check shows its verdict at once."""

import dataclasses

import corpus
import pytest

from autograder.submissions import notebooks

pytestmark = pytest.mark.slow


@pytest.fixture
def by_hand(kernel, monkeypatch):
    """The preloaded kernel with checks as they are where no judge waits for their evidence."""
    from autograder import check

    on_the_spot = dataclasses.replace(check._watchers, deliver=check._on_the_spot)
    monkeypatch.setattr(check, "_watchers", on_the_spot)
    return kernel


def outcome(notebook, name):
    cell = next(cell for cell in notebook.cells if notebooks.grade_id(cell) == name)
    return [output.evalue for output in cell.outputs if output.output_type == "error"]


def test_right_work_passes_and_wrong_work_raises_with_the_reason(by_hand):
    cases = {case.id: case for case in corpus.load()}

    notebook = by_hand.run(cases["architecture-wrong-channels"].executed)

    assert outcome(notebook, "decoder") == []
    (error,) = outcome(notebook, "encoder")
    assert "32 channels, not 16" in error


def test_the_other_notebook_is_told_apart(by_hand):
    cases = {case.id: case for case in corpus.load()}

    notebook = by_hand.run(cases["noise-variance"].executed)

    (error,) = outcome(notebook, "noise")
    assert "not the variance" in error
