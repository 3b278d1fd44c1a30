"""The data given to `fit` is recognized by its images."""

import dataclasses

import numpy as np
import pytest
from by_hand import ROWS, sample
from the_lab import DENOISING

from autograder.judge import fit_inputs


@pytest.fixture
def clean(reference):
    """The training images at the sampled rows."""
    return reference.train_images(np.array(ROWS))


@pytest.fixture
def whole(reference):
    """Makes of images at the sampled rows a sample of all training images."""
    return lambda images: sample(images, reference.images.train_count)


def noise(sigma=0.2, seed=1):
    return np.random.default_rng(seed).normal(0, sigma, (len(ROWS), 28, 28, 1))


def test_images_are_finite_and_have_the_labs_shape(clean, whole):
    assert fit_inputs.are_images(whole(clean))
    assert not fit_inputs.are_images(whole(clean[..., 0]))
    assert not fit_inputs.are_images(whole(np.full_like(clean, np.nan)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x.reshape(len(x), -1), "its images are flattened"),
        (lambda x: np.arange(len(x)), "these are labels, not images"),
        (lambda x: x[:, :14], "has the shape (6000, 14, 28, 1), x_train has (6000, 28, 28, 1)"),
        (lambda x: np.full_like(x, np.inf), "holds values that are not finite"),
    ],
    ids=["flattened", "labels", "half", "infinite"],
)
def test_another_shape_is_named(clean, whole, reference, change, words):
    assert words in fit_inputs.other_shape(whole(change(clean)), "input", "x_train", reference)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x, ""),
        (lambda x: 1 - x, "The target is x_train inverted"),
        (lambda x: x[:, ::-1], "The target is x_train turned upside down"),
        (lambda x: 0.5 * x + 0.1, "The target is x_train in another range: from 0.1 to 0.6"),
        (lambda x: x + noise(), "The target is noisy images"),
        (lambda x: noise(), "The target is other images than x_train"),
    ],
    ids=["x_train", "inverted", "upside down", "another range", "noisy", "noise alone"],
)
def test_what_was_done_to_the_images_is_named(clean, whole, reference, change, words):
    found = fit_inputs.unlike_train(whole(change(clean)), "target", DENOISING, reference)
    assert found.startswith(words)
    assert bool(found) == bool(words)


def test_noise_of_any_draw_belongs_to_its_target(clean, whole, reference):
    given = whole(clean + noise())
    assert fit_inputs.unlike_noisy(given, whole(clean), None, DENOISING, reference) == ""
    assert (
        fit_inputs.unlike_noisy(given, whole(clean), whole(clean + noise(seed=2)), DENOISING, reference)
        == ""
    )


def test_clean_images_are_no_noisy_ones(clean, whole, reference):
    assert fit_inputs.is_clean(whole(clean), reference)
    assert not fit_inputs.is_clean(whole(clean + noise(0.05)), reference)
    found = fit_inputs.unlike_noisy(
        whole(clean), whole(clean), whole(clean + noise()), DENOISING, reference
    )
    assert found == "The input is the clean images: there is no noise to learn to remove"


def test_a_students_own_noisy_images_are_right_whatever_their_noise(clean, whole, reference):
    strange = whole(np.where(noise() > 0, 1, clean))
    assert fit_inputs.unlike_noisy(strange, whole(clean), strange, DENOISING, reference) == ""
    assert fit_inputs.unlike_noisy(strange, whole(clean), None, DENOISING, reference) != ""


def test_targets_in_another_order_belong_to_other_inputs(clean, whole, reference):
    assert not fit_inputs.unpaired(whole(clean + noise()), whole(clean), reference)
    assert fit_inputs.unpaired(whole(clean + noise()), whole(clean[::-1]), reference)


def test_a_statement_has_to_hold_for_later_images_too(whole, clean):
    rows = (*range(90), *range(fit_inputs.BEGINNING, fit_inputs.BEGINNING + 10))
    given = dataclasses.replace(whole(clean), rows=rows, values=np.empty(0))
    holds_early = np.arange(len(rows)) < 90
    assert holds_early.mean() >= fit_inputs.SEVERAL
    assert not fit_inputs.holds(holds_early, given)
    assert fit_inputs.holds(np.ones(len(rows), bool), given)
