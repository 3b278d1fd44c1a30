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

from benchmarks.classroom import Classroom, expect_full_marks, graded
from benchmarks.meter import CommandError, Meter, Usage

FRESH_KERNELS = "c.Grading.preloaded = False"
TRIVIAL_SUBMISSIONS = 5
"""Submissions of one trivial notebook that tell what plain nbgrader takes for one."""


@dataclass(frozen=True)
class Marginal:
    """What one more submission takes, and what is taken once in a run; seconds."""

    cpu: float
    wall: float
    start_cpu: float
    start_wall: float
    roles: Mapping[str, float]
    """CPU seconds of one more submission, by what the processes are there for."""

    @classmethod
    def of(cls, one: Usage, many: Usage, count: int) -> "Marginal":
        """From a run with one submission and one with `count`, which is more than one."""
        roles = {
            role: (seconds - one.roles.get(role, 0.0)) / (count - 1)
            for role, seconds in many.roles.items()
        }
        cpu, wall = sum(roles.values()), (many.wall - one.wall) / (count - 1)
        return cls(cpu, wall, one.cpu - cpu, one.wall - wall, roles)


@dataclass(frozen=True)
class WholeClass:
    """A class graded once, and again with nothing changed."""

    size: int
    first: Usage
    again: Usage
    memory: Mapping[int, int]
    """The most bytes that the grader took, by how many submissions were graded until then."""


def grade_command(course: Path, workers: int | None) -> list[str]:
    """The command that grades all submissions of a course. workers: None for the default."""
    command = [sys.executable, "-m", "autograder.cli", "grade", "--course", str(course)]
    return command if workers is None else [*command, "--workers", str(workers)]


def grade(course: Path, workers: int | None = None, *, memory: bool = False) -> Usage:
    """What grading a course takes. memory: whether to look at it, too."""
    done = (lambda: graded(course)) if memory else None
    return Meter().run(grade_command(course, workers), course, course / "grading.log", done)


def pipeline(
    classroom: Classroom, name: str, submissions: int, options: str = "", workers: int | None = None
) -> Marginal:
    """What one submission takes in the pipeline. options: lines for nbgrader_config.py."""
    usages = []
    for count in (1, submissions):
        course = classroom.of(count, f"{name}-{count}", options)
        usages.append(grade(course, workers))
        expect_full_marks(course, count)
    return Marginal.of(*usages, submissions)


def scaling(classroom: Classroom, submissions: int) -> dict[int, Marginal]:
    """What one submission takes, by number of workers."""
    return {
        workers: pipeline(classroom, f"workers-{workers}", submissions, workers=workers)
        for workers in (1, 2)
    }


def whole_class(classroom: Classroom, size: int) -> WholeClass:
    """Grades a class, and again; memory is told for the first tenth of it, half of it, and all."""
    course = classroom.of(size, "class")
    first = grade(course, memory=True)
    expect_full_marks(course, size)
    marks = sorted({max(1, size // 10), max(1, size // 2), size})
    memory = {mark: first.memory_until(mark) for mark in marks}
    return WholeClass(size, first, grade(course), memory)


def program(name: str) -> dict[str, list[float]]:
    """The JSON that a module of this package prints, run as a program of its own."""
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    quiet = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    environment = os.environ | quiet | {"MPLBACKEND": "agg"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise CommandError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def plain_notebook(folder: Path) -> Marginal:
    """What stock nbgrader takes to grade a notebook that does nothing, in a course of its own."""
    usages = []
    for count in (1, TRIVIAL_SUBMISSIONS):
        course = folder / f"trivial-{count}"
        _trivial_course(course, count)
        command = [sys.executable, "-m", "nbgrader", "autograde", "trivial"]
        usages.append(Meter().run(command, course, course / "grading.log"))
    return Marginal.of(*usages, TRIVIAL_SUBMISSIONS)


def _trivial_course(course: Path, submissions: int) -> None:
    """A course of stock nbgrader: one notebook, with an answer and a test."""
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
