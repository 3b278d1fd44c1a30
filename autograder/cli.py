"""The command `autograder`: what nbgrader's own commands do not do."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Runs one subcommand; exits with one message if there is a problem that the user can mend."""
    parser = argparse.ArgumentParser(prog="autograder", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="grade the bundled example submissions")
    demo.add_argument(
        "--folder", type=Path, default=Path("demo"), help="where to grade them (default: demo)"
    )
    grades = commands.add_parser("grades", help="print the gradebook of a course as a table")
    grade = commands.add_parser("grade", help="grade a whole assignment, many notebooks at once")
    grade.add_argument("--student", default="*", help="a name or a pattern (default: all students)")
    grade.add_argument("--workers", type=int, default=0, help="notebooks at once (default: cores + 1)")
    grade.add_argument("--scheduler", default="", help="use the workers of this Dask scheduler")
    grade.add_argument("--again", action="store_true", help="also run what is graded already")
    grade.add_argument("--feedback", action="store_true", help="also write feedback/")
    worker = commands.add_parser("worker", help="run Dask workers that can grade")
    worker.add_argument("scheduler", help="the scheduler's address, as in tcp://10.0.0.1:8786")
    worker.add_argument("--workers", type=int, default=0, help="notebooks at once (default: cores + 1)")
    release = commands.add_parser("release", help="generate release/ from source/")
    solutions = commands.add_parser("solutions", help="execute the solutions (about 20 minutes)")
    for command in (release, solutions):
        command.add_argument("--check", action="store_true", help="only tell whether they are current")
    for command in (demo, grade, grades, release, solutions):
        command.add_argument("--course", type=Path, default=Path(), help="the course directory")

    options = vars(parser.parse_args())
    # nbgrader starts `alembic` by name; it lies beside this Python, whose environment may be inactive.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    sys.exit(_run(options.pop("command"), options))


def _run(command: str, options: dict[str, Any]) -> str | int:
    """Runs a subcommand, for which alone modules are imported; returns the exit code, or a message."""
    if command == "grade":
        from autograder.batch.command import grade

        return grade(**options)
    if command == "worker":
        from autograder.batch.command import serve

        serve(**options)
        return 0
    if command == "demo":
        from autograder.examples.demo import DemoError, run_demo

        try:
            run_demo(**options)
        except DemoError as error:
            return str(error)
        return 0
    if command == "grades":
        return _print_grades(**options)
    return _publish(command, **options)


def _publish(what: str, course: Path, check: bool) -> str | int:
    from autograder.course import publish

    try:
        if not check:
            write = publish.write_release if what == "release" else publish.write_solutions
            write(course)
            print(f"{what} written")
            return 0
        stale = publish.stale_release if what == "release" else publish.stale_solutions
        if names := stale(course):
            return f"{what}: {', '.join(names)} not current; run `autograder {what}` and commit."
    except publish.PublishError as error:
        return str(error)
    print(f"{what} is current")
    return 0


def _print_grades(course: Path) -> str | int:
    from nbgrader.api import MissingEntry
    from sqlalchemy.exc import SQLAlchemyError

    from autograder.course.faults import in_words
    from autograder.lab import ASSIGNMENT
    from autograder.report.grade_table import read_grades

    database = (course / "gradebook.db").resolve()
    if not database.exists():
        return f"There is no gradebook at {database}. Name the course directory with --course."
    try:
        read_grades(f"sqlite:///{database}", "", ASSIGNMENT).show()
    except (MissingEntry, SQLAlchemyError) as error:
        return f"No grades can be shown: {in_words(error)}. Then run the same command again."
    return 0


if __name__ == "__main__":
    main()
