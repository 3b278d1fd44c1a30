"""nbgrader, connected: what it releases, what a course may set, how quickly its commands start."""

import shutil
import subprocess
import sys

import pytest
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files
from the_lab import ASSIGNMENT, SOURCE
from traitlets.config import Config

from autograder.course.wiring import NOT_RELEASED, connect
from autograder.judge import bounds
from autograder.lab import file

CHECKOUT = SOURCE.parent.parent
DEFAULT = CourseDirectory().ignore


def ignored(before="", after=""):
    """What nbgrader ignores in a course that sets something before or after it is connected."""
    c = Config()
    exec(before, {"c": c})
    connect(c)
    exec(after, {"c": c})
    return CourseDirectory(config=c).ignore


def test_the_files_of_the_grader_are_not_released():
    assert {file.NAME, bounds.NAME} == set(NOT_RELEASED)
    assert ignored() == [*DEFAULT, *NOT_RELEASED]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("", "c.CourseDirectory.ignore = ['*.bak']", ["*.bak"]),
        ("", "c.CourseDirectory.ignore.append('*.bak')", [*DEFAULT, *NOT_RELEASED, "*.bak"]),
        ("c.CourseDirectory.ignore = ['*.bak']", "", ["*.bak", *NOT_RELEASED]),
    ],
    ids=["replaced", "added to", "set before"],
)
def test_a_course_may_ignore_files_of_its_own(before, after, found):
    assert ignored(before, after) == found


def test_students_do_not_get_the_files_of_the_grader_back_with_their_submission(tmp_path):
    for name in ("requirements.txt", *NOT_RELEASED):
        (tmp_path / name).touch()
    assert find_all_files(str(tmp_path), ignored()) == [str(tmp_path / "requirements.txt")]


def test_what_a_course_sets_later_holds():
    c = Config()
    connect(c)
    c.ClearSolutions.code_stub = {"python": "..."}
    c.CourseDirectory.solution_directory = "solved"
    assert c.ClearSolutions.code_stub == {"python": "..."}
    assert CourseDirectory(config=c).solution_directory == "solved"


def test_importing_it_imports_neither_nbgrader_nor_tensorflow():
    code = "import sys, autograder.course.wiring; print({'nbgrader', 'numpy', 'keras'} & {*sys.modules})"
    printed = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True)
    assert printed.stdout.strip() == "set()"


@pytest.mark.slow
def test_nbgrader_releases_what_release_holds(tmp_path):
    shutil.copy(CHECKOUT / "nbgrader_config.py", tmp_path)
    shutil.copytree(CHECKOUT / "source", tmp_path / "source")
    (tmp_path / "source" / ASSIGNMENT / bounds.NAME).write_text("{}")
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", ASSIGNMENT]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert contents(tmp_path / "release") == contents(CHECKOUT / "release")


def contents(folder):
    """The content of each file in a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
