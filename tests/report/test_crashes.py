"""A cell that stopped is named as people know it, and its error is quoted in one line."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from autograder.report.crashes import (
    MOST_CRASHES,
    MOST_OF_A_NAME,
    MOST_OF_A_TEXT,
    crash_of,
    crashes,
    identifiers,
)

ANSWER = {"grade_id": "build-model", "solution": True, "grade": False, "locked": False}
GIVEN = {"grade_id": "setup", "solution": False, "grade": False, "locked": True}
TEST = {"grade_id": "encoder", "solution": False, "grade": True, "locked": True}


def stopped(source="f()", error="ValueError", text="no", nbgrader=None):
    """A cell that ended with an error. nbgrader: its metadata, if it is not the student's own."""
    cell = new_code_cell(source, metadata={"nbgrader": nbgrader} if nbgrader else {})
    cell.outputs = [new_output("error", ename=error, evalue=text, traceback=[])]
    return cell


def test_only_the_students_cells_crash():
    cells = [
        stopped(nbgrader=GIVEN),
        new_markdown_cell("# Exercise 1"),
        stopped(nbgrader=ANSWER),
        new_code_cell("fine = 1"),
        stopped("own()"),
        stopped(nbgrader=TEST),
    ]

    assert [(crash.place, crash.answer) for crash in crashes(cells)] == [(2, True), (4, False)]


def test_an_answer_is_called_by_its_id_and_another_cell_by_place_and_first_line():
    long = "x = " + 100 * "1"

    assert crash_of(stopped(nbgrader=ANSWER), 4).cell == "cell 'build-model'"
    assert crash_of(stopped("\n  import wandb\nmore()"), 4).cell == 'cell 5 ("import wandb")'
    assert crash_of(stopped(long), 4).cell == f'cell 5 ("{long[:MOST_OF_A_NAME]}…")'


def test_the_error_is_quoted_as_python_prints_it():
    crash = crash_of(stopped(text="the text.", nbgrader=ANSWER))

    assert crash.quoted == "ValueError: the text."
    assert crash.sentence == "Your cell 'build-model' stopped with ValueError: the text."
    assert crash_of(stopped(text="")).quoted == "ValueError"


def test_the_line_that_says_what_is_wrong_is_quoted_without_what_keras_writes_around_it():
    text = (
        "Exception encountered when calling Pool.call().\n\n\x1b[1mNegative dimension size caused "
        "by subtracting 2 from 1\x1b[0m\n\nArguments received by MaxPooling2D.call():\n  • inputs=x"
    )
    crash = crash_of(stopped(text=text))
    assert crash.text == "Negative dimension size caused by subtracting 2 from 1"
    assert "too small" in crash.remedy


def test_the_last_of_several_errors_counts():
    cell = stopped(text="the first")
    cell.outputs.append(new_output("error", ename="TypeError", evalue="the last", traceback=[]))
    assert crash_of(cell).quoted == "TypeError: the last"


def test_a_cell_that_took_too_long_is_not_said_to_have_stopped():
    late = crash_of(stopped(error="TimeoutError", text="the cell was interrupted", nbgrader=ANSWER))
    assert late.sentence == "Your cell 'build-model' took too long and was interrupted."


def test_only_a_name_error_has_an_undefined_name():
    text = "name 'autoencoder' is not defined"
    assert crash_of(stopped(error="NameError", text=text)).undefined == "autoencoder"
    assert crash_of(stopped(error="ValueError", text=text)).undefined == ""


def test_without_a_known_remedy_the_student_mends_the_cell():
    assert "mend cell 'build-model'" in crash_of(stopped(nbgrader=ANSWER)).remedy


def test_what_a_student_can_make_huge_is_cut():
    crash = crash_of(stopped(error=f"<b>{1000 * 'E'}", text=1000 * "x"))
    assert len(crash.error) < MOST_OF_A_NAME
    assert crash.error.isidentifier(), "no markup"
    assert len(crash.text) == MOST_OF_A_TEXT
    assert len(crashes([stopped()] * (MOST_CRASHES + 1))) == MOST_CRASHES


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("model.fit(x_train, epochs=10)", {"model", "fit", "x_train", "epochs"}),
        ("%matplotlib inline\nif (", {"matplotlib", "inline", "if"}),
    ],
)
def test_identifiers_are_found_in_code_that_is_not_valid_too(source, found):
    assert identifiers(source) == found
