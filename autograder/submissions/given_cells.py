"""Restores a submission's given cells, even if they were changed, moved, repeated or deleted.

Only the id of a given cell is taken from the notebook. The cell's kind, its points and, for a test, its
code come from the gradebook. nbgrader's OverwriteCells trusts more of the notebook, and fails on
metadata that it does not expect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.submissions.notebooks import NewCell, grade_id

SCHEMA_VERSION = 3
"""The version of nbgrader's cell metadata."""


@dataclass(frozen=True)
class GivenCell:
    """A cell of the released notebook, as the gradebook describes it."""

    name: str
    cell_type: str
    source: str
    checksum: str
    locked: bool
    """Whether the text stays as given: read-only cells and tests."""
    answer: bool
    """Whether students write in the cell."""
    points: float | None
    """The points for the cell; None if it is not graded."""

    def metadata(self) -> dict[str, Any]:
        """Returns the metadata that nbgrader needs in the cell."""
        metadata = {
            "cell_type": self.cell_type,
            "checksum": self.checksum,
            "grade": self.points is not None,
            "grade_id": self.name,
            "locked": self.locked,
            "schema_version": SCHEMA_VERSION,
            "solution": self.answer,
            "task": False,
        }
        return metadata if self.points is None else metadata | {"points": self.points}


def restored(
    cells: Sequence[NotebookNode], given: Sequence[GivenCell]
) -> tuple[list[NotebookNode], list[str]]:
    """Puts all given cells in their places; returns the cells, and remarks on what was wrong."""
    by_name = {cell.name: cell for cell in given}
    result: list[NotebookNode] = []
    remarks, seen = [], set()
    # The last cell with an id counts, as in nbgrader; others with this id become the student's own.
    for cell in reversed(cells):
        name = _known_name(cell, by_name)
        if name is None:
            result.append(_plain(cell))
        elif name in seen:
            remarks.append(f"Cell {name} is there more than once; the last one counts")
            result.append(_plain(cell))
        else:
            result.append(_original(by_name[name], cell))
            seen.add(name)
    result.reverse()
    for name in _moved(result, by_name):
        remarks.append(f"Cell {name} was moved; it is put back")
        result = [cell for cell in result if grade_id(cell) != name]
    for name, missing in by_name.items():
        if all(grade_id(other) != name for other in result):
            if name not in seen:
                remarks.append(f"Cell {name} is missing; it is put back")
            result.insert(_place(result, name, list(by_name)), _original(missing, None))
    return result, remarks


def _known_name(cell: NotebookNode, by_name: dict[str, GivenCell]) -> str | None:
    """The name of the given cell that a cell claims to be; None if there is no such cell."""
    metadata = cell.metadata.get("nbgrader")
    name = metadata.get("grade_id") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) and name in by_name else None


def _plain(cell: NotebookNode) -> NotebookNode:
    """The cell as one of the student's own, without nbgrader's metadata."""
    cell.metadata.pop("nbgrader", None)
    return cell


def _original(given: GivenCell, submitted: NotebookNode | None) -> NotebookNode:
    """The given cell, with the student's answer if students write in it."""
    new_cell: NewCell = new_code_cell if given.cell_type == "code" else new_markdown_cell
    cell = new_cell(given.source, metadata={"nbgrader": given.metadata()}, id=f"given-{given.name}")
    if submitted is not None and not given.locked:
        cell.source = submitted.source
    return cell


def _moved(cells: Sequence[NotebookNode], by_name: dict[str, GivenCell]) -> list[str]:
    """The locked cells on the wrong side of an answer. Answers themselves stay where they are."""
    order = list(by_name)
    present = [name for cell in cells if (name := grade_id(cell))]
    answers = [name for name in present if not by_name[name].locked]
    return [
        name
        for name in present
        if by_name[name].locked
        and any(
            (present.index(answer) < present.index(name)) != (order.index(answer) < order.index(name))
            for answer in answers
        )
    ]


def _place(cells: Sequence[NotebookNode], name: str, order: list[str]) -> int:
    """The place for a given cell: just before the next one, after cells of the student's own."""
    following = set(order[order.index(name) + 1 :])
    for position, cell in enumerate(cells):
        if grade_id(cell) in following:
            return position
    return len(cells)
