"""The command `autograder check`: where a lab file and what lies beside it disagree."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from nbformat import NotebookNode, ValidationError

from autograder.adapting import currency
from autograder.adapting.cells import compare_cells
from autograder.adapting.finding import Finding, file_of, in_notebook
from autograder.adapting.hidden_tests import compare_hidden_tests
from autograder.adapting.layer_table import compare_layer_table
from autograder.adapting.names import compare_names
from autograder.adapting.numbers_in_text import compare_numbers
from autograder.adapting.points import compare_points
from autograder.adapting.words import compare_dataset, compare_loss_and_optimizer
from autograder.judge.bounds import lab_in
from autograder.lab import Exercise, Lab
from autograder.lab.file import LabFileError
from autograder.submissions import notebooks

COMPARISONS: tuple[Callable[[Exercise, NotebookNode], Iterator[Finding]], ...] = (
    compare_cells,
    compare_points,
    compare_hidden_tests,
    compare_layer_table,
    compare_numbers,
    compare_names,
    compare_loss_and_optimizer,
)
"""What is compared in each notebook by itself."""


def run(course: Path, assignment: str, *, quick: bool) -> int:
    """Prints all findings, and what to do; returns the exit code.

    quick: leave out the trial, which runs the notebooks.
    """
    if not (course / "nbgrader_config.py").is_file():
        print(f"{course.resolve()} is no course directory: it has no nbgrader_config.py.")
        return 1
    try:
        found = checkup(course, assignment, quick=quick)
    except LabFileError as error:
        print(error)
        return 1
    for finding in found:
        print(finding)
        if finding.to_do:
            print(f"    {finding.to_do}")
    print(_summary(assignment, found, quick))
    return 1 if found else 0


def checkup(course: Path, assignment: str, *, quick: bool) -> list[Finding]:
    """Returns where lab file and notebooks of an assignment disagree, notebook by notebook.

    quick: leave out the trial. Progress goes to standard error. Raises LabFileError.
    """
    source = course / "source" / assignment
    lab, remarks = lab_in(source)
    found, readable = _read(lab, source)
    for name, notebook in readable.items():
        found += compare_notebook(lab, lab.exercises[name], notebook)
    found += currency.stale_bounds(remarks)
    _tell(f"Comparing release/ and solutions/ of {assignment} with source/")
    found += currency.stale_files(course, assignment)
    if not quick:
        # It imports nbgrader and all that grading needs.
        from autograder.adapting.trial import try_out

        found += try_out(course, lab, readable, _tell)
    return found


def compare_notebook(lab: Lab, exercise: Exercise, notebook: NotebookNode) -> list[Finding]:
    """Returns where a notebook's cells and words disagree with the lab, in the order of the cells."""
    found = [finding for compare in COMPARISONS for finding in compare(exercise, notebook)]
    found += compare_dataset(lab, exercise, notebook)
    return sorted(found, key=lambda finding: finding.position)


def _read(lab: Lab, source: Path) -> tuple[list[Finding], dict[str, NotebookNode]]:
    """The notebooks of the lab that can be read, and findings on all others."""
    found, readable = [], {}
    for name, exercise in lab.exercises.items():
        table = f"exercises.{name}"
        try:
            readable[name] = notebooks.read(source / file_of(exercise))
        except FileNotFoundError:
            expected, to_do = (
                f"a table [{table}] in the lab file",
                "Add the notebook or remove the table.",
            )
            found.append(in_notebook(exercise, table, "no such notebook in source/", expected, to_do))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
            problem = " ".join(str(error).split())[:200]
            found.append(in_notebook(exercise, table, f"cannot be read as a notebook: {problem}"))
    for path in sorted(source.glob("*.ipynb")):
        if path.stem not in lab.exercises:
            table = f"exercises.{path.stem}"
            to_do = "Add the table, or move the notebook elsewhere: the grader does not judge it."
            expected = f"no table [{table}] in the lab file"
            found.append(Finding(path.name, "", table, "a notebook in source/", expected, to_do))
    return found, readable


def _summary(assignment: str, found: Sequence[Finding], quick: bool) -> str:
    if found:
        summary = f"{assignment}: {len(found)} finding{'' if len(found) == 1 else 's'}."
    else:
        summary = f"{assignment}: 0 findings, lab file and notebooks agree."
    return f"{summary} No notebook was run (--quick)." if quick else summary


def _tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)
