"""Right noise hardly ever fails a test; each test fails for its own fault."""

import numpy as np
import pytest

from autograder.judge import noise_statistics
from autograder.judge.noise_statistics import Noise, fails, log10_chance

IMAGES, PIXELS = 96, 784


def p_values(standard, clean):
    return noise_statistics.tests_of_shape_and_independence(standard, clean).values()


@pytest.fixture
def clean(reference):
    return np.float64(reference.train_images(np.arange(IMAGES)).reshape(IMAGES, PIXELS))


def standard_normal(seed=0):
    return np.random.default_rng(seed).normal(size=(IMAGES, PIXELS))


def test_the_likelihood_finds_mean_and_deviation_behind_clipping(clean):
    noise = 0.05 + 0.3 * standard_normal(1)
    level = Noise(np.clip(clean + noise, 0, 1), clean).level()
    assert abs(level.mean - 0.05) < 4 * level.mean_error < 0.01
    assert abs(level.sigma - 0.3) < 4 * level.sigma_error < 0.01


def test_clipped_noise_is_standard_normal_once_the_hidden_part_is_drawn(clean):
    noise = Noise(np.clip(clean + 0.2 * standard_normal(), 0, 1), clean)
    standard = noise.standard(0, 0.2, np.random.default_rng(1))
    assert noise.clipping == "clipped to [0, 1]"
    assert not any(map(fails, p_values(standard, clean)))


@pytest.mark.parametrize("seed", range(5))
def test_right_noise_passes(clean, seed):
    assert not any(map(fails, p_values(standard_normal(seed), clean)))


def with_one_image_twice(z):
    z[1] = z[0]
    return z


FAULTS = {
    "shape": lambda z, clean: np.sign(z) * np.abs(z) ** 1.2,
    "neighbours": lambda z, clean: (z + np.roll(z, 1, axis=1)) / 2**0.5,
    "pattern": lambda z, clean: 0.9 * z + 0.4 * z[:1],
    "images": lambda z, clean: with_one_image_twice(z),
    "mean of an image": lambda z, clean: z + 0.5 * (np.arange(IMAGES) == 3)[:, None],
    "level of an image": lambda z, clean: z * np.where(np.arange(IMAGES) == 3, 1.3, 1)[:, None],
    "level of a pixel": lambda z, clean: z * np.where(np.arange(PIXELS) == 3, 2, 1),
    "mean by brightness": lambda z, clean: z + 0.2 * clean,
    "level by brightness": lambda z, clean: z * (1 + 0.2 * (clean > 0.5)),
}


@pytest.mark.parametrize(("test", "spoil"), FAULTS.items(), ids=FAULTS)
def test_a_fault_fails_its_test(clean, test, spoil):
    assert fails(
        noise_statistics.tests_of_shape_and_independence(spoil(standard_normal(), clean), clean)[test]
    )


def test_coincidences_are_unlikely_only_beyond_what_is_expected():
    assert log10_chance(0, 1e-9) == 0
    assert log10_chance(1, 1) > -1
    assert log10_chance(1, 1e-9) == pytest.approx(-9)
