"""Noise is drawn as a student would draw it, and judged."""

import dataclasses

import pytest
from the_lab import DENOISING

from autograder.calibration import noise_kinds
from autograder.calibration.noise_measuring import measure
from autograder.calibration.power import BOUND


@pytest.mark.parametrize("sigma", [0.2, 0.4])
@pytest.mark.parametrize("kind", ["clipped", "5 % more"])
def test_noise_is_drawn_and_judged(kind, sigma):
    exercise = dataclasses.replace(DENOISING, noise=sigma)
    draw = noise_kinds.Draw(exercise.notebook, "embedded", kind, 0)
    found = measure(draw, exercise, "embedded")
    right = noise_kinds.KINDS[kind].right
    assert (found.credit == 1) is right is (found.unlikely < BOUND)
    again = measure(draw, exercise, "embedded")
    assert dataclasses.replace(again, seconds=found.seconds) == found
