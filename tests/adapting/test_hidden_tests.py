"""Each test cell hands over its evidence, from its hidden part."""

from dataclasses import replace

import pytest
from edited import edited, lines, source
from the_lab import AUTOENCODER, DENOISING, EXERCISES

from autograder.adapting.hidden_tests import call, compare_hidden_tests


def found(exercise, notebook):
    return lines(compare_hidden_tests(exercise, notebook))


@pytest.mark.parametrize("exercise", EXERCISES.values())
def test_the_source_hands_over_what_the_lab_needs(exercise):
    assert found(exercise, source(exercise)) == []


@pytest.mark.parametrize(
    ("exercise", "criterion", "text"),
    [
        (AUTOENCODER, "output-layer", "check.output_layer(autoencoder)"),
        (AUTOENCODER, "training", "check.training(autoencoder)"),
        (DENOISING, "noise", "check.noise(x_train_noisy, x_test_noisy)"),
        (DENOISING, "training", "check.training(denoiser, x_train_noisy)"),
        (DENOISING, "denoising", "check.denoising(denoiser)"),
        (DENOISING, "visualization", "check.visualization(denoiser, x_test_noisy)"),
    ],
)
def test_the_call_takes_the_names_of_the_lab(exercise, criterion, text):
    assert call(exercise, criterion) == text


def test_another_name_in_the_lab_file_is_found_in_each_cell_that_uses_it():
    exercise = replace(DENOISING, noisy_test="noisy_images")
    assert found(exercise, source(DENOISING)) == [
        "cell 'noise' (hidden tests): check.noise(x_train_noisy, x_test_noisy) in the hidden tests, "
        "check.noise(x_train_noisy, noisy_images) by the lab file",
        "cell 'visualization' (hidden tests): check.visualization(denoiser, x_test_noisy) in the hidden "
        "tests, check.visualization(denoiser, noisy_images) by the lab file",
    ]


IN_THE_HIDDEN_TESTS = "in the hidden tests, check.training(denoiser, x_train_noisy) by the lab file"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("denoiser, x_train_noisy", "denoiser", f"check.training(denoiser) {IN_THE_HIDDEN_TESTS}"),
        (".training(", ".loss(", f"check.loss(denoiser, x_train_noisy) {IN_THE_HIDDEN_TESTS}"),
        (
            "check.training(denoiser, x_train_noisy)",
            "check.training(denoiser, x_train_noisy)\n" * 2,
            f"check.training(denoiser, x_train_noisy) and check.training(denoiser, x_train_noisy) "
            f"{IN_THE_HIDDEN_TESTS}",
        ),
        ("check.training(denoiser, x_train_noisy)", "", f"nothing {IN_THE_HIDDEN_TESTS}"),
        ("x_train_noisy)", "x_train_noisy", f"no Python ('(' was never closed) {IN_THE_HIDDEN_TESTS}"),
        (
            "from autograder import check",
            "",
            "check is not imported in the hidden tests, from autograder import check",
        ),
    ],
)
def test_another_call_is_found(old, new, line):
    notebook = edited(DENOISING, "training", old, new)
    assert found(DENOISING, notebook) == [f"cell 'training' (hidden tests): {line}"]


def test_a_call_that_students_would_see_is_found():
    notebook = edited(AUTOENCODER, "loss", "### BEGIN HIDDEN TESTS\n", "")
    assert found(AUTOENCODER, notebook) == [
        "cell 'loss' (hidden tests): nothing in the hidden tests, "
        "check.loss(autoencoder) by the lab file",
        "cell 'loss' (hidden tests): check.loss(autoencoder) outside of the hidden tests, "
        "inside, as students have no autograder",
    ]


def test_a_named_argument_is_as_good():
    new = "check.training(denoiser, x_train_noisy=x_train_noisy)"
    notebook = edited(DENOISING, "training", "check.training(denoiser, x_train_noisy)", new)
    assert found(DENOISING, notebook) == []
