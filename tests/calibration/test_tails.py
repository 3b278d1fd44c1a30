"""A fitted tail extrapolates probabilities beyond all errors that were seen."""

import numpy as np
import pytest
from scipy import stats

from autograder.calibration import tails


@pytest.mark.parametrize(
    ("distribution", "most"),
    [
        (stats.expon(0.5, 0.03), 2),
        (stats.gumbel_r(0.5, 0.02), 2),
        (stats.genpareto(0.1, 0.5, 0.02), 2),
        # Lighter than exponential: its probabilities are overestimated, never underestimated.
        (stats.norm(0.5, 0.03), 100),
    ],
    ids=["exponential", "Gumbel", "Pareto", "normal"],
)
def test_a_tail_recovers_a_known_probability(distribution, most):
    errors = distribution.rvs(20_000, random_state=3)
    for probability in (1e-3, 1e-4):
        estimate = tails.fit(errors).exceeds(distribution.isf(probability))
        assert probability / 2 < estimate < most * probability


def test_the_interval_of_bootstrap_samples_holds_the_true_probability():
    held = 0
    for seed in range(8):
        errors = stats.expon(0.5, 0.03).rvs(900, random_state=seed)
        estimates = [t.exceeds(0.5 + 0.03 * np.log(1e5)) for t in tails.resampled(errors, seed)]
        held += np.quantile(estimates, 0.95) >= 1e-5
    assert held >= 6


def test_a_quantile_is_exceeded_with_its_probability():
    for shape in (0.0, 0.2):
        tail = tails.Tail(threshold=0.5, share=0.1, shape=shape, scale=0.03)
        assert tail.exceeds(tail.quantile(1e-4)) == pytest.approx(1e-4)
