"""Compares the hidden part of each test cell with the call that hands over its evidence."""

import ast
import re
from collections.abc import Iterator

from nbformat import NotebookNode

from autograder.adapting.finding import Finding, in_cell
from autograder.adapting.wording import HIDDEN, criterion_cells, without_hidden
from autograder.lab import Exercise
from autograder.submissions.notebooks import grade_id

_VISIBLE_CALL = re.compile(r"\bcheck\.\w+\(.*?\)")
_IMPORT = "from autograder import check"


def compare_hidden_tests(exercise: Exercise, notebook: NotebookNode) -> Iterator[Finding]:
    """Names the test cells that do not call their function, once, on the lab's names."""
    for index, cell in criterion_cells(exercise, notebook):
        wanted = call(exercise, str(grade_id(cell)))
        hidden, visible = "\n".join(HIDDEN.findall(cell.source)), without_hidden(cell.source)
        to_do = f"Between ### BEGIN HIDDEN TESTS and ### END HIDDEN TESTS: {_IMPORT}; {wanted}"
        try:
            found = _calls(hidden)
        except SyntaxError as error:
            found = [f"no Python ({error.msg})"]
        seen = _VISIBLE_CALL.findall(visible)
        if found != [wanted]:
            said = f"{' and '.join(found) or 'nothing'} in the hidden tests"
            yield in_cell(
                exercise, index, cell, "hidden tests", said, f"{wanted} by the lab file", to_do
            )
        elif _IMPORT not in hidden:
            said = "check is not imported in the hidden tests"
            yield in_cell(exercise, index, cell, "hidden tests", said, _IMPORT, to_do)
        if seen:
            said = f"{' and '.join(seen)} outside of the hidden tests"
            expected = "inside, as students have no autograder"
            yield in_cell(exercise, index, cell, "hidden tests", said, expected, to_do)


def call(exercise: Exercise, criterion: str) -> str:
    """The call that hands over the evidence for a criterion."""
    names = {
        "noise": [exercise.noisy_train, exercise.noisy_test],
        "training": [exercise.model, exercise.noisy_train],
        "visualization": [exercise.model, exercise.noisy_test],
    }.get(criterion, [exercise.model])
    return f"check.{criterion.replace('-', '_')}({', '.join(filter(None, names))})"


def _calls(source: str) -> list[str]:
    """The calls of functions of `check`, with their arguments in order. Raises SyntaxError."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "check"
        ):
            arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
            found.append(f"check.{node.func.attr}({', '.join(map(ast.unparse, arguments))})")
    return found
