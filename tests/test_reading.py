"""Notebooks as they come: what can be read is read, what cannot is named."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.course.reading import UNREADABLE, UnreadableNotebook, read_submission, stand_in

LIMIT = 100_000


def notebook_with(**changes):
    return json.dumps(new_notebook(cells=[new_code_cell("1 + 1")]) | changes)


@pytest.fixture
def handed_in(tmp_path):
    def write(content):
        path = tmp_path / "autoencoder.ipynb"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_a_notebook_is_read(handed_in):
    assert read_submission(handed_in(notebook_with()), LIMIT).cells[0].source == "1 + 1"


def test_an_old_format_is_read(handed_in):
    old = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell(input="2")])]
    )
    assert read_submission(handed_in(json.dumps(old)), LIMIT).cells[0].source == "2"


def test_faults_in_old_outputs_harm_nobody(handed_in):
    cell = dict(new_code_cell("1"), outputs=[{"output_type": "nonsense"}])
    assert read_submission(handed_in(notebook_with(cells=[cell])), LIMIT).cells[0].source == "1"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        ("import keras", "not JSON"),
        ("[]", "not a valid notebook"),
        ("null", "not a valid notebook"),
        (notebook_with(nbformat=9), "not a valid notebook"),
        (notebook_with(cells=None), "not a valid notebook"),
        (notebook_with(cells=[{"cell_type": "code"}]), "not a valid notebook"),
        ("[" * 50_000, "not a valid notebook"),
        ("x" * (LIMIT + 1), "100,001 bytes"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_anything_else_is_named(handed_in, content, reason):
    with pytest.raises(UnreadableNotebook, match=reason):
        read_submission(handed_in(content), LIMIT)


def test_the_stand_in_says_why():
    notebook = stand_in("the file is not JSON, as a notebook is")
    assert notebook.metadata[UNREADABLE] in notebook.cells[0].source
    nbformat.validate(notebook)
