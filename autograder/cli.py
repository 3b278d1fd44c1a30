"""The command `autograder`: what nbgrader's own commands do not do."""

import argparse
import os
import sys
from collections.abc import Callable
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
    release = commands.add_parser("release", help="make release/ and the gradebook's cells from source/")
    solutions = commands.add_parser("solutions", help="execute the solutions (about 20 minutes)")
    quickstart = commands.add_parser("quickstart", help="make a course directory with the bundled lab")
    quickstart.add_argument("folder", type=Path, help="the new course directory, or one to complete")
    quickstart.add_argument("--assignment", help="the name of its folder (default: as bundled)")
    check = commands.add_parser("check", help="tell where lab file and notebooks disagree")
    check.add_argument("--quick", action="store_true", help="run no notebook")
    calibrate = commands.add_parser("calibrate", help="measure the bounds of this lab")
    _add_calibration_options(calibrate)
    for command in (grade, grades, release, solutions, check, calibrate):
        command.add_argument(
            "--assignment", default="", help="its name (default: the only one with a lab file)"
        )
    for command in (grade, grades, release, solutions, check, calibrate):
        command.add_argument("--course", type=Path, default=Path(), help="the course directory")
    demo.add_argument("--course", type=Path, help="the course directory (default: here, or as bundled)")

    options = vars(parser.parse_args())
    # nbgrader starts `alembic` by name; it lies beside this Python, whose environment may be inactive.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    sys.exit(_run(options.pop("command"), options))


def _add_calibration_options(calibrate: argparse.ArgumentParser) -> None:
    add = calibrate.add_argument
    add("--exercise", action="append", default=[], help="only this one; may be given again")
    add(
        "--data",
        action="append",
        metavar="embedded|FILE.npz",
        help="images to measure on; may be given again (default: those that the course grades on)",
    )
    add("--seeds", type=int, default=300, help="per learning rate (default: 300; 7 for a first look)")
    add("--output", type=Path, help="results and page (default: .autograder/calibration)")
    add("--workers", type=int, default=0, help="processes (default: cores)")
    add("--report", action="store_true", help="measure nothing: only write anew")
    add("--again", action="store_true", help="also measure exercises whose bound is up to date")
    add(
        "--by-hand",
        action="store_true",
        help="let a person grade what cannot be told apart: changes the lab file",
    )


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
        from autograder.lab.file import LabFileError

        try:
            run_demo(**options)
        except (DemoError, LabFileError) as error:
            return str(error)
        return 0
    if command == "grades":
        return _print_grades(**options)
    if command == "quickstart":
        from autograder.adapting import quickstart

        return quickstart.run(**options)
    from autograder.lab.file import LabFileError, chosen

    try:
        options["assignment"] = chosen(options["course"], options["assignment"])
        return _OF_A_LAB[command](**options)
    except LabFileError as error:
        return str(error)


def _release(course: Path, assignment: str) -> str | int:
    from autograder.course import publish
    from autograder.lab.file import read

    # What students are given should not come from a lab file that is wrong.
    read(course / "source" / assignment)
    return _published(publish.write_release, course, assignment)


def _solutions(course: Path, assignment: str) -> str | int:
    from autograder.course import publish

    return _published(publish.write_solutions, course, assignment)


def _published(write: Callable[[Path, str], Path], course: Path, assignment: str) -> str | int:
    from autograder.course.publish import PublishError

    try:
        print(f"{write(course, assignment)} written")
    except PublishError as error:
        return str(error)
    return 0


def _check(course: Path, assignment: str, quick: bool) -> str | int:
    from autograder.adapting import checkup

    return checkup.run(course, assignment, quick=quick)


def _calibrate(
    course: Path, assignment: str, exercise: list[str], data: list[str] | None, **options: Any
) -> str | int:
    from autograder.calibration import CalibrationError, command
    from autograder.course import app
    from autograder.lab.images import ImagesError

    options["output"] = options["output"] and options["output"].resolve()
    named = [str(Path(each).resolve()) if Path(each).exists() else each for each in data or ()]
    sources = tuple(named or [app.options(course).images])
    folder = Path("source", assignment)
    try:
        print(command.calibrate(command.Options(folder, tuple(exercise), sources, **options)))
    except (CalibrationError, ImagesError) as error:
        return str(error)
    except KeyboardInterrupt:
        return "Interrupted. Run the same command again: it goes on where it was."
    return 0


def _print_grades(course: Path, assignment: str) -> str | int:
    from nbgrader.api import MissingEntry
    from sqlalchemy.exc import SQLAlchemyError

    from autograder.course.faults import in_words
    from autograder.lab.file import LabFileError, chosen
    from autograder.report.grade_table import read_grades

    database = (course / "gradebook.db").resolve()
    if not database.exists():
        return (
            f"There is no gradebook at {database}. Name the course directory with --course; in a new "
            "course, `autograder release` makes it."
        )
    try:
        read_grades(f"sqlite:///{database}", "", chosen(course, assignment)).show()
    except LabFileError as error:
        return str(error)
    except (MissingEntry, SQLAlchemyError) as error:
        return f"No grades can be shown: {in_words(error)}. Then run the same command again."
    return 0


_OF_A_LAB: dict[str, Callable[..., str | int]] = {
    "release": _release,
    "solutions": _solutions,
    "check": _check,
    "calibrate": _calibrate,
}
"""The subcommands that work on one assignment."""


if __name__ == "__main__":
    main()
