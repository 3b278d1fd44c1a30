"""Compares the table of layers in a notebook's text with the layers of the lab file, row by row."""

import difflib
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nbformat import NotebookNode

from autograder.adapting.finding import Finding, in_cell, in_notebook
from autograder.adapting.layer_text import (
    Attributes,
    in_row,
    layer_kind,
    resolution,
    said_in_row,
    said_of_convolutions,
)
from autograder.adapting.wording import NumberedCell, is_table_row, markdown_cells, plain
from autograder.lab import Exercise, RequiredLayer

COLUMNS = ("part", "layer", "resolution")
INPUT = "input"
PARTS = (INPUT, "encoder", "decoder", "output")
CONVOLUTION = {
    "filters": "channels",
    "kernel": "kernel",
    "padding": "padding",
    "activation": "activation",
}
"""The attributes of a convolution, and their names in texts."""
USUAL: dict[str, dict[str, Any]] = {
    "MaxPooling2D": {"size": (2, 2), "padding": "valid"},
    "UpSampling2D": {"size": (2, 2)},
}
"""Keras's own choice where a row says nothing."""


@dataclass(frozen=True)
class Row:
    """One row of the table: part and layer without markup, and the height and width after the layer."""

    part: str
    layer: str
    resolution: tuple[int, ...]

    def __str__(self) -> str:
        return f'"{self.layer} | {"×".join(map(str, self.resolution)) or "no resolution"}"'


@dataclass(frozen=True)
class Wanted:
    """One layer of the lab file, its key there, and the height and width of the image after it."""

    part: str
    key: str
    layer: RequiredLayer
    side: int

    def row(self, default: Attributes) -> str:
        """The row that the layer should have in the table."""
        return f'"{in_row(self.layer, default)} | {self.side}×{self.side}"'


def compare_layer_table(exercise: Exercise, notebook: NotebookNode) -> Iterator[Finding]:
    """Names the rows that are wrong, missing or too many, and what the text lacks for reading them."""
    tables = [(where, rows) for where in markdown_cells(notebook) if (rows := _rows(where[1].source))]
    if not tables:
        yield in_notebook(
            exercise,
            "encoder, decoder, output",
            "no table of layers in the text",
            f"{len(exercise.layers)} layers in the lab file",
            "Write a table with the columns | part | layer | resolution after it | and a row for each.",
        )
        return
    where, rows = tables[0]
    before = where[1].source.partition("\n|")[0]
    default = _default(exercise, said_of_convolutions(before))
    yield from _before_the_table(exercise, where, said_of_convolutions(before), default, rows)
    yield from _compare(exercise, where, rows, default)


def _rows(markdown: str) -> list[Row]:
    """The rows of a text's table of layers, without that of the input; none if there is no table."""
    for in_table, lines in itertools.groupby(markdown.splitlines(), is_table_row):
        head, *fields = [_fields(line) for line in lines]
        columns = [index for name in COLUMNS for index, text in enumerate(head) if name in text.lower()]
        if in_table and len(columns) == len(COLUMNS):
            # The first line below the head is the rule.
            return list(_read(fields[1:], columns))
    return []


def _fields(line: str) -> list[str]:
    return [plain(field) for field in line.strip().removeprefix("|").removesuffix("|").split("|")]


def _read(lines: Sequence[Sequence[str]], columns: Sequence[int]) -> Iterator[Row]:
    current = ""
    for fields in lines:
        # A line may end before the last column.
        part, layer, after = (fields[column] if column < len(fields) else "" for column in columns)
        current = next((name for name in PARTS if name in part.lower()), part.lower()) or current
        if current != INPUT and not layer.lower().startswith(INPUT):
            yield Row(current, layer, resolution(after))


def _convolutions(exercise: Exercise, name: str) -> list[Any]:
    """The values of one attribute in the convolutions before the output, without those that are free."""
    values = [
        getattr(layer, name)
        for layer in (*exercise.encoder, *exercise.decoder)
        if layer.kind == "Conv2D"
    ]
    return [value for value in values if value is not None]


def _default(exercise: Exercise, said: Attributes) -> Attributes:
    """What a row says of a convolution by saying nothing: what the text before the table says.

    If no layer of the lab is like that, the text is wrong and not each row: then the most common value.
    """
    default = {}
    for name in CONVOLUTION:
        if values := _convolutions(exercise, name):
            common = Counter(values).most_common(1)[0][0]
            default[name] = said[name] if said.get(name) in values else common
    return default


def _before_the_table(
    exercise: Exercise, where: NumberedCell, said: Attributes, default: Attributes, rows: Sequence[Row]
) -> Iterator[Finding]:
    """Names what the text before the table leaves open, or says of no layer of the lab.

    Wrong numbers are found wherever they stand in a notebook, by `numbers_in_text`.
    """
    said_by_rows = [said_in_row(row.layer) for row in rows if layer_kind(row.layer) == "Conv2D"]
    for name, value in default.items():
        about, wanted = f"convolution.{name}", in_row(replace(_PLAIN, **{name: value}), {})
        expected = f"{wanted.removeprefix('Conv2D, ')} in the lab file"
        if name not in said:
            if all(name in row for row in said_by_rows):
                continue
            found = f"nothing about the {CONVOLUTION[name]} before the table"
            to_do = "Say what holds for every convolution unless the table says otherwise."
            yield in_cell(exercise, *where, about, found, expected, to_do)
        elif said[name] != value and name in ("padding", "activation"):
            yield in_cell(exercise, *where, about, f"{said[name]} before the table", expected)


_PLAIN = RequiredLayer("Conv2D")


def _compare(
    exercise: Exercise, where: NumberedCell, rows: Sequence[Row], default: Attributes
) -> Iterator[Finding]:
    wanted = _wanted(exercise)
    matcher = difflib.SequenceMatcher(
        None,
        [(row.part, layer_kind(row.layer), row.resolution) for row in rows],
        [(each.part, each.layer.kind, (each.side, each.side)) for each in wanted],
        autojunk=False,
    )
    for _, start, end, first, last in matcher.get_opcodes():
        pairs = min(end - start, last - first)
        for row, each in zip(rows[start : start + pairs], wanted[first : first + pairs], strict=True):
            if differing := _differing(row, each, default):
                expected = f"{each.row(default)} by the lab file"
                to_do = f"They differ in {', '.join(differing)}."
                yield in_cell(exercise, *where, each.key, f"{row} in the table", expected, to_do)
        for row in rows[start + pairs : end]:
            found = f"a row {row} in the table"
            yield in_cell(exercise, *where, row.part, found, "no such layer in the lab file")
        for each in wanted[first + pairs : last]:
            expected = f"{each.row(default)} by the lab file"
            yield in_cell(exercise, *where, each.key, "no row in the table", expected)


def _wanted(exercise: Exercise) -> list[Wanted]:
    sides = iter(exercise.sides)
    found = [
        Wanted(part, f"{part} [number {number}]", layer, next(sides))
        for part, layers in (("encoder", exercise.encoder), ("decoder", exercise.decoder))
        for number, layer in enumerate(layers, start=1)
    ]
    return [*found, Wanted("output", "output", exercise.output, next(sides))]


def _differing(row: Row, wanted: Wanted, default: Attributes) -> list[str]:
    """In what a row differs from the layer; what the lab file leaves to the student does not count."""
    differing = [] if row.part == wanted.part else [f"the part, {wanted.part}"]
    if layer_kind(row.layer) != wanted.layer.kind:
        return [*differing, "the kind of layer"]
    for name, value in {**USUAL.get(wanted.layer.kind, default), **said_in_row(row.layer)}.items():
        required = getattr(wanted.layer, name)
        if required is not None and required != value:
            differing.append(CONVOLUTION.get(name, name))
    if row.resolution != (wanted.side, wanted.side):
        differing.append("resolution")
    return differing
