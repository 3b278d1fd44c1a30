"""The command `autograder`: what nbgrader's own commands do not do."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path


def main() -> None:
    """Runs one subcommand; a problem the user can mend ends it with one message."""
    parser = argparse.ArgumentParser(prog="autograder", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="grade the bundled example submissions")
    demo.add_argument("--folder", type=Path, default=Path("demo"), help="made anew (default: demo)")
    grades = commands.add_parser("grades", help="print the gradebook of a course as a table")
    grade = commands.add_parser("grade", help="grade a whole assignment, many notebooks at once")
    grade.add_argument("--student", default="*", help="only this one (a pattern; default: all)")
    grade.add_argument("--workers", type=int, default=0, help="notebooks at once (default: cores + 1)")
    grade.add_argument("--scheduler", default="", help="use the workers of this Dask scheduler")
    grade.add_argument("--again", action="store_true", help="run everything anew, whatever is known")
    grade.add_argument("--feedback", action="store_true", help="write feedback/ as well")
    worker = commands.add_parser("worker", help="run Dask workers that can grade")
    worker.add_argument("scheduler", help="the scheduler's address, as in tcp://10.0.0.1:8786")
    worker.add_argument("--workers", type=int, default=0, help="notebooks at once (default: cores + 1)")
    release = commands.add_parser("release", help="generate release/ from source/")
    solutions = commands.add_parser("solutions", help="execute the solutions (about 20 minutes)")
    for command in (release, solutions):
        command.add_argument("--check", action="store_true", help="only tell whether it is current")
    for command in (demo, grade, grades, release, solutions):
        command.add_argument("--course", type=Path, default=Path(), help="the course directory")

    arguments = parser.parse_args()
    # nbgrader starts `alembic` by name: it lies beside this Python, activated or not.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    sys.exit(_run(arguments))


def _run(arguments: argparse.Namespace) -> str | int:
    if arguments.command in ("grade", "worker"):
        return _run_batch(arguments)
    from autograder.course import publish
    from autograder.examples.demo import DemoError, run_demo

    course = arguments.course
    try:
        if arguments.command == "demo":
            run_demo(course, arguments.folder)
        elif arguments.command == "grades":
            return _print_grades(course)
        elif arguments.command == "release":
            return _publish(arguments, publish.stale_release, publish.write_release)
        else:
            return _publish(arguments, publish.stale_solutions, publish.write_solutions)
    except (DemoError, publish.PublishError) as error:
        return str(error)
    return 0


def _run_batch(arguments: argparse.Namespace) -> str | int:
    from autograder.batch import command

    if arguments.command == "worker":
        command.serve(arguments.scheduler, arguments.workers)
        return 0
    given = {name: value for name, value in vars(arguments).items() if name != "command"}
    return command.grade(command.Options(**given))


def _publish(
    arguments: argparse.Namespace,
    stale: Callable[[Path], list[str]],
    write: Callable[[Path], None],
) -> str | int:
    if not arguments.check:
        write(arguments.course)
        print(f"{arguments.command} written")
        return 0
    names = stale(arguments.course)
    if names:
        command = f"autograder {arguments.command}"
        return f"{arguments.command}: {', '.join(names)} not current; run `{command}` and commit."
    print(f"{arguments.command} is current")
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
    except MissingEntry:
        return f"The gradebook has no assignment '{ASSIGNMENT}': run nbgrader generate_assignment."
    except SQLAlchemyError as error:
        return f"No grades can be shown: {in_words(error)}. Then run the same command again."
    return 0


if __name__ == "__main__":
    main()
