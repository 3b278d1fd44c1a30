"""Points are those of the lab file in metadata, titles and headings."""

from dataclasses import replace

import pytest
from edited import edited, lines, source, with_metadata
from the_lab import AUTOENCODER, EXERCISES

from autograder.adapting.points import compare_points


def found(notebook, exercise=AUTOENCODER):
    return lines(compare_points(exercise, notebook))


@pytest.mark.parametrize("exercise", EXERCISES.values())
def test_the_source_tells_the_points_of_the_lab(exercise):
    assert found(source(exercise), exercise) == []


def test_other_points_in_the_lab_file_are_found_in_metadata_and_title():
    criteria = tuple(
        replace(criterion, points=10) if criterion.id == "training" else criterion
        for criterion in AUTOENCODER.criteria
    )
    assert found(source(AUTOENCODER), replace(AUTOENCODER, criteria=criteria)) == [
        "cell 'training' (points): 8 in the metadata, 10 in the lab file",
        "cell 'training' (points): 8 in its first line, 10 in the lab file",
    ]


def test_other_points_for_a_discussion_are_found_in_metadata_and_heading():
    discussions = tuple(replace(each, points=2.5) for each in AUTOENCODER.discussions)
    assert found(source(AUTOENCODER), replace(AUTOENCODER, discussions=discussions)) == [
        "cell 'discussion' (points): 4 in the metadata, 2.5 in the lab file",
        "cell 18 \"Step 5: discuss it (4 points)\" (points of 'discussion'): "
        "4 in the heading, 2.5 in the lab file",
    ]


@pytest.mark.parametrize(
    ("notebook", "line"),
    [
        (
            with_metadata(AUTOENCODER, "loss", points=4),
            "cell 'loss' (points): 4 in the metadata, 3 in the lab file",
        ),
        (
            with_metadata(AUTOENCODER, "loss", points=None),
            "cell 'loss' (points): none in the metadata, 3 in the lab file",
        ),
        (
            edited(AUTOENCODER, "loss", "(3 points)", "(3.5 points)"),
            "cell 'loss' (points): 3.5 in its first line, 3 in the lab file",
        ),
        (
            edited(AUTOENCODER, "loss", " (3 points)", ""),
            "cell 'loss' (points): none in its first line, 3 in the lab file",
        ),
        (
            edited(AUTOENCODER, "## Step 5", " (4 points)", ""),
            "cell 18 \"Step 5: discuss it\" (points of 'discussion'): "
            "none in the heading, 4 in the lab file",
        ),
    ],
)
def test_other_points_in_the_notebook_are_found(notebook, line):
    assert found(notebook) == [line]


def test_a_discussion_may_have_its_heading_in_its_own_cell():
    notebook = edited(AUTOENCODER, "## Step 5", " (4 points)", "")
    answer = notebook.cells[-1]
    answer.source = f"## Your answer (4 points)\n{answer.source}"
    assert found(notebook) == []


def test_a_heading_before_another_task_does_not_count():
    notebook = source(AUTOENCODER)
    del notebook.cells[-2]
    assert found(notebook) == ["cell 'discussion' (points): none in the heading, 4 in the lab file"]
