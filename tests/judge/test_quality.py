"""Criteria `reconstruction` and `denoising`: does the network restore digits that it never saw?

The networks here are single convolutions with weights by hand: their effect on an image is plain.
"""

import dataclasses

import numpy as np
import pytest
from by_hand import NO_MODEL, ROWS, conv, evidence, fit, network, one_convolution, point, sample
from the_lab import AUTOENCODER, DENOISING

from autograder.judge.quality import judge_quality, restoration_error

IDENTITY = one_convolution(point())
BLACK = one_convolution(point(0))
STEP = one_convolution(point(14), -7, "sigmoid")
"""Makes what is darker than grey black, and the rest white: it removes noise."""


@pytest.fixture
def fits(reference):
    """A call of `fit`, by whether its input was noisy."""
    clean = reference.train_images(np.array(ROWS))
    noisy = clean + np.random.default_rng(1).normal(0, 0.2, clean.shape)
    target = sample(clean, reference.images.train_count)
    return {
        with_noise: fit(sample(images, reference.images.train_count), target)
        for with_noise, images in ((False, clean), (True, noisy))
    }


@pytest.fixture
def judged(reference, fits):
    def judge(model, exercise=AUTOENCODER, *calls):
        calls = calls or (fits[exercise.noise > 0],)
        return judge_quality(evidence("reconstruction", model, fits=calls), exercise, reference)

    return judge


def test_the_error_is_relative_to_that_of_the_mean_image(reference):
    assert restoration_error(reference.held_out, reference) == 0
    mean = np.broadcast_to(reference.train.mean(axis=0), reference.held_out.shape)
    assert restoration_error(mean, reference) == pytest.approx(1)


def test_a_network_that_restores_digits_earns_all(judged):
    assert judged(IDENTITY).credit == 1
    assert judged(STEP).credit == 1
    assert judged(STEP, DENOISING).credit == 1


def test_a_network_that_hands_noise_on_does_not_remove_it(judged):
    verdict = judged(IDENTITY, DENOISING)
    assert verdict.credit == 0
    assert "hands the noise on" in verdict.problems[0]


WRONG = {
    "black": (BLACK, "the same whatever the image"),
    "grey": (one_convolution(point(0), 0.5), "the same whatever the image"),
    "inverted": (one_convolution(point(-1), 1), "A correct model stays below"),
    "much too bright": (one_convolution(point(3)), "Without a sigmoid at its end"),
    "not finite": (one_convolution(point(np.nan)), "not finite"),
}


@pytest.mark.parametrize("exercise", [AUTOENCODER, DENOISING], ids=lambda exercise: exercise.notebook)
@pytest.mark.parametrize(("model", "words"), WRONG.values(), ids=WRONG)
def test_other_answers_earn_nothing(judged, model, words, exercise):
    verdict = judged(model, exercise)
    assert verdict.credit == 0
    assert words in verdict.problems[0]


def test_an_untrained_network_earns_nothing_whatever_it_does(judged, fits):
    never = judged(IDENTITY, AUTOENCODER, dataclasses.replace(fits[False], steps=0))
    stopped = judged(
        IDENTITY, AUTOENCODER, dataclasses.replace(fits[False], steps=0, problem="ValueError: x")
    )
    assert never.credit == stopped.credit == 0
    assert "never trained" in never.problems[0]
    assert never.missing
    assert "fit stopped before it had trained anything: ValueError: x" in stopped.problems[0]


def test_less_than_one_batch_in_all_is_no_training(judged, fits):
    def trained_on(images, epochs):
        return judged(
            IDENTITY,
            AUTOENCODER,
            dataclasses.replace(fits[False], images_per_epoch=images, epochs=epochs),
        )

    assert "trained on 10 images in all" in trained_on(1, 10).problems[0]
    assert trained_on(1, 10).credit == 0
    assert trained_on(10, 10).credit == 1
    assert trained_on(None, 1).credit == 1


def test_training_on_clean_images_does_not_teach_to_remove_noise(judged, fits):
    verdict = judged(STEP, DENOISING, fits[False])
    assert verdict.credit == 0
    assert "Trained on the wrong thing" in verdict.problems[0]


def test_a_learning_rate_of_zero_is_named(judged):
    still = dataclasses.replace(BLACK.optimizer, learning_rate=0.0)
    verdict = judged(dataclasses.replace(BLACK, optimizer=still))
    assert "A learning rate of 0 teaches nothing" in verdict.problems[0]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (NO_MODEL, "no Keras model"),
        (network(conv(1)), "could not run this model"),
        (dataclasses.replace(IDENTITY, problem="two inputs"), "could not be read"),
    ],
    ids=["no model", "no weights", "undescribed"],
)
def test_a_network_that_cannot_be_run_earns_nothing(judged, model, words):
    verdict = judged(model)
    assert verdict.credit == 0
    assert words in verdict.problems[0]


def test_an_answer_of_another_size_is_no_image(judged):
    valid = dataclasses.replace(
        IDENTITY.layers[0], attributes=IDENTITY.layers[0].attributes | {"padding": "valid"}
    )
    verdict = judged(dataclasses.replace(IDENTITY, layers=(valid,)))
    assert verdict.credit == 0
    assert verdict.problems[0] == (
        "The network answers an image with 26×26×1, not with 28×28×1 (see encoder)."
    )


def trained_with(reference, change):
    """A call of `fit` with other noise: `change` makes its inputs of clean images."""
    clean, count = reference.train_images(np.array(ROWS)), reference.images.train_count
    return fit(sample(change(clean, np.random.default_rng(1)), count), sample(clean, count))


OWN_NOISE = {
    "a constant offset": (lambda x, r: x + 1 + r.normal(0, 0.2, x.shape), 1.5),
    "darker": (lambda x, r: (x + r.normal(0, 0.2, x.shape)) / 4, 0.125),
    "multiplied": (lambda x, r: 3 * x * (1 + r.normal(0, 0.2, x.shape)), 1.5),
}


@pytest.mark.parametrize(("change", "threshold"), OWN_NOISE.values(), ids=OWN_NOISE)
def test_other_noise_that_was_learned_to_be_removed_costs_nothing_here(
    judged, reference, change, threshold
):
    model = one_convolution(point(40), -40 * threshold, "sigmoid")
    assert judged(model, DENOISING).credit == 0
    verdict = judged(model, DENOISING, trained_with(reference, change))
    assert verdict.credit == 1, verdict
    assert verdict.notes == ("Tried with the noise that it was trained with (see noise).",)
    assert judged(BLACK, DENOISING, trained_with(reference, change)).credit == 0


FAINT = {
    "clipped": lambda x, r: np.clip(x + r.normal(0, 0.2, x.shape), 0, 1),
    "half of it": lambda x, r: x + r.normal(0, 0.1, x.shape),
    "hardly any": lambda x, r: x + r.normal(0, 0.02, x.shape),
    "multiplied": lambda x, r: x * (1 + r.normal(0, 0.2, x.shape)),
    "uniform": lambda x, r: x + r.uniform(0, 0.2, x.shape),
    "one for all images": lambda x, r: x + r.normal(0, 0.1, x[:1].shape),
}


@pytest.mark.parametrize("change", FAINT.values(), ids=FAINT)
def test_faint_noise_that_is_only_handed_on_is_not_removed_either(judged, reference, change):
    assert judged(IDENTITY, DENOISING, trained_with(reference, change)).credit == 0
    assert judged(STEP, DENOISING, trained_with(reference, change)).credit == 1


def test_a_trial_with_noise_does_not_make_up_for_training_without(judged, fits):
    trial = dataclasses.replace(fits[True], images_per_epoch=100, epochs=1)
    verdict = judged(STEP, DENOISING, trial, fits[False])
    assert "there was no noise to be removed" in verdict.problems[0]
    assert judged(IDENTITY, DENOISING, fits[True], fits[False]).credit == 0


@pytest.mark.parametrize("sigma", [0, 0.2 / 255, 0.001])
def test_without_noise_in_training_nothing_is_removed(judged, reference, sigma):
    verdict = judged(
        STEP, DENOISING, trained_with(reference, lambda x, r: x + r.normal(0, sigma, x.shape))
    )
    assert verdict.credit == 0
    assert "there was no noise to be removed" in verdict.problems[0]


@pytest.mark.parametrize("activation", ["linear", "tanh", "relu"])
def test_a_missing_sigmoid_is_not_charged_here(judged, activation):
    verdict = judged(one_convolution(point(14), -7, activation))
    assert verdict.credit == 1
    assert verdict.notes == ("Tried with a sigmoid at its end (see output-layer).",)


def test_the_cause_is_named_first(judged, reference, fits):
    clean, count = reference.train_images(np.array(ROWS)), reference.images.train_count
    wrong = dataclasses.replace(fits[False], target=sample(0 * clean, count))
    assert judged(BLACK, AUTOENCODER, wrong).problems[0] == (
        "Trained on the wrong thing (see training): Every pixel of the target is 0."
    )
    noisy = dataclasses.replace(fits[True], target=fits[True].input)
    assert "see training" in judged(IDENTITY, DENOISING, noisy).problems[0]
    frozen = dataclasses.replace(BLACK, trainable=False)
    assert "All layers are frozen" in judged(frozen).problems[0]
