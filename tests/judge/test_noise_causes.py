"""The sentence on wrong noise names what was done, not what follows from it."""

import numpy as np
import pytest

from autograder.judge import noise_statistics
from autograder.judge.noise_causes import cause

SIGMA = 0.2


@pytest.fixture
def clean(reference):
    return reference.train_images(np.arange(96))


def cause_of(noisy, clean, *, blank=0.0, repeated=0.0):
    noise = noise_statistics.Noise(
        *(np.float64(images).reshape(len(images), -1) for images in (noisy, clean))
    )
    level = noise.level()
    standard = noise.standard(0, SIGMA, np.random.default_rng(0))
    results = noise_statistics.tests_of_level(level, SIGMA)
    results |= noise_statistics.tests_of_shape_and_independence(standard, noise.clean)
    return cause(noise, level, results, SIGMA, blank, repeated)


NAMED = {
    "black and white images": (lambda x, n: (x > 0.5) + n, "only black and white"),
    "no scale": (lambda x, n: x + 5 * n, "where no scale is given"),
    "half as bright": (lambda x, n: 0.5 * x + n, "not x_train and x_test: black is 0 and white 0."),
    "half an image": (lambda x, n: x + n * (np.arange(28) < 14)[:, None], "all places of the image"),
    "stronger from image to image": (
        lambda x, n: x + n * np.linspace(0.5, 1.5, len(x))[:, None, None, None],
        "all images: σ is from 0.1",
    ),
    "limited itself": (lambda x, n: x + np.clip(n, -0.2, 0.2), "but not the noise"),
    "not on the digits": (lambda x, n: x + n * (x == 0), "depends on the image"),
    "much too dark": (lambda x, n: x - 0.5 + n, "the mean of the noise is -0.5"),
    "cut off to whole numbers": (lambda x, n: np.trunc(x * 255 + n), "no noise was added"),
    "added twice": (lambda x, n: x + 2**0.5 * n, "adding noise of 0.2 twice"),
    "as bytes that wrap": (lambda x, n: np.uint8(np.int32(255 * (x + n))), "starts again at 255"),
}


@pytest.mark.parametrize(("add", "words"), NAMED.values(), ids=NAMED)
def test_the_cause_is_named(clean, add, words):
    noise = np.random.default_rng(1).normal(0, SIGMA, clean.shape)
    assert words in cause_of(add(clean, noise), clean)


def test_what_the_signatures_show_is_named(clean):
    noisy = clean + np.random.default_rng(1).normal(0, SIGMA, clean.shape)
    assert "no noise in about 5%" in cause_of(noisy, clean, blank=0.05)
    assert "comes back in other images (in 50%" in cause_of(noisy, clean, repeated=0.5)
