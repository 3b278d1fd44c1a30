"""Names that students must define are those of the lab file in text, tests and solution."""

from dataclasses import replace

import pytest
from edited import edited, lines, source
from the_lab import AUTOENCODER, DENOISING, EXERCISES

from autograder.adapting.names import compare_names


def found(exercise, notebook):
    return lines(compare_names(exercise, notebook))


@pytest.mark.parametrize("exercise", EXERCISES.values())
def test_the_source_has_the_names_of_the_lab(exercise):
    assert found(exercise, source(exercise)) == []


def test_another_name_in_the_lab_file_is_found_in_text_solution_and_tests():
    others = "the lab file's names are autoencoder, history, results"
    assert found(replace(AUTOENCODER, outputs="results"), source(AUTOENCODER)) == [
        "(names.outputs): no such name in the text, results in the lab file",
        "(names.outputs): no such name in the sample solution, results in the lab file",
        f'cell 15 "Step 4: look at it" (names): **`decoded_images`**, {others}',
        f"cell 'visualization' (names): decoded_images, {others}",
    ]


@pytest.mark.parametrize("key", ["model", "history", "outputs", "noisy_train", "noisy_test"])
def test_each_name_is_compared(key):
    before, exercise = getattr(DENOISING, key), replace(DENOISING, **{key: "other"})
    told = found(exercise, source(DENOISING))
    assert f"(names.{key}): no such name in the text, other in the lab file" in told
    assert [line for line in told if f"**`{before}`**" in line and "cell " in line]


def test_another_name_in_the_text_is_found():
    notebook = edited(AUTOENCODER, "## Step 3", "**`history`**", "**`record`**")
    assert found(AUTOENCODER, notebook) == [
        'cell 11 "Step 3: train it" (names): **`record`**, '
        "the lab file's names are autoencoder, history, decoded_images"
    ]


def test_another_name_in_a_test_is_found():
    notebook = edited(DENOISING, "visualization", "len(denoised_images)", "len(restored)")
    [line] = found(DENOISING, notebook)
    assert line.startswith("cell 'visualization' (names): restored, ")


def test_another_name_in_the_solution_is_found():
    notebook = edited(AUTOENCODER, "train-model", "history = ", "%time\nrecord = ")
    assert found(AUTOENCODER, notebook) == [
        "(names.history): no such name in the sample solution, history in the lab file"
    ]


@pytest.mark.parametrize(
    ("where", "old", "new"),
    [
        ("## Step 3", "with `fit`", "with **`fit`**"),
        ("## Step 3", "`x_train` is", "**`x_train`** is"),
        ("train-model", "history = ", "%time\nhistory = "),
        ("training", "assert ", "_n = [x for x in range(3)]\nassert "),
    ],
)
def test_other_names_are_no_finding(where, old, new):
    assert found(AUTOENCODER, edited(AUTOENCODER, where, old, new)) == []
