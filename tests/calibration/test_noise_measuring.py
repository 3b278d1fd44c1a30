"""Noise is drawn as a student would draw it, and judged."""

import dataclasses

import pytest

from autograder.calibration import noise_kinds
from autograder.calibration.noise_measuring import BOUND, measure


@pytest.mark.parametrize("kind", ["clipped", "σ 0.21"])
def test_noise_is_drawn_and_judged(kind):
    draw = noise_kinds.Draw("embedded", kind, 0)
    found = measure(draw, "embedded")
    right = noise_kinds.KINDS[kind].right
    assert (found.credit == 1) is right is (found.unlikely < BOUND)
    assert dataclasses.replace(measure(draw, "embedded"), seconds=found.seconds) == found
