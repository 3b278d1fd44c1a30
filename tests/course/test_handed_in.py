"""nbgrader finds links to sound files only; each submission is read as jobs, with its given cells."""

import json
import logging
from pathlib import Path

import pytest
from course import NO_TRAINING, Course
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from the_lab import ASSIGNMENT, EXERCISES

from autograder.course.handed_in import HandedIn, given_notebooks
from autograder.submissions.notebooks import grade_id


@pytest.fixture
def course(tmp_path):
    course = Course(tmp_path)
    course.submit("ann", **NO_TRAINING)
    return course


def directory(course, assignment=ASSIGNMENT):
    return CourseDirectory(root=str(course.folder), assignment_id=assignment)


@pytest.fixture
def handed_in(course):
    def make(max_bytes=10**6):
        converter = Autograde(coursedir=directory(course))
        return converter, HandedIn(converter, max_bytes, 10**6, logging.getLogger("test"))

    return make


def test_the_given_cells_are_those_of_the_gradebook(course):
    given = given_notebooks(directory(course))
    assert set(given) == set(EXERCISES)
    points = {cell.name: cell.points for cell in given["autoencoder"] if cell.points}
    assert points["encoder"] == 8
    assert given_notebooks(directory(course, "another assignment")) == {}


def test_nbgrader_finds_a_folder_of_links(course, handed_in):
    (course.submission("ann") / "helper.py").write_text("x = 1")
    (course.submission("ann") / "out").symlink_to("/etc/hostname")
    converter, submissions = handed_in()
    ((folder, files),) = converter.assignments.items()
    assert all(map(submissions.includes, files))
    assert not submissions.includes(str(course.submission("ann") / "autoencoder.ipynb"))
    names = {path.name for path in Path(folder).iterdir()}
    assert names == {"autoencoder.ipynb", "denoising_autoencoder.ipynb", "helper.py"}


def test_a_submission_is_read_with_its_files_and_given_cells(course, handed_in):
    (course.submission("ann") / "helper.py").write_text("x = 1")
    _, submissions = handed_in()
    job = submissions.job("ann", "autoencoder")
    assert job.files["helper.py"] == b"x = 1"
    assert "requirements.txt" in job.files
    encoder = next(cell for cell in job.content.cells if grade_id(cell) == "encoder")
    assert "check.encoder" in encoder.source


def test_what_is_missing_or_unreadable_has_a_stand_in_that_says_why(course, handed_in):
    (course.submission("ann") / "autoencoder.ipynb").write_text("no notebook")
    _, submissions = handed_in()
    assert "not JSON" in submissions.job("ann", "autoencoder").unreadable
    missing = submissions.job("ann", "denoising_autoencoder")
    assert missing.unreadable == "no denoising_autoencoder.ipynb was handed in"
    assert "There was no notebook to grade" in missing.content.cells[0].source


def test_remarks_on_a_submission_go_with_its_jobs(course, handed_in):
    path = course.submission("ann") / "autoencoder.ipynb"
    content = json.loads(path.read_text("utf-8"))
    path.with_name("autoencoder (1).ipynb").write_text(json.dumps(content | {"nbformat": 9}))
    path.unlink()
    _, submissions = handed_in()
    renamed, strange = submissions.job("ann", "autoencoder").remarks
    assert "autoencoder (1).ipynb was graded in its place" in renamed
    assert "format 9" in strange


def test_the_time_of_a_submission_is_nbgraders(course, handed_in):
    (course.submission("ann") / "timestamp.txt").write_text("2026-11-23 02:12:02 UTC")
    _, submissions = handed_in()
    assert submissions.timestamp("ann") == b"2026-11-23 02:12:02 UTC"
