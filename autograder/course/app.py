"""Reads what a course has set: its nbgrader_config.py, and the lab file of an assignment."""

import os
from pathlib import Path

from nbgrader.apps import NbGrader
from nbgrader.coursedir import CourseDirectory

from autograder.grading.options import Grading
from autograder.judge.bounds import lab_in
from autograder.lab import Lab


class CourseApp(NbGrader):
    """nbgrader's application, which finds its configuration in the current directory."""

    name = "autograder"
    description = "Grades assignments"


def opened(course: Path) -> CourseApp:
    """Changes to a course directory, as nbgrader needs it, and reads its configuration."""
    os.chdir(course)
    app = CourseApp()
    app.initialize([])
    return app


def options(course: Path) -> Grading:
    """Changes to a course directory, and returns how its submissions are graded."""
    return Grading(config=opened(course).config)


def lab_of(course: CourseDirectory) -> tuple[Lab, tuple[str, ...]]:
    """Returns the lab of the course's assignment, and remarks on its bounds. Raises LabFileError."""
    return lab_in(Path(course.format_path(course.source_directory, ".", course.assignment_id)))
