"""Estimates how rarely an error exceeds a bound, even beyond all errors seen, from a fitted tail.

Excesses over a high threshold follow a generalised Pareto distribution in the limit (Pickands, Balkema
and de Haan), whatever the distribution of the errors. It is fitted by probability-weighted moments
(Hosking and Wallis 1987), and never lighter than an exponential tail: a lighter one would end somewhere
and give larger errors, which merely were not seen yet, a probability of 0.
"""

from dataclasses import dataclass

import numpy as np

ABOVE = 0.1
"""Share of the errors that are above the threshold, to which the tail is fitted."""
RESAMPLES = 500
LEAST = 100
"""Smallest number of errors for a reliable tail: ten of them are above the threshold."""


@dataclass(frozen=True)
class Tail:
    """The tail of a distribution: `share` of it is above `threshold`, and generalised Pareto there."""

    threshold: float
    share: float
    shape: float
    scale: float

    def exceeds(self, bound: float | np.ndarray) -> np.ndarray:
        """The probability of an error above the bound, which must not be below the threshold."""
        excess = np.maximum(bound - self.threshold, 0) / self.scale
        if self.shape == 0:
            return np.asarray(self.share * np.exp(-excess))
        return np.asarray(self.share * (1 + self.shape * excess) ** (-1 / self.shape))

    def quantile(self, probability: float) -> float:
        """The error that is exceeded with this probability, which is at most `share`."""
        ratio = self.share / probability
        excess = np.log(ratio) if self.shape == 0 else (ratio**self.shape - 1) / self.shape
        return float(self.threshold + self.scale * excess)


def fit(errors: np.ndarray) -> Tail:
    """Fits the tail of the errors (n,)."""
    threshold = float(np.quantile(errors, 1 - ABOVE))
    excesses = np.sort(errors[errors > threshold]) - threshold
    if not excesses.size or excesses[-1] == 0:
        return Tail(threshold, ABOVE, 0.0, np.finfo(float).tiny)
    count = excesses.size
    mean = excesses.mean()
    # The weight of each excess is the share of the others that are larger.
    weighted = float((excesses * (1 - (np.arange(1, count + 1) - 0.35) / count)).mean())
    shape = 2 - mean / (mean - 2 * weighted) if mean > 2 * weighted else 0.0
    if shape <= 0:
        return Tail(threshold, count / len(errors), 0.0, float(mean))
    return Tail(threshold, count / len(errors), shape, float(mean * (1 - shape)))


def resampled(errors: np.ndarray, seed: int = 0) -> list[Tail]:
    """Fits the tails of bootstrap samples of the errors."""
    chance = np.random.default_rng(seed)
    return [fit(chance.choice(errors, len(errors))) for _ in range(RESAMPLES)]
