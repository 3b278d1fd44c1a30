"""All noise is relative to the exercise's, and the plan of draws takes all kinds in turns."""

import dataclasses

import numpy as np
import pytest
from measurements import IMAGES
from the_lab import DENOISING

from autograder.calibration import noise_kinds

STRONG = dataclasses.replace(DENOISING, noise=0.5)


@pytest.mark.parametrize("exercise", [DENOISING, STRONG], ids=["σ 0.2", "σ 0.5"])
def test_every_beginning_of_the_plan_holds_all_kinds(exercise):
    plan, kinds = noise_kinds.plan(exercise, 30, IMAGES), noise_kinds.of(exercise)
    first = plan[: len(IMAGES) * len(kinds)]
    assert {(draw.data, draw.kind) for draw in first} == {(d, k) for d in IMAGES for k in kinds}
    assert len({draw.seed for draw in plan}) == len(plan)
    assert sum(draw.kind == "clipped" for draw in plan) == 6 * len(IMAGES)


@pytest.mark.parametrize("sigma", [0.1, 0.2, 0.5])
def test_right_noise_has_the_prescribed_deviation(reference, sigma):
    clean = reference.train_images(np.arange(200))
    for name, kind in noise_kinds.RIGHT.items():
        noise = (kind.add(clean, np.random.default_rng(0), sigma) - clean)[clean == 0]
        # Where clipping hides noise, what is between 0 and the median of its upper half shows it.
        seen = noise[(noise > 0) & (noise < sigma)]
        assert abs(np.mean(seen) / sigma - 0.46) < 0.015, name


def test_wrong_noise_that_is_right_by_chance_is_left_out():
    assert noise_kinds.of(DENOISING).keys() == noise_kinds.KINDS.keys()
    left_out = noise_kinds.KINDS.keys() - noise_kinds.of(STRONG).keys()
    assert left_out == {"0.5 as in tutorials", "0.5 as in tutorials, clipped"}
    strongest = dataclasses.replace(DENOISING, noise=1.0)
    assert {"squared", "as the variance"} <= noise_kinds.KINDS.keys() - noise_kinds.of(strongest).keys()


def test_words_that_hold_a_number_follow_from_the_deviation():
    words = noise_kinds.WRONG["5 % less"].words
    assert words(0.2) == "standard deviation is 0.1"
    assert words(0.1) == "standard deviation is 0.09"
