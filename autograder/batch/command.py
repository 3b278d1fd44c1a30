"""The commands `autograder grade`, which ends with a table of grades, and `autograder worker`."""

import functools
import glob
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import psutil
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGrader
from nbgrader.converters import NbGraderException
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from autograder.batch.driver import Driver, Summary
from autograder.batch.interruption import Interruption
from autograder.batch.log import log_file, log_to
from autograder.batch.progress import ProgressDisplay
from autograder.batch.workers import shared_out
from autograder.course.app import lab_of, opened
from autograder.course.faults import in_words
from autograder.grading.kernels import containment
from autograder.grading.options import Grading
from autograder.lab.file import LabFileError, chosen
from autograder.lab.images import ImagesError
from autograder.report.grade_table import GradeTable, read_grades
from autograder.report.tables import number_table, table_console
from autograder.sandbox.bubblewrap import SandboxError

WORKER_BYTES = 2 * 2**30
"""Memory for a notebook that is graded: its kernel and its share of a worker, generously counted."""
MOST_ROWS = 200
"""Rows of the table of grades that are printed; `autograder grades` prints them all."""


def room_for_workers() -> int:
    """Returns how many notebooks can run at once here: one more than cores, if there is memory for them.

    A notebook computes for nine tenths of its time; the rest it waits for its kernel.
    """
    by_memory = psutil.virtual_memory().available // WORKER_BYTES
    return max(1, min(1 + len(os.sched_getaffinity(0)), by_memory))


def grade(
    course: Path,
    *,
    assignment: str = "",
    student: str = "*",
    workers: int = 0,
    scheduler: str = "",
    **options: bool,
) -> str | int:
    """Grades a course; returns the exit code, or a message that says what is wrong.

    assignment: empty for the only one with a lab file. workers: notebooks at once; 0 for as many as
    this machine has room for. options: `again` and `feedback`, as the Driver knows them.
    """
    console = table_console()
    if not (course / "nbgrader_config.py").is_file():
        return f"{course.resolve()} is no course directory: it has no nbgrader_config.py."
    try:
        assignment = chosen(course, assignment)
    except LabFileError as error:
        return str(error)
    tell = functools.partial(console.print, soft_wrap=True)
    app = opened(course)
    log, where = log_file(tell)
    app.coursedir.assignment_id, app.coursedir.student_id = assignment, student
    log_to(log, app.log)
    try:
        if not scheduler:
            contained = containment(Grading(config=app.config))
            console.print(contained.remark, style=None if contained.sandboxed else "bold yellow")
        _, remarks = lab_of(app.coursedir)
        for remark in remarks:
            tell(remark, style="bold yellow")
        _check_gradebook(app)
        total = _count(app)
        with Interruption() as interruption, ProgressDisplay(total, console) as display:
            driver = Driver(
                coursedir=app.coursedir,
                parent=app,
                workers=workers or room_for_workers(),
                scheduler=scheduler,
                display=display,
                interruption=interruption,
                **options,
            )
            driver.start()
    except KeyboardInterrupt:
        app.log.error("Interrupted")
        return "Interrupted. What was graded is recorded; run the same command again to grade the rest."
    except (NbGraderException, LabFileError, ImagesError, SandboxError) as error:
        app.log.error("%s", error)
        return f"{error}{where}"
    except (MissingEntry, OSError, SQLAlchemyError) as error:
        app.log.error("The run ended early", exc_info=error)
        return (
            f"The run ended early: {in_words(error)}. Then run the same command again; what is recorded "
            f"stays.{where}"
        )
    summary = driver.summary
    _print(console, tell, summary, _grades(app, tell), assignment)
    if where:
        tell(where.strip())
    return 1 if summary.failed or summary.without_feedback else 0


def serve(scheduler: str, workers: int) -> None:
    """Runs Dask workers that can grade, until they are stopped. workers: notebooks at once."""
    import dask
    from distributed.cli.dask_worker import main as dask_worker

    dask.config.set({"distributed.worker.daemon": False})
    shares = shared_out(workers or room_for_workers())
    arguments = ["--nworkers", str(shares["n_workers"]), "--nthreads", str(shares["threads_per_worker"])]
    arguments += ["--memory-limit", "0", "--no-dashboard"]
    dask_worker([scheduler, *arguments], prog_name="autograder worker")


def _check_gradebook(app: NbGrader) -> None:
    """Raises MissingEntry if the gradebook lacks the assignment, which nothing can be recorded for."""
    course = app.coursedir
    with Gradebook(course.db_url, course.course_id) as gradebook:
        gradebook.find_assignment(course.assignment_id)


def _count(app: NbGrader) -> int:
    course = app.coursedir
    folder = course.format_path(course.submitted_directory, course.student_id, course.assignment_id)
    found = [path for path in glob.glob(folder) if os.path.isdir(path)]
    if not found:
        raise NbGraderException(
            f"There is no submission: no folder is named {folder}. Name the course directory with "
            "--course, and a student with --student."
        )
    return len(found)


def _grades(app: NbGrader, tell: Callable[[str], None]) -> GradeTable:
    """Returns the grades; none, with a remark, if the gradebook cannot be read."""
    try:
        return read_grades(app.coursedir.db_url, app.coursedir.course_id, app.coursedir.assignment_id)
    except SQLAlchemyError as error:
        app.log.error("No grades can be shown", exc_info=error)
        tell(f"No grades can be shown: {in_words(error)}. To see them later: autograder grades")
        return GradeTable((), {})


def _print(
    console: Console,
    tell: Callable[[str], None],
    summary: Summary,
    grades: GradeTable,
    assignment: str,
) -> None:
    shown = {student: grades.rows[student] for student in summary.graded if student in grades.rows}
    if shown:
        table = number_table("student", "points", "to grade by hand", "to look at")
        for student, scores in itertools.islice(shown.items(), MOST_ROWS):
            points = sum(score for score in scores if score is not None)
            earned = f"{points:g} of {grades.maximum:g}"
            to_look_at = sum(1 for who, _ in grades.review if who == student)
            table.add_row(student, earned, str(scores.count(None)), str(to_look_at or ""))
        console.print(table)
        if len(shown) > MOST_ROWS:
            console.print(f"… and {len(shown) - MOST_ROWS} more: autograder grades")
    for student, why in summary.failed.items():
        tell(f"Not graded: {student}: {why}")
    if summary.failed:
        tell("To grade them, run the same command again: no notebook runs whose result was stored.")
    for student, why in summary.without_feedback.items():
        tell(f"Graded, but no feedback was written: {student}: {why}")
        tell(f"Then: nbgrader generate_feedback {assignment} --force --student '{student}'")
    console.print(
        f"{len(summary.graded)} graded, {len(summary.unchanged)} unchanged, "
        f"{len(summary.failed)} failed, in {summary.seconds:.0f} s"
    )
