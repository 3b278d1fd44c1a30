"""The student's cells that stopped with an error, and what to tell the student about each."""

import functools
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from nbgrader import utils

from autograder.report.remedies import LACKING, REMEDIES, first_match
from autograder.submissions.notebooks import cell_name, is_answer

MOST_CRASHES = 200
"""Most crashes of one notebook that are looked at."""
MOST_OF_A_TEXT = 300
"""Characters that are quoted of an error's text."""
MOST_OF_A_NAME = 60
"""Characters that are quoted of an error's class, or of the first line of a cell without a name."""


@dataclass(frozen=True)
class Crash:
    """A cell that ended with an error."""

    place: int
    """The cell's index in the notebook."""
    cell: str
    """The cell's name in texts for people."""
    answer: bool
    """Whether the lab asks for this cell; if not, the student added it."""
    source: str
    error: str
    """The name of the error's class."""
    text: str
    """The error's message, in one line."""

    @functools.cached_property
    def identifiers(self) -> frozenset[str]:
        """Everything in the cell's source that could be a name."""
        return identifiers(self.source)

    @property
    def undefined(self) -> str:
        """The name that was not defined, if that is the error; else empty."""
        found = re.match(r"name '(\w+)' is not defined", self.text)
        return found[1] if found and self.error == "NameError" else ""

    @property
    def quoted(self) -> str:
        """The error as Python prints it."""
        return f"{self.error}: {self.text}" if self.text else self.error

    @property
    def sentence(self) -> str:
        """The sentence that tells the student what happened."""
        if self.error == "TimeoutError" and "was interrupted" in self.text:
            return f"Your {self.cell} took too long and was interrupted."
        return f"Your {self.cell} stopped with {self.quoted.rstrip('.')}."

    @property
    def remedy(self) -> str:
        """Advice to the student."""
        usual = (
            f"Restart the kernel, run all cells, and mend {self.cell}: all that builds on it follows."
        )
        return first_match(REMEDIES, self.quoted) or usual

    @property
    def lacking(self) -> str:
        """Says what the grading machine lacks, if that stopped the cell; else empty."""
        return first_match(LACKING, self.quoted)


def crashes(cells: Sequence[NotebookNode]) -> list[Crash]:
    """Returns the crashes of the student's cells, in the notebook's order."""
    found = (crash_of(cell, index) for index, cell in enumerate(cells) if is_students(cell))
    return list(itertools.islice(filter(None, found), MOST_CRASHES))


def crash_of(cell: NotebookNode, index: int = 0) -> Crash | None:
    """Returns the crash of the cell at this index of its notebook; None if no error stopped it."""
    errors = errors_of(cell)
    if not errors:
        return None
    name = "".join(re.findall(r"\w+", errors[-1].ename[:MOST_OF_A_NAME])) or "an error"
    text = _gist(errors[-1].evalue)[:MOST_OF_A_TEXT]
    return Crash(index, _called(cell, index), is_answer(cell), cell.source, name, text)


def is_students(cell: NotebookNode) -> bool:
    """Returns whether the cell is code that a student wrote."""
    return cell.cell_type == "code" and not utils.is_grade(cell) and not utils.is_locked(cell)


def errors_of(cell: NotebookNode) -> list[NotebookNode]:
    """Returns the errors among a cell's outputs; the cell ended with the last one."""
    return [output for output in cell.get("outputs", ()) if output.output_type == "error"]


def _gist(text: str) -> str:
    """Returns the line of an error's text that says what is wrong."""
    plain: str = strip_ansi(text)
    lines = (line.strip() for line in plain.splitlines())
    return next((line for line in lines if line and not _FRAMING.match(line)), "")


# Text that Keras and TensorFlow write around the error itself.
_FRAMING = re.compile(
    r"Graph execution error|Exception encountered when calling|Detected at node|Stack trace for"
    r"|File \"|<stdin>|Arguments received by|Node: |\[\[\{\{node"
)


def identifiers(source: str) -> frozenset[str]:
    """Returns everything in a source that could be a name, even if the source is not valid Python."""
    return frozenset(re.findall(r"[^\W\d]\w*", source))


def _called(cell: NotebookNode, index: int) -> str:
    """Returns a cell's name for people, with its first line if it has no id, as nobody counts cells."""
    if is_answer(cell):
        return cell_name(cell, index)
    first = next((line.strip() for line in cell.source.splitlines() if line.strip()), "")
    first = first if len(first) <= MOST_OF_A_NAME else f"{first[:MOST_OF_A_NAME]}…"
    return f'{cell_name(cell, index)} ("{first}")'
