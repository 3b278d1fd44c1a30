"""Measures what the driver of a parallel run takes itself, for a class of any size.

One submission is really graded. The whole class hands in copies of it, and all but a few of them are in
the gradebook already. The driver finds, prepares and records those few as usual; their results are made
from the one. `python -m benchmarks.driver --class-size 10000`
"""

import argparse
import contextlib
import dataclasses
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console

from autograder.batch.driver import Driver
from autograder.batch.progress import ProgressDisplay
from autograder.batch.workers import Outcome, Task
from autograder.course.app import CourseApp
from autograder.grading.grader import Grader
from autograder.grading.result import Result
from autograder.grading.store import ResultStore
from autograder.submissions.job import Job
from benchmarks.classroom import Classroom, find_programs
from benchmarks.report import MIB, Row, show_table
from benchmarks.runs import grade_command
from benchmarks.the_lab import ASSIGNMENT, EXERCISES

_TEMPLATE = "student000"


class _Prompt:
    """Takes the place of workers: does the first few tasks at once, and the others never."""

    count, current = 1, ()

    def __init__(self, results: dict[str, Result], grader: Grader, most: int) -> None:
        self._results, self._grader, self._most = results, grader, most

    def outcomes(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Yields outcomes of the first tasks, made from the result of the one submission."""
        for number, task in enumerate(tasks):
            yield Outcome(task, self._result(task).to_bytes() if number < self._most else None)

    def _result(self, task: Task) -> Result:
        fingerprint = self._grader.fingerprint(Job.from_bytes(task.job))
        return dataclasses.replace(self._results[task.notebook], fingerprint=fingerprint)


class _Driver(Driver):
    results: dict[str, Result]
    most: int
    recording = 0.0
    """Seconds of processor time that recording took."""

    def connect(self, notebooks: int) -> contextlib.AbstractContextManager[_Prompt]:
        """Connects to no workers."""
        return contextlib.nullcontext(_Prompt(self.results, self.exporter.grader, self.most))

    def _take(self, outcome: Outcome) -> None:
        if outcome.result is None:
            self._at_work.pop(outcome.task.student, None)
            return
        started = time.process_time()
        super()._take(outcome)
        self.recording += time.process_time() - started


def main() -> None:
    """Prints seconds of processor time per submission, and memory."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.driver", description=__doc__)
    parser.add_argument("--class-size", type=int, default=10_000)
    parser.add_argument("--recorded", type=int, default=100, help="submissions that are really recorded")
    parser.add_argument("--course", type=Path, default=Path(), help="the course directory")
    arguments = parser.parse_args()
    size, few = arguments.class_size, arguments.recorded
    find_programs()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        course = Classroom(arguments.course, Path(folder)).course_of(1, "class")
        subprocess.run(grade_command(course, 1), check=True, stdout=subprocess.DEVNULL)
        store = ResultStore(course, ASSIGNMENT, print)
        results = {name: store.find(_TEMPLATE, name) for name in EXERCISES}
        kept_bytes = sum(path.stat().st_size for path in course.glob(".autograder/kept/**/*.result"))
        students = [f"student{number:06d}" for number in range(size)]
        hand_in(course, students)
        fill_gradebook(course / "gradebook.db", students[few:])
        shutil.rmtree(course / "submitted" / _TEMPLATE)
        rows = _measure(course, results, size, few)
    rows.append(("kept on disk per submission", f"{kept_bytes / MIB:.1f} MiB"))
    show_table((f"the driver alone, a class of {size:,}", ""), rows)


def _measure(course: Path, results: dict[str, Result], size: int, few: int) -> list[Row]:
    """Runs the driver, which has a few submissions of a class to record; returns what it took."""
    os.chdir(course)
    app = CourseApp(log_level="ERROR")
    app.initialize([])
    app.coursedir.assignment_id = ASSIGNMENT
    console = Console(file=sys.stderr)
    driver = _Driver(coursedir=app.coursedir, parent=app, display=ProgressDisplay(size, console))
    driver.results, driver.most = results, few * len(EXERCISES)
    before, started = time.process_time(), time.monotonic()
    driver.start()
    ended = time.process_time()
    if len(driver.summary.graded) != few:
        sys.exit(f"{few} submissions should be recorded: {driver.summary.failed}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10  # ru_maxrss is in KiB.
    found, recorded = ended - before - driver.recording, driver.recording
    return [
        ("to find and hand out what is to be done, per submission", f"{1000 * found / size:.1f} ms CPU"),
        ("to receive and record, per submission", f"{1000 * recorded / few:.0f} ms CPU"),
        ("for the whole class", f"{(found + recorded / few * size) / 60:.1f} min CPU"),
        ("wall time of what was run", f"{time.monotonic() - started:.0f} s"),
        ("peak memory", f"{memory:.0f} MiB"),
    ]


def hand_in(course: Path, students: list[str]) -> None:
    """Hands in the first submission again for each student, with the student's name in it."""
    given = course / "submitted" / _TEMPLATE / ASSIGNMENT
    texts = {name: (given / f"{name}.ipynb").read_text("utf-8") for name in EXERCISES}
    for student in students:
        folder = course / "submitted" / student / ASSIGNMENT
        folder.mkdir(parents=True)
        for name, text in texts.items():
            (folder / f"{name}.ipynb").write_text(text.replace(_TEMPLATE, student), "utf-8")


def fill_gradebook(database: Path, students: list[str]) -> None:
    """Gives each student a copy of the gradebook's rows of the one that was graded."""
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        db.row_factory = sqlite3.Row
        (submission,) = db.execute("SELECT * FROM submitted_assignment")
        books = db.execute("SELECT * FROM submitted_notebook").fetchall()
        cells = {
            table: db.execute(f"SELECT * FROM {table}").fetchall() for table in ("grade", "comment")
        }
        for student in students:
            _insert(db, "student", {"id": student})
            own = {submission["id"]: _new_id()}
            ids = {"id": own[submission["id"]], "student_id": student}
            _insert(db, "submitted_assignment", dict(submission) | ids)
            for book in books:
                own[book["id"]] = _new_id()
                ids = {"id": own[book["id"]], "assignment_id": own[submission["id"]]}
                _insert(db, "submitted_notebook", dict(book) | ids)
            for table, rows in cells.items():
                for row in rows:
                    ids = {"id": _new_id(), "notebook_id": own[row["notebook_id"]]}
                    _insert(db, table, dict(row) | ids)


def _insert(db: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    places = ", ".join("?" * len(row))
    db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", list(row.values()))


def _new_id() -> str:
    return uuid.uuid4().hex


if __name__ == "__main__":
    main()
