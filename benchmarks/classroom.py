"""A course in a temporary folder, with solved submissions of as many students as are asked for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from autograder.examples.answers import answers
from autograder.report.grade_table import read_grades
from autograder.submissions import notebooks
from benchmarks.the_lab import ASSIGNMENT, EXERCISES

VARIANTS = (
    {},
    {"build-model": [["Conv2D(16, 3,", "Conv2D(16, (3, 3),"]]},
    {"build-model": [["MaxPooling2D(2, ", "MaxPooling2D(pool_size=(2, 2), "]]},
    {"build-model": [['loss="binary_crossentropy"', "loss=keras.losses.BinaryCrossentropy()"]]},
    {"build-model": [["learning_rate=0.01", "learning_rate=0.02"]]},
    {"build-model": [["layers.UpSampling2D(2)", "layers.UpSampling2D((2, 2))"]]},
)
"""Legal ways of writing exercise 1, as edits of the sample solution."""
DENOISING_VARIANTS = (
    {},
    {"build-model": [["Conv2D(32, 3,", "Conv2D(filters=32, kernel_size=3,"]]},
    {"add-noise": [["sigma = 0.2", "sigma = 1 / 5"]]},
    {"build-model": [["learning_rate=0.01", "learning_rate=0.05"]]},
    {"add-noise": [["rng.normal(0, sigma, ", "sigma * rng.standard_normal("]]},
)
"""The same for exercise 2. The numbers of variants differ, so few students share both notebooks."""


class ClassroomError(Exception):
    """The course cannot be made, or was graded wrongly; the text says what is wrong."""


def find_programs() -> None:
    """Puts this Python's folder on the search path, where nbgrader looks for `alembic`."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


class Classroom:
    """A course with its release, from which it makes courses with classes of any size.

    course: a directory with nbgrader_config.py and source/. folder: an empty one to make courses in.
    """

    def __init__(self, course: Path, folder: Path) -> None:
        if not (course / "nbgrader_config.py").is_file() or not (course / "source").is_dir():
            raise ClassroomError(
                f"{course.resolve()} is no course directory: it has no nbgrader_config.py or no "
                "source/. Change to one, or name it with --course."
            )
        self._folder, self._template = folder, folder / "template"
        self._template.mkdir()
        shutil.copy(course / "nbgrader_config.py", self._template)
        shutil.copytree(course / "source", self._template / "source")
        command = [sys.executable, "-m", "nbgrader", "generate_assignment", ASSIGNMENT]
        done = subprocess.run(command, cwd=self._template, capture_output=True, text=True)
        if done.returncode:
            raise ClassroomError(f"nbgrader generate_assignment failed:\n{done.stdout}{done.stderr}")

    def course_of(self, students: int, name: str, options: str = "") -> Path:
        """Makes a course directory in which this many students have handed in solved notebooks.

        options: lines to add to nbgrader_config.py.
        """
        course = self._folder / name
        shutil.copytree(self._template, course)
        with (course / "nbgrader_config.py").open("a", encoding="utf-8") as config:
            config.write(f"\n{options}\n")
        for number in range(students):
            self._submit(course, number)
        return course

    def _submit(self, course: Path, number: int) -> None:
        student = f"student{number:03d}"
        folder = course / "submitted" / student / ASSIGNMENT
        folder.mkdir(parents=True)
        for name, variants in zip(EXERCISES, (VARIANTS, DENOISING_VARIANTS), strict=True):
            sample = notebooks.solutions(
                notebooks.read(course / "source" / ASSIGNMENT / f"{name}.ipynb")
            )
            given = answers({"replace": variants[number % len(variants)]}, sample)
            given = {cell: f"# {student}\n{answer}" for cell, answer in given.items()}
            released = notebooks.read(course / "release" / ASSIGNMENT / f"{name}.ipynb")
            nbformat.write(notebooks.filled(released, given), folder / f"{name}.ipynb")


def graded_so_far(course: Path) -> int:
    """Returns how many submissions have been graded."""
    return len(list(course.glob(f"autograded/*/{ASSIGNMENT}/{list(EXERCISES)[-1]}.ipynb")))


def expect_full_marks(course: Path, students: int) -> None:
    """Raises ClassroomError unless this many students have all points that are not given by hand.

    The cost of a submission that was graded wrongly would mean nothing.
    """
    grades = read_grades(f"sqlite:///{course}/gradebook.db", "", ASSIGNMENT)
    wanted = sum(criterion.points for exercise in EXERCISES.values() for criterion in exercise.criteria)
    sums = {student: sum(score or 0 for score in scores) for student, scores in grades.rows.items()}
    if len(sums) != students or set(sums.values()) != {wanted}:
        grades.show(sys.stderr)
        raise ClassroomError(
            f"{students} solved submissions should all have {wanted} points; their grades are above."
        )
