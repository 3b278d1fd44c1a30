"""Cells of the student's that stopped with an error, and what is to be said of each."""

import functools
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from nbgrader import utils

from autograder.report.remedies import LACKING, REMEDIES
from autograder.submissions.notebooks import cell_name, is_answer

MOST_CHARACTERS = 300
"""Of an error's text that are quoted."""
MOST_CRASHES = 200
MOST_OF_A_LINE = 60
"""Characters of a cell's first line, where that is what it is known by."""


@dataclass(frozen=True)
class Crash:
    """A cell that ended with an error."""

    place: int
    """Among all cells of the notebook."""
    cell: str
    """What people know the cell by."""
    answer: bool
    """Whether it is one that the lab asks for; if not, one of the student's own."""
    source: str
    error: str
    """The name of the error's class."""
    text: str
    """What the error says, in one line."""

    @functools.cached_property
    def words(self) -> frozenset[str]:
        """Everything in its source that could be a name."""
        return words(self.source)

    @property
    def missing_name(self) -> str:
        """The name that was not defined, where that is the error."""
        return missing_name(self.error, self.text)

    @property
    def quoted(self) -> str:
        """The error as Python prints it."""
        return f"{self.error}: {self.text}" if self.text else self.error

    @property
    def sentence(self) -> str:
        """What happened, for the student."""
        if self.error == "TimeoutError" and _INTERRUPTED in self.text:
            return f"Your {self.cell} took too long and was interrupted."
        return f"Your {self.cell} stopped with {self.quoted.rstrip('.')}."

    @property
    def remedy(self) -> str:
        """What the student should try."""
        for pattern, advice in REMEDIES:
            if found := re.search(pattern, self.quoted):
                return found.expand(advice)
        return f"Restart the kernel, run all cells, and mend {self.cell}: all that builds on it follows."

    @property
    def lacking(self) -> str:
        """What the grading machine does not have and the cell asked for, if that is why it stopped."""
        for pattern, what in LACKING:
            if found := re.search(pattern, self.quoted, re.IGNORECASE):
                return found.expand(what)
        return ""


_INTERRUPTED = "was interrupted"


def crashes(cells: Sequence[NotebookNode]) -> list[Crash]:
    """Those among a notebook's cells, in their order. Given cells are not the student's."""
    found = (
        Crash(index, _called(cell, index), is_answer(cell), cell.source, _class(errors), gist(errors))
        for index, cell in enumerate(cells)
        if is_students(cell) and (errors := errors_of(cell))
    )
    return list(itertools.islice(found, MOST_CRASHES))


def is_students(cell: NotebookNode) -> bool:
    """Whether it is code that a student wrote."""
    return cell.cell_type == "code" and not utils.is_grade(cell) and not utils.is_locked(cell)


def errors_of(cell: NotebookNode) -> list[NotebookNode]:
    """The errors among a cell's outputs; the last is what it ended with."""
    return [output for output in cell.get("outputs", ()) if output.output_type == "error"]


def _class(errors: Sequence[NotebookNode]) -> str:
    return "".join(re.findall(r"\w+", errors[-1].ename[:60])) or "an error"


def gist(errors: Sequence[NotebookNode]) -> str:
    """The line of the last error's text that says what is wrong."""
    lines = [line.strip() for line in strip_ansi(errors[-1].evalue).splitlines()]
    telling = [line for line in lines if line and not _FRAMING.match(line)]
    return next(iter(telling), "")[:MOST_CHARACTERS]


# What Keras and TensorFlow write around the error itself.
_FRAMING = re.compile(
    r"Graph execution error|Exception encountered when calling|Detected at node|Stack trace for"
    r"|File \"|<stdin>|Arguments received by|Node: |\[\[\{\{node"
)


def words(source: str) -> frozenset[str]:
    """Everything in a source that could be a name, also where it is no valid Python."""
    return frozenset(re.findall(r"[^\W\d]\w*", source))


def missing_name(error: str, text: str) -> str:
    """The name that a NameError is about; empty for other errors."""
    found = error == "NameError" and re.match(r"name '(\w+)' is not defined", text)
    return found[1] if found else ""


def _called(cell: NotebookNode, index: int) -> str:
    """A cell without a name is known by its first line, too: nobody counts cells."""
    if is_answer(cell):
        return cell_name(cell, index)
    first = next((line.strip() for line in cell.source.splitlines() if line.strip()), "")
    first = first if len(first) <= MOST_OF_A_LINE else f"{first[:MOST_OF_A_LINE]}…"
    return f'{cell_name(cell, index)} ("{first}")'
