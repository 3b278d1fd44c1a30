"""`autograder grade` says what is wrong before it starts anything."""

import subprocess
import types

import psutil
import pytest
from class_course import command
from course import Course
from the_lab import ASSIGNMENT

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


@pytest.mark.slow
def test_bounds_of_another_lab_are_told_before_anything_is_graded(course):
    file = course.folder / "source" / ASSIGNMENT / "lab.toml"
    file.write_text(file.read_text("utf-8").replace("epochs = 10", "epochs = 9"), "utf-8")
    done = run(course)
    assert "belongs to another lab or installation (epochs 10 then, 9 now)" in done.stdout
    assert "until you run autograder calibrate" in " ".join(done.stdout.split())


@pytest.mark.slow
def test_an_assignment_that_the_gradebook_lacks_is_told_with_the_command(course):
    (course.folder / "gradebook.db").unlink()
    done = run(course)
    assert done.returncode == 1
    assert "run `autograder release`, which writes its cells" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_lab_file_that_is_missing_or_wrong_is_told_with_what_to_do(course):
    file = course.folder / "source" / ASSIGNMENT / "lab.toml"
    file.write_text("[images]\ndataset = 'letters'\n", "utf-8")
    assert "lab.toml: the file lacks the key 'exercises'" in run(course).stderr
    file.unlink()
    assert "`autograder quickstart DIR` makes one, or adds what is missing" in run(course).stderr
