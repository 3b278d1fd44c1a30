"""Measures what grading a submission costs, in one run on one machine, and prints tables in Markdown.

Parts: a, the autograder; b, the same with kernels that import TensorFlow anew; c, the bare computations;
d, plain nbgrader with asserts in the kernel and the full training; scaling, with one and two workers;
class, a whole class, its memory, and grading it again unchanged. A submission is both notebooks, solved.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import report, runs
from benchmarks.classroom import Classroom, ClassroomError, find_programs
from benchmarks.meter import CommandError

PARTS = ("a", "b", "c", "d", "scaling", "class")


def main() -> str | int:
    """Runs the parts that are asked for; returns the exit status, or what went wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--submissions",
        type=int,
        default=9,
        help="in a run of a, b and scaling, at least 2 (default: 9)",
    )
    parser.add_argument("--class-size", type=int, default=100, help="default: 100")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART")
    parser.add_argument("--course", type=Path, default=Path(), help="the course directory")
    arguments = parser.parse_args()
    if arguments.submissions < 2:
        parser.error("--submissions: at least 2, as the cost of one more than one is measured")
    find_programs()
    try:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            figures = _measure(arguments, Path(folder))
    except (ClassroomError, CommandError) as error:
        return str(error)
    report.show(figures)
    return 0


def _measure(arguments: argparse.Namespace, folder: Path) -> report.Figures:
    figures = report.Figures(submissions=arguments.submissions)
    started = time.monotonic()

    def begins(part: str, what: str) -> bool:
        if part in arguments.only:
            print(f"[{time.monotonic() - started:4.0f} s] {part}: {what}", file=sys.stderr, flush=True)
        return part in arguments.only

    if begins("c", "the bare computations"):
        figures.floor = runs.program("floor")
    if begins("d", "plain nbgrader, and Keras as a student has it"):
        figures.plain_notebook = runs.plain_notebook(folder)
        figures.plain = runs.program("plain")
    if not {"a", "b", "scaling", "class"} & set(arguments.only):
        return figures
    count = arguments.submissions
    classroom = Classroom(arguments.course, folder)
    if begins("a", f"grading 1 and {count} submissions"):
        figures.ours = runs.pipeline(classroom, "ours", count)
    if begins("b", f"the same with fresh kernels, 1 and {count} submissions"):
        figures.fresh = runs.pipeline(classroom, "fresh", count, runs.FRESH_KERNELS)
    if begins("scaling", f"{count} submissions with one worker and with two"):
        figures.by_workers = runs.scaling(classroom, count)
    if begins("class", f"{arguments.class_size} submissions, and again"):
        figures.whole_class = runs.whole_class(classroom, arguments.class_size)
    return figures


if __name__ == "__main__":
    sys.exit(main())
