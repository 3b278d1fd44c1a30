"""A source notebook run by hand: no judge outside, so each check shows its verdict at once."""

import dataclasses
import shutil

import corpus
import pytest
from the_lab import SOURCE

from autograder.submissions import notebooks

pytestmark = pytest.mark.slow


@pytest.fixture
def by_hand(kernel, monkeypatch):
    """The preloaded kernel with checks as they are where no judge waits for their evidence."""
    from autograder import check
    from autograder.check.on_the_spot import _lab

    # It is read from beside the notebook.
    for name in ("lab.toml", "calibration.json"):
        shutil.copy(SOURCE / name, kernel._folder)
    _lab.cache_clear()
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


def test_what_a_person_grades_raises_nothing(by_hand):
    text = (SOURCE / "lab.toml").read_text("utf-8")
    text = text.replace("encoder = 8\n", "").replace("discussion = 4", "discussion = 4\nencoder = 8")
    (by_hand._folder / "lab.toml").write_text(text, "utf-8")
    cases = {case.id: case for case in corpus.load()}

    notebook = by_hand.run(cases["architecture-wrong-channels"].executed)

    assert outcome(notebook, "encoder") == []


def test_without_a_lab_file_beside_the_notebook_the_check_says_where_it_is_missing(by_hand):
    (by_hand._folder / "lab.toml").unlink()
    cases = {case.id: case for case in corpus.load()}

    notebook = by_hand.run(cases["architecture-wrong-channels"].executed)

    (error,) = outcome(notebook, "encoder")
    assert "There is no lab file at lab.toml" in error
