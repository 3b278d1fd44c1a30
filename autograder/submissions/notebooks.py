"""Notebooks as data: the code of the solution cells, taken out and put in."""

import re
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

_SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)\n?### END SOLUTION", re.DOTALL)


def read(path: Path) -> NotebookNode:
    """The notebook in a file, in the current format."""
    return nbformat.read(path, as_version=4)


def grade_id(cell: NotebookNode) -> str | None:
    """A cell's nbgrader id, if it has one."""
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def cell_name(cell: NotebookNode, index: int) -> str:
    """What people know a cell by, the one at this place of its notebook."""
    name = grade_id(cell)
    return f"cell '{name}'" if name else f"cell {index + 1}"


def is_answer(cell: NotebookNode) -> bool:
    """Whether the cell is one that students write in."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def solutions(source: NotebookNode) -> dict[str, str]:
    """The sample solution of each answer cell of a source notebook."""
    return {
        grade_id(cell): "\n".join(_SOLUTION.findall(cell.source))
        for cell in source.cells
        if is_answer(cell)
    }


def filled(released: NotebookNode, answers: Mapping[str, str]) -> NotebookNode:
    """A released notebook with a student's answers by grade_id. Raises KeyError for unknown cells."""
    notebook = deepcopy(released)
    cells = {grade_id(cell): cell for cell in notebook.cells if is_answer(cell)}
    for name, answer in answers.items():
        cells[name].source = answer
    return notebook
