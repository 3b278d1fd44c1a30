"""Reads and fills the answer cells of notebooks."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

NewCell = Callable[..., NotebookNode]
"""A function of nbformat that makes a cell."""

_SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)\n?### END SOLUTION", re.DOTALL)


def read(path: Path) -> NotebookNode:
    """Reads the notebook in a file, in the current format."""
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def grade_id(cell: NotebookNode) -> str | None:
    """Returns a cell's nbgrader id, if it has one."""
    name: str | None = cell.metadata.get("nbgrader", {}).get("grade_id")
    return name


def cell_name(cell: NotebookNode, index: int) -> str:
    """Returns a cell's name in texts for people: its id or its number in the notebook."""
    name = grade_id(cell)
    return f"cell '{name}'" if name else f"cell {index + 1}"


def is_answer(cell: NotebookNode) -> bool:
    """Whether students write in the cell."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def solutions(source: NotebookNode) -> dict[str, str]:
    """Returns the sample solution of each answer cell of a source notebook, by grade_id."""
    return {
        name: "\n".join(_SOLUTION.findall(cell.source))
        for cell in source.cells
        if is_answer(cell) and (name := grade_id(cell))
    }


def filled(released: NotebookNode, answers: Mapping[str, str]) -> NotebookNode:
    """Puts answers by grade_id into a copy of a released notebook. Raises KeyError for unknown cells."""
    notebook = deepcopy(released)
    cells = {grade_id(cell): cell for cell in notebook.cells if is_answer(cell)}
    for name, answer in answers.items():
        cells[name].source = answer
    return notebook
