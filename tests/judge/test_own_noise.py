"""Noise as in a network's training is added to other digits; the share that is left is measured."""

import dataclasses

import numpy as np
import pytest
from by_hand import ROWS, fit, sample

from autograder.judge import own_noise

IDENTITY = lambda images: images  # noqa: E731


@pytest.fixture
def trained(reference):
    """Makes a call of `fit` on training images that were changed, with the clean ones as targets."""
    clean = reference.train_images(np.array(ROWS))
    count = reference.images.train_count
    return lambda change: (fit(sample(change(clean), count), sample(clean, count)),)


def gaussian(images, sigma=0.3):
    return images + np.random.default_rng(1).normal(0, sigma, images.shape)


def test_gaussian_noise_stays_as_strong(trained, reference):
    noisy = own_noise.on_held_out(trained(gaussian), reference)
    assert noisy.shape == reference.held_out.shape
    assert (noisy - reference.held_out).std() == pytest.approx(0.3, rel=0.1)


def test_noise_on_bright_pixels_alone_stays_there(trained, reference):
    noisy = own_noise.on_held_out(trained(lambda x: np.where(x > 0.5, gaussian(x), x)), reference)
    changed = noisy != reference.held_out
    assert changed[reference.held_out > 0.6].mean() > 0.9
    assert not changed[reference.held_out < 0.4].any()


def test_noise_that_all_images_share_stays_shared(trained, reference):
    stripe = np.zeros((28, 28, 1))
    stripe[0] = 0.5
    noisy = own_noise.on_held_out(trained(lambda x: x + stripe), reference)
    np.testing.assert_allclose((noisy - reference.held_out)[:, 0], 0.5, atol=1e-6)


def test_a_call_without_noise_has_no_noise_to_add(trained, reference):
    (call,) = trained(gaussian)
    untrained = dataclasses.replace(call, steps=0)
    no_targets = dataclasses.replace(call, target=None)
    noisy_targets = dataclasses.replace(call, target=call.input)
    for fits in ((), (untrained,), (no_targets,), (noisy_targets,), trained(IDENTITY)):
        assert own_noise.on_held_out(fits, reference) is None


def test_the_share_of_the_noise_that_is_left_is_measured(reference):
    digits = reference.held_out
    noisy = digits + np.random.default_rng(2).normal(0, 0.2, digits.shape).astype(np.float32)
    for network, left in (
        (IDENTITY, 1),
        (lambda images: images / 2, 0.5),
        (lambda images: digits, 0),
    ):
        assert own_noise.handed_on(network, noisy, digits) == pytest.approx(left, abs=0.02)
    assert own_noise.lets_through(IDENTITY, noisy, digits)
    assert not own_noise.lets_through(lambda images: digits, noisy, digits)


def test_another_brightness_is_no_noise(reference):
    darker = (0.5 * reference.held_out).astype(np.float32)
    assert own_noise.handed_on(IDENTITY, darker, reference.held_out) == pytest.approx(0, abs=0.15)
