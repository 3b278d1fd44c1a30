"""Criterion `noise`: every right way to add it, and every wrong one with its reason."""

import numpy as np
import pytest
from by_hand import ROWS, evidence, sample

from autograder.judge.noise import judge_noise
from autograder.lab import DENOISING

SHAPE = (len(ROWS), 28, 28, 1)


def gaussian(seed, sigma=0.2):
    return np.random.default_rng(seed).normal(0, sigma, SHAPE)


@pytest.fixture
def clean(reference):
    """The clean images at the sampled rows of both sets."""
    rows = np.array(ROWS)
    return reference.train_images(rows), reference.test_images(rows)


@pytest.fixture
def judged(reference):
    def judge(train, test):
        arrays = {
            "x_train_noisy": sample(train, reference.images.train_count),
            "x_test_noisy": sample(test, reference.images.test_count),
        }
        return judge_noise(evidence("noise", arrays=arrays), DENOISING, reference)

    return judge


RIGHT = {
    "plain": lambda x, seed: x + gaussian(seed),
    "clipped": lambda x, seed: np.clip(x + gaussian(seed), 0, 1),
    "clipped below only": lambda x, seed: np.maximum(x + gaussian(seed), 0),
    "half precision": lambda x, seed: (x + gaussian(seed)).astype(np.float16),
    "subtracted": lambda x, seed: x - gaussian(seed),
}


@pytest.mark.parametrize("add", RIGHT.values(), ids=RIGHT)
@pytest.mark.parametrize("seed", range(5))
def test_right_noise_earns_all(judged, clean, add, seed):
    train, test = clean
    verdict = judged(add(train, 2 * seed), add(test, 2 * seed + 1))
    assert verdict.credit == 1, verdict
    assert "σ ≈ 0." in verdict.found


def one_for_all(x, seed):
    return x + gaussian(seed)[:1]


WRONG = {
    "the variance": (lambda x, seed: x + gaussian(seed, np.sqrt(0.2)), "not the variance"),
    "on the scale of bytes": (lambda x, seed: x + gaussian(seed, 0.2 / 255), "already scaled"),
    "a little too strong": (lambda x, seed: x + gaussian(seed, 0.25), "not 0.2"),
    "too strong and clipped": (lambda x, seed: np.clip(x + gaussian(seed, 0.25), 0, 1), "not 0.2"),
    "one image for all": (one_for_all, "the same in every image"),
    "one image for all, clipped": (
        lambda x, seed: np.clip(one_for_all(x, seed), 0, 1),
        "the same in every image",
    ),
    "ten images in turn": (
        lambda x, seed: x + np.resize(gaussian(seed)[:10], SHAPE),
        "comes back in other images",
    ),
    "one number an image": (lambda x, seed: x + gaussian(seed)[:, :1, :1], "neighbouring pixels"),
    "one number a row": (lambda x, seed: x + gaussian(seed)[:, :, :1], "neighbouring pixels"),
    "multiplied": (lambda x, seed: x * (1 + gaussian(seed)), ""),
    "uniform of the same size": (
        lambda x, seed: x + np.random.default_rng(seed).uniform(-(0.12**0.5), 0.12**0.5, SHAPE),
        "not Gaussian",
    ),
    "an offset": (lambda x, seed: x + gaussian(seed) + 0.05, "mean 0"),
    "an offset, clipped": (lambda x, seed: np.clip(x + gaussian(seed) + 0.1, 0, 1), ""),
    "a constant": (lambda x, seed: x + 0.2, ""),
    "stronger on white": (lambda x, seed: x + gaussian(seed, 0.19) * (1 + 0.6 * x), ""),
    "none": (lambda x, seed: x, "no noise was added"),
    "salt": (
        lambda x, seed: np.where(np.random.default_rng(seed).random(SHAPE) < 0.05, 1.0, x),
        "not noisy at all",
    ),
    "not finite": (lambda x, seed: x + np.nan, "not finite"),
}


@pytest.mark.parametrize(("add", "words"), WRONG.values(), ids=WRONG)
def test_wrong_noise_earns_nothing_and_says_why(judged, clean, add, words):
    train, test = clean
    verdict = judged(add(train, 1), add(test, 2))
    assert verdict.credit == 0, verdict
    assert len(verdict.problems) == 2
    assert all(words in problem for problem in verdict.problems), verdict.problems


def test_each_set_is_half(judged, clean):
    train, test = clean
    verdict = judged(train + gaussian(1), test)
    assert verdict.credit == 0.5
    assert verdict.problems == ("x_test_noisy: no noise was added (−1/2).",)


def test_both_sets_need_noise_of_their_own(judged, clean):
    train, test = clean
    verdict = judged(train + gaussian(1), test + gaussian(1))
    assert verdict.credit == 0.5
    assert "once more" in verdict.problems[0]


def test_all_images_must_be_there(reference, clean):
    train, test = clean
    arrays = {"x_train_noisy": sample(train + gaussian(1), 1000)}
    arrays["x_test_noisy"] = sample(test + gaussian(2), reference.images.test_count)
    verdict = judge_noise(evidence("noise", arrays=arrays), DENOISING, reference)
    assert verdict.credit == 0.5
    assert "its shape is (1000, 28, 28, 1), not (6000, 28, 28, 1)" in verdict.problems[0]


def test_without_noisy_images_there_is_nothing_to_judge(reference):
    verdict = judge_noise(evidence("noise"), DENOISING, reference)
    assert verdict.credit == 0
    assert "missing" in verdict.problems[0]
