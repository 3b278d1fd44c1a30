"""The source notebooks, with one thing changed, for tests of what `autograder check` finds."""

import re
from dataclasses import replace

from the_lab import SOURCE

from autograder.submissions import notebooks


def source(exercise):
    """An exercise's source notebook."""
    return notebooks.read(SOURCE / f"{exercise.notebook}.ipynb")


def cell_of(notebook, where):
    """The cell with an id, or the first one whose text contains the words."""
    by_id = [cell for cell in notebook.cells if notebooks.grade_id(cell) == where]
    return by_id[0] if by_id else next(cell for cell in notebook.cells if where in cell.source)


def edited(exercise, where, old, new):
    """The source notebook with a text replaced in one cell."""
    notebook = source(exercise)
    cell = cell_of(notebook, where)
    assert old in cell.source, cell.source
    cell.source = cell.source.replace(old, new)
    return notebook


def with_metadata(exercise, where, **changes):
    """The source notebook with other nbgrader metadata in one cell."""
    notebook = source(exercise)
    cell_of(notebook, where).metadata["nbgrader"].update(changes)
    return notebook


def with_layer(exercise, part, number, **changes):
    """The exercise with one layer changed, counted from 1."""
    layers = list(getattr(exercise, part))
    layers[number - 1] = replace(layers[number - 1], **changes)
    return replace(exercise, **{part: tuple(layers)})


def with_convolutions(exercise, **changes):
    """The exercise with all convolutions before the output changed."""
    parts = {
        part: tuple(
            replace(layer, **changes) if layer.kind == "Conv2D" else layer
            for layer in getattr(exercise, part)
        )
        for part in ("encoder", "decoder")
    }
    return replace(exercise, **parts)


def lines(findings):
    """Findings as they are printed, without the notebook's name."""
    return [re.sub(r"^\w+\.ipynb(, |(?= \()|: )", "", str(finding)).strip() for finding in findings]
