"""Compares the cells of a notebook with the lab file: each is there once, of its kind, in its order."""

from collections.abc import Iterator

from nbformat import NotebookNode

from autograder.adapting.finding import Finding, in_cell, in_notebook
from autograder.adapting.wording import NumberedCell
from autograder.lab import Exercise
from autograder.submissions.notebooks import grade_id

READ_ONLY = "'Read-only'"
TESTS = "'Autograder tests'"
ANSWER = "'Autograded answer'"
BY_HAND = "'Manually graded answer'"
_KINDS = {
    (False, False, True): READ_ONLY,
    (True, False, True): TESTS,
    (False, True, False): ANSWER,
    (True, True, False): BY_HAND,
}
"""By graded, solution and locked: what nbgrader calls the cell in JupyterLab's "Create Assignment"."""

_ALLOWED = {
    "given": (f"code, {READ_ONLY}", f"markdown, {READ_ONLY}"),
    "answers": (f"code, {ANSWER}",),
    "points": (f"code, {TESTS}",),
    "by_hand": (f"markdown, {BY_HAND}",),
}
"""The kinds of the cells that the lab file's lists name; a test cell keeps its kind in `by_hand`."""


def compare_cells(exercise: Exercise, notebook: NotebookNode) -> Iterator[Finding]:
    """Names the cells that are missing, repeated, unknown, of another kind or in another order."""
    cells = by_id(notebook)
    wanted = _wanted(exercise)
    for name, key in wanted.items():
        allowed = " or ".join(_ALLOWED[key])
        if name not in cells:
            yield in_notebook(
                exercise,
                key,
                f"no cell has the id '{name}'",
                f"one that is {allowed} by the lab file",
                'Give a cell this id and kind in "Create Assignment", or take the id out of the file.',
            )
        for index, cell in cells.get(name, [])[1:]:
            yield in_cell(
                exercise,
                index,
                cell,
                key,
                f"the id stands a second time, in cell {index + 1}",
                "once in a notebook",
            )
        for index, cell in cells.get(name, [])[:1]:
            if (found := kind(cell)) not in _ALLOWED[key]:
                yield in_cell(exercise, index, cell, key, found, f"{allowed} by the lab file")
    for name, numbered in cells.items():
        if name not in wanted:
            yield _unknown(exercise, *numbered[0])
    yield from _order(exercise, cells)


def by_id(notebook: NotebookNode) -> dict[str, list[NumberedCell]]:
    """The cells that nbgrader knows, by their ids."""
    found: dict[str, list[NumberedCell]] = {}
    for index, cell in enumerate(notebook.cells):
        if name := grade_id(cell):
            found.setdefault(name, []).append((index, cell))
    return found


def kind(cell: NotebookNode) -> str:
    """A cell's type, and its kind in nbgrader's words."""
    about = cell.metadata.get("nbgrader", {})
    graded, solution, locked = (bool(about.get(name)) for name in ("grade", "solution", "locked"))
    if about.get("task"):
        words = "'Manually graded task'"
    else:
        words = _KINDS.get((graded, solution, locked)) or f"{graded=}, {solution=}, {locked=}"
    return f"{cell.cell_type}, {words}"


def _wanted(exercise: Exercise) -> dict[str, str]:
    """The ids that the lab file names, and the list that says which kind each cell has."""
    return {
        **dict.fromkeys(exercise.given, "given"),
        **dict.fromkeys(exercise.answers, "answers"),
        **{criterion.id: "points" for criterion in exercise.criteria},
        **{criterion.id: "by_hand" for criterion in exercise.discussions},
    }


def _unknown(exercise: Exercise, index: int, cell: NotebookNode) -> Finding:
    found = kind(cell)
    key = next((key for key, allowed in _ALLOWED.items() if found in allowed), "")
    to_do = f"List it under {key} in the lab file, or choose" if key else "Choose"
    return in_cell(
        exercise,
        index,
        cell,
        key,
        found,
        "not in the lab file",
        f'{to_do} "-" for this cell in "Create Assignment".',
    )


def _order(exercise: Exercise, cells: dict[str, list[NumberedCell]]) -> Iterator[Finding]:
    """Names the first test cell that stands where the lab file has another one.

    Criteria that a person grades stand in a table of their own, whose place says nothing.
    """
    wanted = [c.id for c in exercise.criteria if not c.by_hand and c.id in cells]
    found = sorted(wanted, key=lambda name: cells[name][0][0])
    for name, instead in zip(found, wanted, strict=True):
        if name != instead:
            index, cell = cells[name][0]
            yield in_cell(
                exercise,
                index,
                cell,
                "points",
                f"stands before '{instead}'",
                f"after it in the lab file, whose order is {', '.join(wanted)}",
            )
            return
