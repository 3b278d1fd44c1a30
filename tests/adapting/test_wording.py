"""Text as a reader takes it in."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from the_lab import AUTOENCODER

from autograder.adapting.wording import bold, bold_names, emphasised, plain, prose, told, without_hidden


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("batches of **100**\nimages", "batches of 100 images"),
        ("We recommend\n> `0.01`.", "We recommend 0.01."),
        ("# one\n# two", "# one two"),
        ("__bold__ and *italic*, but x_train_noisy", "bold and italic, but x_train_noisy"),
    ],
)
def test_plain_text_has_no_emphasis_and_no_line_breaks(markdown, text):
    assert plain(markdown) == text


def test_bold_text_may_go_over_a_line():
    assert bold("the **binary\ncross-entropy** loss and **`name`**") == ["binary cross-entropy", "name"]


def test_names_in_bold_are_in_backticks_too():
    assert bold_names("**`history`**, `history`, **history**, **`padding='same'`**") == ["history"]


def test_emphasis_is_bold_or_backticks():
    assert emphasised("**`a`**, `b` and c") == ["a", "a", "b"]


def test_prose_leaves_tables_out():
    assert prose("before\n| a | b |\n|---|---|\nafter") == "before after"


def test_strings_that_python_joins_are_read_as_one():
    cell = new_code_cell('print(\n    "after 10 "\n    f"epochs"\n)')
    cell.metadata["nbgrader"] = {"grade_id": "training"}
    notebook = new_notebook(cells=[cell, new_markdown_cell("text"), new_code_cell("# not told")])
    assert [text for _, _, text in told(AUTOENCODER, notebook)] == ["text", 'print( "after 10 epochs" )']


def test_hidden_tests_are_taken_out():
    assert without_hidden("a\n### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\nc") == "a\n\nc"
