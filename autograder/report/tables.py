"""Tables that are printed whole: no line is cut in a pipe or a file, and no name is taken for markup."""

from typing import TextIO

from rich.console import Console
from rich.table import Column, Table

WIDE = 1000
"""Characters in a line where no terminal sets the width."""


def table_console(file: TextIO | None = None) -> Console:
    """Returns a console for tables that writes to a file; to standard output if none is given."""
    console = Console(file=file, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    return console


def number_table(names: str, *numbers: str) -> Table:
    """Returns an empty table, a column of names and columns of numbers; the arguments are its head."""
    # On a narrow terminal, heads continue in the next line; names stay whole.
    columns = (Column(head, justify="right", overflow="fold") for head in numbers)
    return Table(Column(names, no_wrap=True), *columns, box=None, pad_edge=False)
