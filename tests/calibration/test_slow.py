"""The probability that a network stays slow is extrapolated from counts."""

import pytest
from measurements import trained

from autograder.calibration import kinds, results, slow


def test_networks_are_counted_by_the_rounds_that_left_them_slow():
    training = kinds.Training("autoencoder", "embedded", "as prescribed", "he_normal", 0.01, 0)
    some = [
        results.Trained(training, 0.5, left, steps, None, 1.0)
        for left, steps in [(0.5, 140)] * 6 + [(0.5, 280)] * 2 + [(0.5, 420), (0.9, 700)]
    ]
    found = slow.Slowness.of(some)
    assert found.counts == (10, 4, 2, 1, 1, 1)
    assert (found.first, found.again) == ((4, 10), (5, 8))


def test_the_probability_of_staying_slow_is_extrapolated():
    right = [r for r in trained(slow=0.1, seeds=300) if kinds.BY_NAME[r.of.kind].label == kinds.RIGHT]
    found = slow.Slowness.of(right)
    estimated, most = slow.stays(found, found)
    assert 1e-5 / 3 < estimated < 3e-5
    assert estimated < most


def test_shares_are_estimated_with_an_upper_limit():
    assert 0 < slow.share(0, 100) < slow.most_likely_share(0, 100) == pytest.approx(0.03, abs=0.001)
    assert slow.most_likely_share(5, 5) == 1
