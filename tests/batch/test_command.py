"""`autograder grade` says what is wrong before it starts anything."""

import subprocess
import types

import psutil
import pytest
from class_course import command
from course import Course

from autograder.batch import command as commands
from autograder.batch.command import WORKER_BYTES, grade, room_for_workers


@pytest.mark.parametrize(("free", "most"), [(0, 1), (1.5, 1), (2.5, 2), (1000, 5)])
def test_as_many_notebooks_run_at_once_as_cores_and_memory_allow(monkeypatch, free, most):
    memory = types.SimpleNamespace(available=free * WORKER_BYTES)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(commands.os, "sched_getaffinity", lambda _: range(4))
    assert room_for_workers() == most


def test_a_folder_that_is_no_course_is_named(tmp_path):
    assert "has no nbgrader_config.py" in str(grade(tmp_path))


@pytest.fixture
def course(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Course(tmp_path)


def run(course, settings=""):
    return subprocess.run(command(course, settings=settings), capture_output=True, text=True)


@pytest.mark.slow
def test_without_submissions_the_folder_that_was_looked_for_is_named(course):
    done = run(course)
    assert done.returncode == 1
    assert "There is no submission: no folder is named" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("c.Grading.images = 'nowhere.npz'", "There are no images to grade on at nowhere.npz"),
        ("c.Grading.sandbox = 'required'", "c.Grading.sandbox is 'required', but"),
    ],
)
def test_what_keeps_everybody_from_being_graded_is_told_once(course, setting, words):
    course.submit_release("ann")
    config = course.folder / "nbgrader_config.py"
    config.write_text(f"{config.read_text('utf-8')}\n{setting}\n", "utf-8")
    program = "from autograder.sandbox import bubblewrap; bubblewrap.problem = lambda: 'it is missing'"
    done = run(course, program)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
