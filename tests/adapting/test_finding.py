"""A finding names notebook, cell and both values in one line."""

import pytest
from edited import source
from the_lab import AUTOENCODER

from autograder.adapting.finding import Finding, in_cell, in_notebook


def test_a_finding_in_a_cell_with_an_id():
    index, cell = next((i, c) for i, c in enumerate(source(AUTOENCODER).cells) if "training" in c.id)
    found = in_cell(AUTOENCODER, index, cell, "points", "8 in the metadata", "10 in the lab file")
    assert str(found) == (
        "autoencoder.ipynb, cell 'training' (points): 8 in the metadata, 10 in the lab file"
    )


def test_a_cell_without_an_id_is_named_by_its_number_and_first_words():
    cell = source(AUTOENCODER).cells[10]
    assert str(in_cell(AUTOENCODER, 10, cell, "epochs", "5", "10")) == (
        'autoencoder.ipynb, cell 11 "Step 3: train it" (epochs): 5, 10'
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\n\nA word", ' "A word"'),
        (
            "one two three four five six seven eight nine ten",
            ' "one two three four five six seven eight …"',
        ),
        ("", ""),
    ],
)
def test_first_words_are_short(text, words):
    cell = source(AUTOENCODER).cells[0]
    cell.source = text
    assert in_cell(AUTOENCODER, 0, cell, "", "").cell == f"cell 1{words}"


def test_a_finding_without_a_cell():
    found = in_notebook(AUTOENCODER, "epochs", "no such number", "10 in the lab file")
    assert str(found) == "autoencoder.ipynb (epochs): no such number, 10 in the lab file"


def test_a_finding_about_another_file():
    assert str(Finding("release/lab", "", "", "is missing")) == "release/lab: is missing"
