"""The text of a notebook as a reader takes it in: without markup, in one line."""

import re
from collections.abc import Iterator, Sequence

from nbformat import NotebookNode

from autograder.lab import Exercise
from autograder.submissions.notebooks import grade_id

NumberedCell = tuple[int, NotebookNode]
"""A cell with its index in the notebook."""

HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS", re.DOTALL)
"""The part of a test cell that students do not get."""
_MARKUP = re.compile(r"\*+|`|__")
_LINE_BREAK = re.compile(r"\s*\n(?:[ \t]*(?:>|#+(?= )))?\s*")
"""The end of a line, with the signs of quotations, headings and comments that begin the next."""
_BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
_BOLD_NAME = re.compile(r"\*\*`([^\W\d]\w*)`\*\*")
_CODE = re.compile(r"`+([^`]+)`+")
_NEXT_STRING = re.compile(r"""(["'])\s*\n\s*[fr]?\1""")
"""Where one string literal ends and the next, which Python appends, begins."""


def plain(markdown: str) -> str:
    """Markdown without emphasis, in one line."""
    return _LINE_BREAK.sub(" ", _MARKUP.sub("", markdown)).strip()


def bold(markdown: str) -> list[str]:
    """What is in bold, without further emphasis."""
    return [plain(text) for text in _BOLD.findall(markdown)]


def emphasised(markdown: str) -> list[str]:
    """What is in bold or in backticks."""
    return [*bold(markdown), *_CODE.findall(markdown)]


def bold_names(markdown: str) -> list[str]:
    """The names in Python that are both in bold and in backticks."""
    return _BOLD_NAME.findall(markdown)


def is_table_row(line: str) -> bool:
    """Whether a line of Markdown belongs to a table."""
    return line.lstrip().startswith("|")


def prose(markdown: str) -> str:
    """Markdown without its tables, otherwise as `plain`."""
    return plain("\n".join(line for line in markdown.splitlines() if not is_table_row(line)))


def markdown_cells(notebook: NotebookNode) -> Iterator[NumberedCell]:
    """The cells with text."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            yield index, cell


def cells_with(notebook: NotebookNode, names: Sequence[str]) -> Iterator[NumberedCell]:
    """The code cells with one of these ids."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and grade_id(cell) in names:
            yield index, cell


def criterion_cells(exercise: Exercise, notebook: NotebookNode) -> Iterator[NumberedCell]:
    """The code cells that the lab file knows as tests."""
    return cells_with(notebook, [criterion.id for criterion in exercise.criteria])


def without_hidden(source: str) -> str:
    """The visible part of a test cell."""
    return HIDDEN.sub("", source)


def answered(exercise: Exercise, notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode, str]]:
    """Each answer with code, and the sample solution in it, in one line."""
    for index, cell in cells_with(notebook, exercise.answers):
        yield index, cell, _LINE_BREAK.sub(" ", cell.source)


def told(exercise: Exercise, notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode, str]]:
    """All that students are told: each text, given cell and test cell, with its wording.

    A code cell is told as it stands; strings that Python joins are joined.
    """
    for index, cell in markdown_cells(notebook):
        yield index, cell, prose(cell.source)
    names = [*exercise.given, *(criterion.id for criterion in exercise.criteria)]
    for index, cell in cells_with(notebook, names):
        yield index, cell, _LINE_BREAK.sub(" ", _NEXT_STRING.sub("", cell.source))
