"""Numbers that students read are those of the lab file, wherever they stand."""

from dataclasses import replace

import pytest
from edited import edited, lines, source, with_convolutions
from the_lab import AUTOENCODER, DENOISING, EXERCISES

from autograder.adapting.numbers_in_text import compare_numbers


def found(exercise, notebook):
    return lines(compare_numbers(exercise, notebook))


@pytest.mark.parametrize("exercise", EXERCISES.values())
def test_the_source_has_the_numbers_of_the_lab(exercise):
    assert found(exercise, source(exercise)) == []


TRAIN, TRAINING = 'cell 11 "Step 3: train it"', "cell 'training'"
BUILD, LOOK = 'cell 4 "Step 2: build the network"', 'cell 15 "Step 4: look at it"'
SHOWN = "cell 'visualization'"


@pytest.mark.parametrize(
    ("exercise", "expected"),
    [
        (
            replace(AUTOENCODER, epochs=12),
            [
                f'{TRAIN} (epochs): "10 epochs", 12 in the lab file',
                f'{TRAINING} (epochs): "10 epochs", 12 in the lab file',
                "cell 'train-model' (epochs): \"epochs=10\", 12 in the lab file",
            ],
        ),
        (
            replace(AUTOENCODER, batch_size=128),
            [
                f'{TRAIN} (batch_size): "batches of 100", 128 in the lab file',
                f'{TRAINING} (batch_size): "batches of 100", 128 in the lab file',
                "cell 'train-model' (batch_size): \"batch_size=100\", 128 in the lab file",
                f'{TRAIN} (batch_size): "epoch is 600 steps", 469 by the batch size in the lab file',
            ],
        ),
        (
            replace(AUTOENCODER, shown=8),
            [
                f'{LOOK} (shown): "first 10", 8 in the lab file',
                f'{SHOWN} (shown): "first 10", 8 in the lab file',
                f'{SHOWN} (shown): "len(decoded_images) >= 10", 8 in the lab file',
            ],
        ),
        (
            replace(AUTOENCODER, learning_rate=0.1),
            [
                f'{BUILD} (learning_rate): "learning_rate=0.01", 0.1 in the lab file',
                f'{BUILD} (learning_rate): "recommend 0.01", 0.1 in the lab file',
                f'{TRAIN} (learning_rate): "learning_rate=0.01", 0.1 in the lab file',
            ],
        ),
        (
            with_convolutions(AUTOENCODER, filters=24),
            [
                f'{BUILD} (filters): "16 channels", 24 or 1 in the lab file',
                "cell 'encoder' (encoder, decoder, output): \"table has 11,905\", "
                "26,497 by the layers in the lab file",
            ],
        ),
        (
            replace(DENOISING, noise=0.3),
            [
                'cell 4 "Now add **Gaussian noise** with mean 0 …" (noise): "standard deviation 0.2", '
                "0.3 in the lab file",
                "cell 'noise' (noise): \"standard deviation 0.2\", 0.3 in the lab file",
                "cell 'add-noise' (noise): \"sigma = 0.2\", 0.3 in the lab file",
            ],
        ),
        (
            replace(DENOISING, encoder=DENOISING.encoder[:2]),
            [
                "cell 'encoder' (encoder): \"twice convolution and pooling\", "
                "1 by the poolings in the lab file",
                'cell 1 "Exercise 2: a denoising autoencoder" (encoder): "reducing at 7×7", '
                "14 by the layers in the lab file",
                "cell 'encoder' (encoder, decoder, output): \"table has 28,353\", "
                "19,105 by the layers in the lab file",
            ],
        ),
    ],
)
def test_another_number_in_the_lab_file_is_found_in_every_cell(exercise, expected):
    assert found(exercise, source(exercise)) == expected


def test_a_number_that_the_exercise_does_not_have_is_found():
    assert "cell 'noise' (noise): \"standard deviation 0.2\", none in the lab file" in found(
        replace(DENOISING, noise=0.0), source(DENOISING)
    )
    assert f'{BUILD} (learning_rate): "recommend 0.01", none in the lab file' in found(
        replace(AUTOENCODER, learning_rate=None), source(AUTOENCODER)
    )


@pytest.mark.parametrize(
    ("exercise", "where", "old", "new", "line"),
    [
        (AUTOENCODER, "## Step 3", "**10 epochs**", "**20 epochs**", '(epochs): "20 epochs", 10'),
        (AUTOENCODER, "training", "10 epochs", "9 epochs", '(epochs): "9 epochs", 10'),
        (AUTOENCODER, "## Step 3", "of **100**", "of **64**", '(batch_size): "batches of 64", 100'),
        (AUTOENCODER, "## Step 2", "kernel of\n3×3", "kernel of\n5×5", '(kernel): "kernel of 5×5", 3'),
        (AUTOENCODER, "## Step 2", "**16 ch", "**24 ch", '(filters): "24 channels", 16 or 1'),
        (AUTOENCODER, "## Step 2", "recommend\n> 0.01", "recommend\n> 0.02", '"recommend 0.02", 0.01'),
        (AUTOENCODER, "encoder", "11,905", "11,906", '"table has 11,906", 11,905'),
        (AUTOENCODER, "## Step 4", "first 10 test", "first 12 test", '(shown): "first 12", 10'),
        (AUTOENCODER, "visualization", "on the first 10", "on the first 12", '"first 12", 10'),
        (DENOISING, "## Step 4", "first 10\ntest", "first 12\ntest", '(shown): "first 12", 10'),
        (DENOISING, "Gaussian", "deviation 0.2", "deviation σ = 0.25", '"standard deviation σ = 0.25"'),
        (DENOISING, "Gaussian", "standard deviation 0.2", "σ=0.25", '(noise): "σ=0.25", 0.2'),
        (DENOISING, "# Exercise 2", "32 channels", "16 channels", '(filters): "16 channels", 32 or 1'),
    ],
)
def test_another_number_in_the_notebook_is_found(exercise, where, old, new, line):
    assert [each for each in found(exercise, edited(exercise, where, old, new)) if line in each]


@pytest.mark.parametrize(
    ("where", "old", "new"),
    [
        ("## Step 3", "**10 epochs**", "**10** epochs (`epochs=10`)"),
        ("## Step 3", "batches of **100** images", "a batch size of 100"),
        ("## Step 4", "first 10 test images", "first 10 of them, not the first 5000 training images"),
        ("## Step 2", "0.001 by default", "0.001 by default, that is, the network has 3 parts"),
        ("## Step 1", "60,000", "60,000 (each training image is 1 of 10 kinds)"),
    ],
)
def test_other_numbers_and_other_words_are_no_finding(where, old, new):
    assert found(AUTOENCODER, edited(AUTOENCODER, where, old, new)) == []


@pytest.mark.parametrize(
    ("exercise", "where", "old", "new", "key"),
    [
        (AUTOENCODER, "## Step 3", "**10 epochs**", "**ten epochs**", "epochs"),
        (AUTOENCODER, "## Step 3", "batches of **100** images", "batches", "batch_size"),
        (AUTOENCODER, "## Step 4", "first 10 test images", "first test images", "shown"),
        (DENOISING, "Gaussian", " and **standard deviation 0.2**", "", "noise"),
    ],
)
def test_a_number_that_students_are_not_told_is_named(exercise, where, old, new, key):
    [line] = found(exercise, edited(exercise, where, old, new))
    assert line.startswith(f"({key}): no such number in the text, ")


def test_a_solution_may_write_other_numbers_as_it_likes():
    notebook = edited(AUTOENCODER, "train-model", "epochs=10,", "epochs=2 * 5, callbacks=[],")
    assert found(AUTOENCODER, notebook) == []
