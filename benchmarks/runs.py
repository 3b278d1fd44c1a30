"""The measurements, each from one or more commands run to their end."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks.classroom import Classroom, expect_full_marks, graded_so_far
from benchmarks.meter import CommandError, Meter, Usage
from benchmarks.times import Times

FRESH_KERNELS = "c.Grading.preloaded = False"
TRIVIAL_SUBMISSIONS = 5
"""Submissions of a trivial notebook, from which the time for one follows."""
CHECKOUT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Marginal:
    """Seconds that one more submission takes, and that a run takes once."""

    cpu: float
    wall: float
    start_cpu: float
    start_wall: float
    roles: Mapping[str, float]
    """CPU seconds of one more submission, by the role of the processes."""

    @classmethod
    def of(cls, one: Usage, many: Usage, count: int) -> "Marginal":
        """Compares a run with one submission and a run with `count`, which is more than one."""
        roles = {
            role: (seconds - one.roles.get(role, 0.0)) / (count - 1)
            for role, seconds in many.roles.items()
        }
        cpu, wall = sum(roles.values()), (many.wall - one.wall) / (count - 1)
        return cls(cpu, wall, one.cpu - cpu, one.wall - wall, roles)


@dataclass(frozen=True)
class WholeClass:
    """What it takes to grade a class, and to grade it again with nothing changed."""

    size: int
    first: Usage
    again: Usage
    memory: Mapping[int, int]
    """The peak bytes of the grader, by how many submissions were graded until then."""


def grade_command(course: Path, workers: int | None) -> list[str]:
    """Returns the command that grades all submissions of a course. workers: None for the default."""
    command = [sys.executable, "-m", "autograder.cli", "grade", "--course", str(course)]
    return command if workers is None else [*command, "--workers", str(workers)]


def grade(course: Path, workers: int | None = None, *, memory: bool = False) -> Usage:
    """Grades a course; returns what that takes. memory: whether to measure it, too."""
    done = (lambda: graded_so_far(course)) if memory else None
    return Meter().run(grade_command(course, workers), course, course / "grading.log", done)


def pipeline(
    classroom: Classroom, name: str, submissions: int, options: str = "", workers: int | None = None
) -> Marginal:
    """Measures what one submission takes in the pipeline. options: lines for nbgrader_config.py."""

    def usage(count: int) -> Usage:
        course = classroom.course_of(count, f"{name}-{count}", options)
        usage = grade(course, workers)
        expect_full_marks(course, count)
        return usage

    return Marginal.of(usage(1), usage(submissions), submissions)


def scaling(classroom: Classroom, submissions: int) -> dict[int, Marginal]:
    """Measures what one submission takes, by number of workers."""
    return {
        workers: pipeline(classroom, f"workers-{workers}", submissions, workers=workers)
        for workers in (1, 2)
    }


def whole_class(classroom: Classroom, size: int) -> WholeClass:
    """Grades a class twice; measures memory for the first tenth of it, half of it, and all."""
    course = classroom.course_of(size, "class")
    first = grade(course, memory=True)
    expect_full_marks(course, size)
    marks = sorted({max(1, size // 10), max(1, size // 2), size})
    memory = {mark: first.memory_until(mark) for mark in marks}
    return WholeClass(size, first, grade(course), memory)


def program(name: str) -> Times:
    """Runs a module of this package as a program; returns the JSON that it prints."""
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    quiet = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    environment = os.environ | quiet | {"MPLBACKEND": "agg"}
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise CommandError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return {what: (cpu, wall) for what, (cpu, wall) in json.loads(done.stdout).items()}


def plain_notebook(folder: Path) -> Marginal:
    """Measures what stock nbgrader takes to grade a notebook that does nothing."""

    def usage(count: int) -> Usage:
        course = folder / f"trivial-{count}"
        _trivial_course(course, count)
        command = [sys.executable, "-m", "nbgrader", "autograde", "trivial"]
        return Meter().run(command, course, course / "grading.log")

    return Marginal.of(usage(1), usage(TRIVIAL_SUBMISSIONS), TRIVIAL_SUBMISSIONS)


def _trivial_course(course: Path, submissions: int) -> None:
    """Makes a course of stock nbgrader: one notebook, with an answer and a test."""
    (course / "source" / "trivial").mkdir(parents=True)
    (course / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'c'\n")
    about = {"schema_version": 3, "task": False, "locked": False}
    answer = about | {"grade_id": "answer", "solution": True, "grade": False}
    test = about | {"grade_id": "test", "solution": False, "grade": True, "locked": True, "points": 1}
    cells = [
        new_code_cell("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", metadata={"nbgrader": answer}),
        new_code_cell("assert x == 1", metadata={"nbgrader": test}),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, course / "source" / "trivial" / "trivial.ipynb")
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "trivial"]
    Meter().run(command, course, course / "release.log")
    for number in range(submissions):
        student = course / "submitted" / f"student{number}" / "trivial"
        student.mkdir(parents=True)
        cells[0].source = f"x = 1  # {number}"
        nbformat.write(notebook, student / "trivial.ipynb")
