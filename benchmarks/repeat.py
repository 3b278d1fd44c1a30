"""Grades the same submissions again and again, in every way there is, and compares scores and panels.

The ways are `autograder grade` with one and with two workers, on an idle and on a busy machine, and
nbgrader's own command. Scores and panels must be the same each time.
"""

import argparse
import contextlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.examples.demo import FEW_IMAGES, submit_examples
from autograder.grading.request_ids import secret_of
from autograder.submissions import notebooks
from benchmarks.classroom import Classroom, find_programs
from benchmarks.runs import grade_command
from benchmarks.the_lab import ASSIGNMENT, EXERCISES, LAB

RIGHT_ONES = 4
"""Solved submissions, each written differently, besides the examples."""
_COMPUTE = "while True: sum(range(10**6))"

Panels = Mapping[tuple[str, str, str], str]
"""Score and panel by student, notebook and criterion."""


@dataclass(frozen=True)
class Way:
    """One way to grade. workers: None for nbgrader's own command."""

    name: str
    workers: int | None
    load: int = 0
    """Processes that compute meanwhile."""


def ways() -> tuple[Way, ...]:
    """Returns all ways; under load there are twice as many processes as cores."""
    busy = 2 * (os.cpu_count() or 1)
    return (
        Way("autograder grade, 1 worker", 1),
        Way("autograder grade, 2 workers", 2),
        Way("nbgrader autograde", None),
        Way("autograder grade, 1 worker, machine loaded", 1, busy),
        Way("autograder grade, 2 workers, machine loaded", 2, busy),
    )


def panels(course: Path) -> Panels:
    """Reads the scores and panels in the autograded notebooks of a course."""
    found = {}
    for student in sorted(path.name for path in (course / "autograded").iterdir()):
        for name, exercise in EXERCISES.items():
            notebook = notebooks.read(course / "autograded" / student / ASSIGNMENT / f"{name}.ipynb")
            outputs = {notebooks.grade_id(cell): cell.get("outputs") for cell in notebook.cells}
            for criterion in exercise.criteria:
                (output,) = outputs[criterion.id]
                found[student, name, criterion.id] = "\n".join(output.data[kind] for kind in output.data)
    return found


def graded(course: Path, way: Way) -> Panels:
    """Grades all submissions of a course. Raises RuntimeError with the command's output if it fails."""
    own = [sys.executable, "-m", "nbgrader", "autograde", ASSIGNMENT]
    command = own if way.workers is None else grade_command(course, way.workers)
    with _computing(way.load):
        done = subprocess.run(command, cwd=course, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{way.name} failed:\n{done.stdout}{done.stderr}")
    return panels(course)


def differences(first: Panels, other: Panels) -> list[str]:
    """Names the criteria that were judged differently."""
    places = sorted({*first, *other})
    return [" ".join(place) for place in places if first.get(place) != other.get(place)]


@contextlib.contextmanager
def _computing(processes: int) -> Iterator[None]:
    started = [subprocess.Popen([sys.executable, "-c", _COMPUTE]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def _course(classroom: Classroom, students: int | None) -> Path:
    """Makes a course with the first of the example submissions and a few solved ones."""
    course = classroom.course_of(RIGHT_ONES, "course", FEW_IMAGES)
    submit_examples(course, LAB)
    # The course gets its secret before it is copied: all copies then ask the same of a submission.
    secret_of(course)
    submitted = sorted((course / "submitted").iterdir())
    for unwanted in submitted[students or len(submitted) :]:
        shutil.rmtree(unwanted)
    return course


def main() -> str | int:
    """Prints a line for each grading; returns the differences, or 0 if there are none."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.repeat", description=__doc__)
    parser.add_argument("--gradings", type=int, default=20, help="default: 20")
    parser.add_argument("--students", type=int, help="grade only the first (default: all ten)")
    parser.add_argument("--course", type=Path, default=Path(), help="the course directory")
    arguments = parser.parse_args()
    find_programs()
    with tempfile.TemporaryDirectory(prefix="repeat-") as folder:
        course = _course(Classroom(arguments.course, Path(folder)), arguments.students)
        first: Panels = {}
        found: list[str] = []
        for number, way in enumerate(itertools.islice(itertools.cycle(ways()), arguments.gradings), 1):
            fresh = Path(folder) / f"grading-{number}"
            shutil.copytree(course, fresh)
            started = time.monotonic()
            given = graded(fresh, way)
            first = first or given
            differing = differences(first, given)
            took = f"{time.monotonic() - started:.0f} s, {len(given)} panels"
            print(f"{number}. {way.name}: {took}, {', '.join(differing) or 'identical'}", flush=True)
            found += [f"{way.name}: {place}" for place in differing]
            shutil.rmtree(fresh)
    return "\n".join(found) or 0


if __name__ == "__main__":
    sys.exit(main())
