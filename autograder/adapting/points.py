"""Compares the points in the lab file with those that nbgrader counts and those that students read."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from autograder.adapting.cells import by_id
from autograder.adapting.finding import Finding, in_cell
from autograder.adapting.wording import NumberedCell
from autograder.lab import Criterion, Exercise
from autograder.submissions.notebooks import grade_id

_POINTS = re.compile(r"\((\d+(?:\.\d+)?) points?\)")


def compare_points(exercise: Exercise, notebook: NotebookNode) -> Iterator[Finding]:
    """Names the graded cells whose metadata or title tells other points than the lab file."""
    cells = by_id(notebook)
    for criterion in exercise.criteria:
        for index, cell in cells.get(criterion.id, [])[:1]:
            yield from _metadata(exercise, criterion, index, cell)
            title = cell.source.partition("\n")[0]
            yield from _title(exercise, criterion, (index, cell), title, "in its first line")
    for criterion in exercise.discussions:
        for index, cell in cells.get(criterion.id, [])[:1]:
            yield from _metadata(exercise, criterion, index, cell)
            where, heading = _heading(notebook, index)
            yield from _title(exercise, criterion, where, heading, "in the heading")


def _metadata(
    exercise: Exercise, criterion: Criterion, index: int, cell: NotebookNode
) -> Iterator[Finding]:
    found = cell.metadata["nbgrader"].get("points")
    if found != criterion.points:
        shown = f"{found:g}" if isinstance(found, int | float) else "none"
        yield in_cell(
            exercise, index, cell, "points", f"{shown} in the metadata", _in_the_lab_file(criterion)
        )


def _title(
    exercise: Exercise, criterion: Criterion, where: NumberedCell, title: str, place: str
) -> Iterator[Finding]:
    written = _POINTS.findall(title)
    if [float(number) for number in written] != [criterion.points]:
        found = f"{written[-1]} {place}" if written else f"none {place}"
        example = f"({criterion.points:g} point{'' if criterion.points == 1 else 's'})"
        to_do = f"Write {example} at its end." if not written else ""
        about = "points" if grade_id(where[1]) else f"points of '{criterion.id}'"
        yield in_cell(exercise, *where, about, found, _in_the_lab_file(criterion), to_do)


def _in_the_lab_file(criterion: Criterion) -> str:
    return f"{criterion.points:g} in the lab file"


def _heading(notebook: NotebookNode, index: int) -> tuple[NumberedCell, str]:
    """The heading under which a written answer stands: its own, or the last one in the texts before it.

    Texts that nbgrader does not know are looked through as far as the next cell that it knows.
    """
    here = index, notebook.cells[index]
    place = here
    while True:
        asked = place[1].source.partition("### BEGIN SOLUTION")[0]
        if headings := [line for line in asked.splitlines() if line.startswith("#")]:
            return place, headings[-1]
        before = place[0] - 1
        if before < 0 or grade_id(notebook.cells[before]):
            return here, ""
        place = before, notebook.cells[before]
