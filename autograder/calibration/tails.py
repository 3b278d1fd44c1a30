"""How rarely a right network comes out worse than a bound: beyond what was ever seen, by a fitted tail.

Excesses over a high threshold follow a generalised Pareto distribution in the limit (Pickands, Balkema
and de Haan), whatever the errors themselves follow. It is fitted by probability-weighted moments
(Hosking and Wallis 1987), and never taken for lighter than an exponential one: a lighter one would end
somewhere, and call impossible what merely was not seen.
"""

from dataclasses import dataclass

import numpy as np

ABOVE = 0.1
"""Share of the errors that are above the threshold, and fitted."""
RESAMPLES = 500
LEAST = 100
"""Errors on which a tail may be relied: fewer leave ten above the threshold at most."""


@dataclass(frozen=True)
class Tail:
    """The tail of a distribution: `share` of it is above `threshold`, generalised Pareto there."""

    threshold: float
    share: float
    shape: float
    scale: float

    def exceeds(self, bound: float | np.ndarray) -> float | np.ndarray:
        """The probability of an error above the bound, which is not below the threshold."""
        excess = np.maximum(bound - self.threshold, 0) / self.scale
        if self.shape == 0:
            return self.share * np.exp(-excess)
        return self.share * (1 + self.shape * excess) ** (-1 / self.shape)

    def quantile(self, probability: float) -> float:
        """The error that is exceeded with this probability, at most `share`."""
        ratio = self.share / probability
        excess = np.log(ratio) if self.shape == 0 else (ratio**self.shape - 1) / self.shape
        return float(self.threshold + self.scale * excess)


def fit(errors: np.ndarray) -> Tail:
    """The tail of the errors (n,)."""
    threshold = float(np.quantile(errors, 1 - ABOVE))
    excesses = np.sort(errors[errors > threshold]) - threshold
    if not excesses.size or excesses[-1] == 0:
        return Tail(threshold, ABOVE, 0.0, np.finfo(float).tiny)
    count = excesses.size
    mean = excesses.mean()
    # Of each excess the share of the others that is larger, as its weight.
    weighted = float((excesses * (1 - (np.arange(1, count + 1) - 0.35) / count)).mean())
    shape = 2 - mean / (mean - 2 * weighted) if mean > 2 * weighted else 0.0
    if shape <= 0:
        return Tail(threshold, count / len(errors), 0.0, float(mean))
    return Tail(threshold, count / len(errors), shape, float(mean * (1 - shape)))


def resampled(errors: np.ndarray, seed: int = 0) -> list[Tail]:
    """The tails of samples of the same size, drawn from the errors with replacement (bootstrap)."""
    chance = np.random.default_rng(seed)
    return [fit(chance.choice(errors, len(errors))) for _ in range(RESAMPLES)]
