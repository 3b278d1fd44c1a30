"""The generated notebooks in the repository are what the source gives now."""

import shutil

import pytest
from course import COURSE
from the_lab import ASSIGNMENT

from autograder.course import publish


def test_the_solutions_are_those_of_the_source():
    assert publish.stale_solutions(COURSE, ASSIGNMENT) == []


def test_a_changed_source_makes_the_solutions_stale(tmp_path):
    shutil.copytree(COURSE / "solutions", tmp_path / "solutions")
    shutil.copytree(COURSE / "source", tmp_path / "source")
    path = tmp_path / "source" / ASSIGNMENT / "autoencoder.ipynb"
    path.write_text(path.read_text("utf-8").replace("epochs=10", "epochs=11"), "utf-8")

    assert publish.stale_solutions(tmp_path, ASSIGNMENT) == ["autoencoder.ipynb"]


@pytest.mark.slow
def test_the_release_is_what_nbgrader_makes_of_the_source(tmp_path):
    assert publish.stale_release(COURSE, ASSIGNMENT) == []
