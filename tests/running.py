"""Runs cells as submissions run; nobody judges them."""

import contextlib

import pytest
from course import TEST_IMAGES, TRAIN_IMAGES
from nbformat.v4 import new_code_cell, new_notebook
from the_lab import LAB

from autograder.grading.grader import Grader
from autograder.grading.options import Grading
from autograder.sandbox import bubblewrap
from autograder.submissions.job import files_in, job_of

FEW = {"train_images": TRAIN_IMAGES, "test_images": TEST_IMAGES}

needs_sandbox = pytest.mark.skipif(
    bool(bubblewrap.problem()), reason=f"no sandbox here: {bubblewrap.problem()}"
)
"""Marks tests that need the sandbox."""


def grader_with(**options):
    """A grader with few images, and with limits that fit short cells."""
    return Grader(Grading(**{"cell_timeout": 60, "iopub_timeout": 10} | FEW | options), LAB)


def sandboxed(**options):
    """A grader whose submissions run in the sandbox."""
    return grader_with(sandbox="required", **options)


def result_of(grader, *cells, folder=None, notebook=None, **options):
    """What came of cells, or of a notebook that is not one of the lab's.

    folder: with the files beside it. options: other ones than the grader's, for this notebook.
    """
    notebook = notebook or new_notebook(cells=[new_code_cell(cell) for cell in cells])
    with _changed(grader.options, options):
        return grader.grade(job_of("none of the lab", notebook, files_in(folder) if folder else ()))


@contextlib.contextmanager
def _changed(options, changes):
    before = {name: getattr(options, name) for name in changes}
    for name, value in changes.items():
        setattr(options, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(options, name, value)


class Run:
    """What became of a notebook: the text of each cell's outputs, and why it ended early, if it did."""

    def __init__(self, grader, *cells, **options):
        self.result = result_of(grader, *cells, **options)
        self.cells = ["".join(map(_text, cell.outputs)) for cell in self.result.cells]
        self.text = self.cells[-1]
        self.incident = self.result.incident


def _text(output):
    if output["output_type"] == "error":
        return f"{output['ename']}: {output['evalue']}"
    return output.get("text") or output["data"]["text/plain"]
