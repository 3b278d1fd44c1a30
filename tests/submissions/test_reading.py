"""A notebook is read if it can be read at all; otherwise the reason is given."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.submissions.reading import UnreadableNotebook, read_submission, stand_in

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


def read(path):
    """The notebook in a file, which must be read without remarks."""
    notebook, remarks = read_submission(path, LIMIT)
    assert not remarks
    return notebook


def test_a_notebook_is_read(handed_in):
    assert read(handed_in(notebook_with())).cells[0].source == "1 + 1"


def test_an_old_format_is_read(handed_in):
    old = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell(input="2")])]
    )
    assert read(handed_in(json.dumps(old))).cells[0].source == "2"


def test_faults_in_old_outputs_do_no_harm(handed_in):
    cell = dict(new_code_cell("1"), outputs=[{"output_type": "nonsense"}])
    assert read(handed_in(notebook_with(cells=[cell]))).cells[0].source == "1"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_any_of_unicodes_encodings_is_read(handed_in, encoding):
    content = json.dumps(new_notebook(cells=[new_code_cell("σ = 1")]), ensure_ascii=False)
    assert read(handed_in(content.encode(encoding))).cells[0].source == "σ = 1"


def test_other_text_is_read_as_latin_1_with_a_remark(handed_in):
    content = json.dumps(new_notebook(cells=[new_code_cell("# é")]), ensure_ascii=False)
    notebook, remarks = read_submission(handed_in(content.encode("latin-1")), LIMIT)

    assert notebook.cells[0].source == "# é"
    assert remarks == ["the file is not text in UTF-8; it was read as Latin-1"]


def test_future_formats_are_read_as_the_present_one_with_a_remark(handed_in):
    notebook, remarks = read_submission(handed_in(notebook_with(nbformat=9)), LIMIT)

    assert notebook.cells[0].source == "1 + 1"
    assert remarks == ["the file says it is in format 9; it was read as format 4"]


@pytest.mark.parametrize(
    "fault",
    [
        {"metadata": 7},
        {"metadata": {"nbgrader": []}},
        {"metadata": {"nbgrader": {"grade_id": ["loss"]}, "tags": ["skip-execution"]}},
        {"id": "not valid!"},
        {"id": None, "outputs": None, "execution_count": "x"},
        {"source": ["1", " + 1"]},
        {"unknown": float("nan")},
    ],
    ids=str,
)
def test_faults_in_what_grading_does_not_need_do_no_harm(handed_in, fault):
    cell = dict(new_code_cell("1 + 1")) | fault
    notebook = read(handed_in(notebook_with(cells=[cell, cell], metadata=[])))

    assert [dict(cell) for cell in notebook.cells] == [
        dict(new_code_cell("1 + 1", id=name)) for name in ("cell-0", "cell-1")
    ]


@pytest.mark.parametrize(
    ("source", "text"),
    [(None, ""), (7, ""), (["a", 7, "b"], "ab"), ("a\0b", "a\0b"), ("\ud800", "?")],
    ids=repr,
)
def test_any_source_is_text_that_can_be_written(handed_in, source, text):
    notebook = read(handed_in(notebook_with(cells=[{"source": source}])))

    assert notebook.cells[0].source == text
    nbformat.writes(notebook).encode("utf-8")


def test_a_cells_id_and_pictures_are_kept_and_nothing_else(handed_in):
    cell = new_code_cell("1", metadata={"nbgrader": {"grade_id": "loss", "points": 99}, "x": 1})
    pictures = {
        "good": {"image/png": "QUJD"},
        "bad": {"text/html": "QUJD", "image/png": '"onerror='},
        "worse": 7,
    }
    text = dict(new_markdown_cell("![](attachment:good)"), attachments=pictures)
    notebook = read(handed_in(notebook_with(cells=[cell, text])))

    assert notebook.cells[0].metadata == {"nbgrader": {"grade_id": "loss"}}
    assert notebook.cells[1].attachments == {"good": {"image/png": "QUJD"}, "bad": {}, "worse": {}}


def test_entries_that_are_no_cells_are_left_out_with_a_remark(handed_in):
    cells = [None, new_code_cell("1"), 7, []]
    notebook, remarks = read_submission(handed_in(notebook_with(cells=cells)), LIMIT)

    assert [cell.source for cell in notebook.cells] == ["1"]
    assert remarks == ["3 entries of the notebook are no cells"]


def test_what_a_notebook_says_of_itself_is_not_read(handed_in):
    content = notebook_with(metadata={"kernelspec": {"name": "of my own"}})
    assert read(handed_in(content)).metadata == {}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xff\xfe\x00", "not JSON"),
        ("import keras", r"not JSON, as a notebook is \(line 1, column 1\)"),
        ("[]", "not a valid notebook"),
        ("null", "not a valid notebook"),
        ("{}", "no list of cells"),
        (notebook_with(cells=None), "no list of cells"),
        ('{"worksheets": [7]}', "not a valid notebook"),
        (f'{{"cells": {"9" * 10_000}}}', "not a valid notebook"),
        (notebook_with(cells=[{}] * 5_001), "5,001 cells, at most 5,000"),
        ("[" * 50_000, "nested too deeply"),
        ("x" * (LIMIT + 1), "100,001 bytes"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_the_reason_is_given_for_all_that_cannot_be_read(handed_in, content, reason):
    with pytest.raises(UnreadableNotebook, match=reason):
        read_submission(handed_in(content), LIMIT)


def test_the_stand_in_says_why():
    reason = "the file is not JSON, as a notebook is"
    notebook = stand_in(reason)
    assert reason in notebook.cells[0].source
    nbformat.validate(notebook)
