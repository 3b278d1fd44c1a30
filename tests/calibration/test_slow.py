"""The probability that a network stays slow is extrapolated from counts."""

import dataclasses

import pytest
from measurements import trained
from the_lab import AUTOENCODER, DENOISING

from autograder.calibration import kinds, results, slow


def test_networks_are_counted_by_the_rounds_that_left_them_slow():
    training = kinds.Training("autoencoder", "embedded", "as prescribed", "he_normal", 0.01, 0)
    some = [
        results.Trained(training, 0.5, left, steps, None, 1.0)
        for left, steps in [(0.5, 140)] * 6 + [(0.5, 280)] * 2 + [(0.5, 420), (0.9, 700)]
    ]
    found = slow.Slowness.of(some, AUTOENCODER)
    assert found.counts == (10, 4, 2, 1, 1, 1)
    assert (found.first, found.again, found.further) == ((4, 10), (5, 8), 4)
    assert slow.in_all([found, found]) == (10, 16)


@pytest.mark.parametrize(
    ("exercise", "steps", "short", "rounds"),
    [(AUTOENCODER, 140, 140, 5), (DENOISING, 140, 150, 5), (DENOISING, 20, 30, 4)],
    ids=["14 an epoch", "10 an epoch", "2 an epoch"],
)
def test_each_epoch_has_its_share_of_a_round(exercise, steps, short, rounds):
    exercise = dataclasses.replace(exercise, short_steps=steps)
    assert slow.steps_of_a_round(exercise) == short
    assert slow.most_rounds(exercise) == rounds


def test_the_probability_of_staying_slow_is_extrapolated():
    known = kinds.of(AUTOENCODER)
    some = trained(slow_share=0.1, seeds=300)
    right = [result for result in some if known[result.of.kind].label == kinds.RIGHT]
    found = slow.Slowness.of(right, AUTOENCODER)
    estimated, least, most = slow.stays(found, found.again)
    assert 1e-5 / 3 < estimated < 3e-5
    assert least < estimated < most


def test_shares_are_estimated_with_limits():
    assert 0 < slow.share(0, 100) < slow.most_likely_share(0, 100) == pytest.approx(0.03, abs=0.001)
    assert slow.most_likely_share(5, 5) == 1
    assert slow.least_likely_share(0, 100) == 0
    assert slow.least_likely_share(5, 5) == pytest.approx(0.05**0.2)
