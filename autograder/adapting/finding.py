"""One disagreement between the lab file and what lies beside it, and where it stands."""

from dataclasses import dataclass

from nbformat import NotebookNode

from autograder.lab import Exercise
from autograder.submissions.notebooks import cell_name, grade_id

_WORDS = 40
"""Characters of a cell's first line that tell which cell is meant."""


@dataclass(frozen=True)
class Finding:
    """A disagreement, in words for the instructor who is to mend it."""

    file: str
    cell: str
    """The cell's id, or its number and first words; empty if no single cell is meant."""
    about: str
    """The lab file's key, or another word for what is compared; may be empty."""
    found: str
    """What stands there, and where."""
    expected: str = ""
    """What should stand there, and why; empty if `found` says it."""
    to_do: str = ""
    """What to do, if that is not obvious."""
    position: int = -1
    """The cell's index in its notebook, -1 for no single cell: findings are listed in this order."""

    def __str__(self) -> str:
        place = ", ".join(filter(None, [self.file, self.cell]))
        about = f" ({self.about})" if self.about else ""
        return f"{place}{about}: {', '.join(filter(None, [self.found, self.expected]))}"


def file_of(exercise: Exercise) -> str:
    """The name of an exercise's notebook file."""
    return f"{exercise.notebook}.ipynb"


def in_cell(
    exercise: Exercise,
    index: int,
    cell: NotebookNode,
    about: str,
    found: str,
    expected: str = "",
    to_do: str = "",
) -> Finding:
    """A finding in one cell, the notebook's cells counted from 0."""
    return Finding(file_of(exercise), _place(cell, index), about, found, expected, to_do, index)


def in_notebook(
    exercise: Exercise, about: str, found: str, expected: str = "", to_do: str = ""
) -> Finding:
    """A finding that belongs to a notebook, but to none of its cells."""
    return Finding(file_of(exercise), "", about, found, expected, to_do)


def _place(cell: NotebookNode, index: int) -> str:
    name = cell_name(cell, index)
    if grade_id(cell):
        return name
    first = next((line for line in cell.source.splitlines() if line.strip()), "").lstrip("# ")
    words = first if len(first) <= _WORDS else first[:_WORDS].rsplit(" ", 1)[0] + " …"
    return f'{name} "{words}"' if words else name
