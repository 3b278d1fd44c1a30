"""What was made from an older source is named with the command that makes it."""

from dataclasses import replace

import pytest
from the_lab import ASSIGNMENT, AUTOENCODER, LAB, SOURCE

from autograder.adapting.currency import stale_bounds, stale_files
from autograder.course import publish
from autograder.judge.bounds import with_bounds


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course whose release and solutions are there and current."""
    for kind in ("release", "solutions"):
        folder = tmp_path / kind / ASSIGNMENT
        folder.mkdir(parents=True)
        (folder / "autoencoder.ipynb").touch()
        monkeypatch.setattr(publish, f"stale_{kind}", lambda course, assignment: [])
    return tmp_path


def found(course):
    return [(str(finding), finding.to_do) for finding in stale_files(course, ASSIGNMENT)]


def test_what_is_current_is_no_finding(course):
    assert found(course) == []


def test_missing_folders_are_named_with_their_commands(tmp_path):
    assert found(tmp_path) == [
        ("release/autoencoders: is missing", "Make it: autograder release"),
        ("solutions/autoencoders: is missing", "Make it: autograder solutions"),
    ]


def test_files_that_are_old_or_missing_are_named(course, monkeypatch):
    names = ["autoencoder.ipynb", "new.ipynb"]
    monkeypatch.setattr(publish, "stale_solutions", lambda course, assignment: names)
    assert [line for line, _ in found(course)] == [
        "solutions/autoencoders/autoencoder.ipynb: is not what source/ gives now",
        "solutions/autoencoders/new.ipynb: is missing",
    ]


def test_why_nbgrader_makes_no_release_is_told_in_one_line(course, monkeypatch):
    def fails(course, assignment):
        raise publish.PublishError("nbgrader failed:\n[E | ERROR] a cell lacks its id\nTraceback\n")

    monkeypatch.setattr(publish, "stale_release", fails)
    assert found(course) == [
        ("release/autoencoders: cannot be made: [E | ERROR] a cell lacks its id", "")
    ]


def test_bounds_of_another_lab_are_found():
    changed = replace(LAB, exercises={"autoencoder": replace(AUTOENCODER, epochs=11)})
    [finding] = stale_bounds(with_bounds(changed, SOURCE)[1])
    assert str(finding).startswith("calibration.json: autoencoder: ")
    assert "epochs 10 then, 11 now" in str(finding)
    assert "autograder calibrate" in str(finding)
