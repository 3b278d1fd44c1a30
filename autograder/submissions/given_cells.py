"""Gives a submission the given cells back as they were: changed, moved, repeated or deleted ones.

Nothing that a student's notebook says of a given cell is believed but its id: what kind of cell it
is, what it is worth and, for a test, what it runs, is what the gradebook says. nbgrader's OverwriteCells
believes more, and drops the submission (or the whole run) over metadata it did not expect.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.submissions.notebooks import grade_id

SCHEMA_VERSION = 3
"""Of nbgrader's cell metadata."""


@dataclass(frozen=True)
class GivenCell:
    """A cell of the released notebook, as the gradebook knows it."""

    name: str
    cell_type: str
    source: str
    checksum: str
    locked: bool
    """Read-only and test cells, whose text is not the student's."""
    answer: bool
    """Cells that students write in."""
    points: float | None
    """None where nothing is graded."""

    def metadata(self) -> dict:
        """What nbgrader needs to find in the cell."""
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
    """A submission's cells with the given ones in their places, and remarks on what was amiss."""
    by_name = {cell.name: cell for cell in given}
    result, remarks, seen = [], [], set()
    # Of cells with one id the last counts, as in nbgrader; the others are cells of the student's own.
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
    for name, cell in by_name.items():
        if all(grade_id(other) != name for other in result):
            if name not in seen:
                remarks.append(f"Cell {name} is missing; it is put back")
            result.insert(_place(result, name, list(by_name)), _original(cell, None))
    return result, remarks


def _known_name(cell: NotebookNode, by_name: dict[str, GivenCell]) -> str | None:
    metadata = cell.metadata.get("nbgrader")
    name = metadata.get("grade_id") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) and name in by_name else None


def _plain(cell: NotebookNode) -> NotebookNode:
    cell.metadata.pop("nbgrader", None)
    return cell


def _original(given: GivenCell, submitted: NotebookNode | None) -> NotebookNode:
    """The given cell, with the student's answer if it is one that students write in."""
    new_cell = new_code_cell if given.cell_type == "code" else new_markdown_cell
    cell = new_cell(given.source, metadata={"nbgrader": given.metadata()}, id=f"given-{given.name}")
    if submitted is not None and not given.locked:
        cell.source = submitted.source
    return cell


def _moved(cells: Sequence[NotebookNode], by_name: dict[str, GivenCell]) -> list[str]:
    """The locked cells that stand on the wrong side of an answer. Answers stay where they are."""
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
    """Before the next given cell, so that cells of the student's own in between come first."""
    following = set(order[order.index(name) + 1 :])
    for position, cell in enumerate(cells):
        if grade_id(cell) in following:
            return position
    return len(cells)
