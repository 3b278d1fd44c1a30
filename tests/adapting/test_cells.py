"""Cells are there once, of their kind, in their order."""

import copy
from dataclasses import replace

import pytest
from edited import cell_of, lines, source, with_metadata
from nbformat.v4 import new_markdown_cell
from the_lab import AUTOENCODER, EXERCISES

from autograder.adapting.cells import compare_cells


def found(notebook, exercise=AUTOENCODER):
    return lines(compare_cells(exercise, notebook))


@pytest.mark.parametrize("exercise", EXERCISES.values())
def test_the_source_has_the_cells_of_the_lab(exercise):
    assert found(source(exercise), exercise) == []


@pytest.mark.parametrize(
    ("where", "key", "kind"),
    [
        ("load-data", "given", "code, 'Read-only' or markdown, 'Read-only'"),
        ("build-model", "answers", "code, 'Autograded answer'"),
        ("encoder", "points", "code, 'Autograder tests'"),
        ("discussion", "by_hand", "markdown, 'Manually graded answer'"),
    ],
)
def test_a_missing_cell_is_named_with_its_kind(where, key, kind):
    notebook = source(AUTOENCODER)
    notebook.cells.remove(cell_of(notebook, where))
    assert found(notebook) == [
        f"({key}): no cell has the id '{where}', one that is {kind} by the lab file"
    ]


def test_a_repeated_cell_is_named():
    notebook = source(AUTOENCODER)
    notebook.cells.append(copy.deepcopy(cell_of(notebook, "loss")))
    assert found(notebook) == [
        "cell 'loss' (points): the id stands a second time, in cell 20, once in a notebook"
    ]


@pytest.mark.parametrize(
    ("where", "changes", "line"),
    [
        (
            "training",
            {"grade": False},
            "cell 'training' (points): code, 'Read-only', code, 'Autograder tests' by the lab file",
        ),
        (
            "training",
            {"locked": False},
            "cell 'training' (points): code, graded=True, solution=False, locked=False, "
            "code, 'Autograder tests' by the lab file",
        ),
        (
            "train-model",
            {"grade": True},
            "cell 'train-model' (answers): code, 'Manually graded answer', "
            "code, 'Autograded answer' by the lab file",
        ),
        (
            "load-data",
            {"locked": False, "solution": True},
            "cell 'load-data' (given): code, 'Autograded answer', "
            "code, 'Read-only' or markdown, 'Read-only' by the lab file",
        ),
        (
            "discussion",
            {"task": True, "solution": False},
            "cell 'discussion' (by_hand): markdown, 'Manually graded task', "
            "markdown, 'Manually graded answer' by the lab file",
        ),
    ],
)
def test_a_cell_of_another_kind_is_named_with_both(where, changes, line):
    assert found(with_metadata(AUTOENCODER, where, **changes)) == [line]


def test_a_test_in_text_is_of_another_kind():
    notebook = source(AUTOENCODER)
    where = notebook.cells.index(cell_of(notebook, "loss"))
    metadata = notebook.cells[where].metadata
    notebook.cells[where] = new_markdown_cell("The loss", metadata=metadata)
    [line] = found(notebook)
    assert "markdown, 'Autograder tests', code, 'Autograder tests'" in line


@pytest.mark.parametrize(
    ("key", "where"), [("given", "load-data"), ("answers", "visualize"), ("discussions", "discussion")]
)
def test_a_cell_that_the_lab_file_does_not_know_is_named(key, where):
    exercise = replace(AUTOENCODER, **{key: tuple(c for c in getattr(AUTOENCODER, key) if c != where)})
    if key == "discussions":
        exercise = replace(AUTOENCODER, discussions=())
    [finding] = compare_cells(exercise, source(AUTOENCODER))
    assert finding.cell == f"cell '{where}'"
    assert finding.expected == "not in the lab file"
    assert finding.to_do.startswith("List it under ")


def test_the_first_cell_in_another_order_is_named():
    notebook = source(AUTOENCODER)
    encoder, decoder = (cell_of(notebook, name) for name in ("encoder", "decoder"))
    notebook.cells.remove(encoder)
    notebook.cells.insert(notebook.cells.index(decoder) + 1, encoder)
    [line] = found(notebook)
    assert line.startswith(
        "cell 'decoder' (points): stands before 'encoder', after it in the lab file, "
        "whose order is encoder, decoder, "
    )


def test_what_a_person_grades_may_stand_anywhere():
    loss = replace(AUTOENCODER.criterion("loss"), by_hand=True)
    others = tuple(c for c in AUTOENCODER.criteria if c.id != "loss")
    assert found(source(AUTOENCODER), replace(AUTOENCODER, criteria=(*others, loss))) == []
