"""Reads a course's nbgrader_config.py, as nbgrader's own commands do."""

import os
from pathlib import Path

from nbgrader.apps import NbGrader

from autograder.grading.options import Grading


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
