"""Compares the names that students must define with those in text, tests and solution."""

import ast
import builtins
import re
from collections.abc import Iterable, Iterator

from nbformat import NotebookNode

from autograder.adapting.finding import Finding, in_cell, in_notebook
from autograder.adapting.wording import (
    NumberedCell,
    bold_names,
    cells_with,
    criterion_cells,
    emphasised,
    markdown_cells,
    without_hidden,
)
from autograder.lab import Exercise

KEYS = ("model", "history", "outputs", "noisy_train", "noisy_test")
"""The keys of the lab file's table of names."""
_MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)
"""A line that IPython understands, and Python does not."""


def compare_names(exercise: Exercise, notebook: NotebookNode) -> Iterator[Finding]:
    """Names what the text does not tell or the solution does not define, and names of another lab."""
    told = {word for _, cell in markdown_cells(notebook) for word in emphasised(cell.source)}
    defined = _defined(cells_with(notebook, exercise.answers))
    for key, name in _required(exercise).items():
        expected = f"{name} in the lab file"
        if name not in told:
            found, to_do = "no such name in the text", f"Write **`{name}`** where the task is set."
            yield in_notebook(exercise, key, found, expected, to_do)
        if name not in defined:
            yield in_notebook(exercise, key, "no such name in the sample solution", expected)
    yield from _others_in_text(exercise, notebook)
    yield from _others_in_tests(exercise, notebook)


def _required(exercise: Exercise) -> dict[str, str]:
    """The names that students must define, by their keys in the lab file."""
    return {f"names.{key}": name for key in KEYS if (name := getattr(exercise, key))}


def _others_in_text(exercise: Exercise, notebook: NotebookNode) -> Iterator[Finding]:
    """Names what stands in bold and backticks like a name to define, and is none.

    What the code uses as a function's or an argument's name may stand there, too.
    """
    code = [(index, cell) for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    known = {*_required(exercise).values(), *_defined(cells_with(notebook, exercise.given))}
    of_others = {word for _, cell in code for word in _parts(cell.source)}
    known |= of_others - _defined(cells_with(notebook, exercise.answers))
    for index, cell in markdown_cells(notebook):
        for name in dict.fromkeys(bold_names(cell.source)):
            if name not in known:
                yield _other(exercise, (index, cell), f"**`{name}`**")


def _others_in_tests(exercise: Exercise, notebook: NotebookNode) -> Iterator[Finding]:
    """Names what a test cell uses, and neither a given cell nor the lab file defines."""
    known = {*dir(builtins), *_required(exercise).values()}
    known |= _defined(cells_with(notebook, exercise.given))
    for where in criterion_cells(exercise, notebook):
        known |= _defined([where])
        used = (name for name, defined in _names(without_hidden(where[1].source)) if not defined)
        for name in dict.fromkeys(used):
            if name not in known:
                yield _other(exercise, where, name)


def _other(exercise: Exercise, where: NumberedCell, name: str) -> Finding:
    expected = f"the lab file's names are {', '.join(_required(exercise).values())}"
    return in_cell(exercise, *where, "names", name, expected)


def _tree(source: str) -> ast.Module:
    """The syntax tree of a code cell; empty if it is no Python."""
    try:
        return ast.parse(_MAGIC.sub(r"\1pass", source))
    except SyntaxError:
        return ast.Module([], [])


def _names(source: str) -> Iterator[tuple[str, bool]]:
    """The names in a code cell, and whether the place defines or uses each."""
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.Name):
            yield node.id, isinstance(node.ctx, ast.Store)
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0], True
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, True
        elif isinstance(node, ast.arg):
            yield node.arg, True
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name, True


def _defined(cells: Iterable[NumberedCell]) -> set[str]:
    return {name for _, cell in cells for name, defined in _names(cell.source) if defined}


def _parts(source: str) -> Iterator[str]:
    """The names of modules, attributes and keyword arguments in a code cell."""
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.alias):
            yield from node.name.split(".")
