"""Statistical tests of noise, each with a known null distribution.

Values hidden by clipping are drawn from the conditional distribution that right noise has there. Then
right noise is independent and standard normal in every pixel, clipped or not, and each test has one null
distribution, which is exact unless stated otherwise. Mean and standard deviation need no drawn values:
they are maximum likelihood estimates for a censored normal distribution.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import log_ndtr, ndtr, ndtri

from autograder.lab import IMAGE_SHAPE

FALSE_REJECTION = 1e-6
"""Largest probability that right noise in both sets fails any of the tests."""
TESTS_OF_A_SET = 13
SHARE = FALSE_REJECTION / (2 * TESTS_OF_A_SET + 2)
"""Significance level of each test (Bonferroni correction); two tests concern both sets together."""

COARSEST_STEP = 0.0101
"""Coarsest rounding that is allowed: to bytes or two decimals."""
MEAN_ALLOWED = 1 / 510
"""Mean that noise may have: truncation to bytes moves it by half a step."""
CLIPPED_SHARE = 2e-4
"""If more than this share of the pixels equals the minimum (or maximum), values were clipped there."""
BLACK = 0.002
BRIGHT = 0.5
BINS = 32
FARTHEST_NEIGHBOUR = 14
SIDE = IMAGE_SHAPE[0]
LEAST = -300.0
"""Smallest log10 of a probability that is reported."""


@dataclass(frozen=True)
class Level:
    """Mean and standard deviation of noise, with the standard errors of both."""

    mean: float
    mean_error: float
    sigma: float
    sigma_error: float


@dataclass(frozen=True)
class Noise:
    """Some noisy images and the clean ones, both float64 (n, 784)."""

    noisy: NDArray[np.float64]
    clean: NDArray[np.float64]

    @cached_property
    def added(self) -> NDArray[np.float64]:
        return self.noisy - self.clean

    @cached_property
    def low(self) -> float:
        """The value at which low values were clipped; -inf if none were."""
        least = float(self.noisy.min())
        is_clipped = least <= 1e-3 and np.mean(self.noisy == least) > CLIPPED_SHARE
        return least if is_clipped else -np.inf

    @cached_property
    def high(self) -> float:
        """The value at which high values were clipped; inf if none were."""
        largest = float(self.noisy.max())
        is_clipped = largest >= 1 - 1e-3 and np.mean(self.noisy == largest) > CLIPPED_SHARE
        return largest if is_clipped else np.inf

    @cached_property
    def step(self) -> float:
        """The step between rounded values; 0 where hardly any two values are equal."""
        values = self.noisy[(self.clean <= BLACK) & ~self.at_low & ~self.at_high]
        different = np.unique(np.round(values, 6))
        if len(different) < 2 or len(different) > len(values) / 8:
            return 0.0
        return min(float(np.median(np.diff(different))), COARSEST_STEP)

    @cached_property
    def at_low(self) -> NDArray[np.bool_]:
        return self.noisy <= self.low

    @cached_property
    def at_high(self) -> NDArray[np.bool_]:
        return self.noisy >= self.high

    @property
    def clipping(self) -> str:
        """How the values were clipped, in words."""
        ends = (self.low > -np.inf, self.high < np.inf)
        return {
            (True, True): f"clipped to [{self.low:g}, {self.high:g}]",
            (True, False): f"clipped below at {self.low:g}",
            (False, True): f"clipped above at {self.high:g}",
            (False, False): "not clipped",
        }[ends]

    def level(self, where: np.ndarray | None = None) -> Level:
        """The maximum likelihood estimate on the pixels of a mask, or on all."""
        mask = np.ones_like(self.at_low) if where is None else where
        seen = self.added[mask & ~self.at_low & ~self.at_high]
        below = _counted(self._floor[mask & self.at_low])
        above = _counted(self._ceiling[mask & self.at_high])
        return _most_likely(seen, below, above)

    def standard(self, mean: float, sigma: float, random: np.random.Generator) -> np.ndarray:
        """The standardized noise, (n, 784): independent standard normal for this mean and sigma."""
        rounding = self.step * (random.random(self.added.shape) - 0.5)
        result = (self.added + rounding - mean) / sigma
        for hidden, limits, sign in ((self.at_low, self._floor, 1), (self.at_high, self._ceiling, -1)):
            share = ndtr(sign * (limits[hidden] - mean) / sigma)
            drawn = ndtri(np.maximum(share * random.random(share.shape), 1e-300))
            result[hidden] = sign * drawn
        return result

    @property
    def _floor(self) -> np.ndarray:
        """The upper limit of noise that was clipped below: half a step more is rounded down."""
        return self.low + self.step / 2 - self.clean

    @property
    def _ceiling(self) -> np.ndarray:
        return self.high - self.step / 2 - self.clean


Limits = tuple[np.ndarray, np.ndarray]
"""Different limits (one for each grey level), and how often each occurs."""


def _counted(limits: np.ndarray) -> Limits:
    return np.unique(np.round(limits, 6), return_counts=True)


def _most_likely(seen: np.ndarray, below: Limits, above: Limits) -> Level:
    """Maximizes the likelihood by Newton's method in 1 / sigma and mean / sigma, where it is concave.

    seen: noise that was not clipped. below, above: limits that clipped noise is below or above.
    """
    n = len(seen)
    # A constant in float32 differs by rounding, of which no deviation can be estimated.
    if n < 2 or np.ptp(seen) < 1e-6 * max(1.0, np.abs(seen).max()):
        return Level(float(seen.mean()) if n else 0.0, np.inf, 0.0, np.inf)
    # Scaled by its root mean square, so that the stopping tolerances suit noise of any size.
    unit = float(np.sqrt(np.mean(seen**2)))
    total, squares = float(seen.sum()) / unit, float(n)
    limits = np.concatenate([below[0], above[0]]) / unit
    signs = np.concatenate([np.ones(len(below[0])), -np.ones(len(above[0]))])
    counts = np.concatenate([below[1], above[1]])

    def log_likelihood(theta: float, delta: float) -> float:
        hidden = float(counts @ log_ndtr(signs * (theta * limits - delta)))
        rest = (theta**2 * squares - 2 * theta * delta * total + n * delta**2) / 2
        return float(n * np.log(theta)) - rest + hidden

    theta, delta = 1.0, 0.0
    for _ in range(100):
        t = signs * (theta * limits - delta)
        ratio = np.exp(-(t**2) / 2 - log_ndtr(t)) / np.sqrt(2 * np.pi)
        slope, bend = counts * signs * ratio, counts * -ratio * (t + ratio)
        gradient = np.array(
            [
                n / theta - theta * squares + delta * total + slope @ limits,
                theta * total - n * delta - slope.sum(),
            ]
        )
        mixed = total - bend @ limits
        hessian = np.array(
            [[-n / theta**2 - squares + bend @ limits**2, mixed], [mixed, -n + bend.sum()]]
        )
        step = np.linalg.solve(hessian, gradient)
        scale, before = 1.0, log_likelihood(theta, delta)
        while scale > 1e-6 and (
            theta - scale * step[0] <= 0
            or log_likelihood(theta - scale * step[0], delta - scale * step[1]) < before
        ):
            scale /= 2
        theta, delta = theta - scale * step[0], delta - scale * step[1]
        if abs(step[0]) < 1e-9 * theta and abs(step[1]) < 1e-9:
            break
    covariance = np.linalg.inv(-hessian)
    to_mean = np.array([-delta / theta**2, 1 / theta])
    return Level(
        mean=float(unit * delta / theta),
        mean_error=float(unit * np.sqrt(to_mean @ covariance @ to_mean)),
        sigma=float(unit / theta),
        sigma_error=float(unit * np.sqrt(covariance[0, 0]) / theta**2),
    )


def tests_of_level(level: Level, sigma: float) -> dict[str, float]:
    """log10 of the p-values of mean and standard deviation.

    Both estimates are nearly normal: they rest on some 40,000 pixels and more.
    """
    if not level.sigma:
        return {"level": LEAST, "mean": LEAST}
    off = max(abs(level.mean) - MEAN_ALLOWED, 0)
    return {
        "level": _normal(np.log(level.sigma / sigma) * level.sigma / level.sigma_error),
        "mean": _normal(off / level.mean_error),
    }


def tests_of_shape_and_independence(z: np.ndarray, clean: np.ndarray) -> dict[str, float]:
    """log10 of each test's p-value under independent standard normal z (n, 784)."""
    n, pixels = z.shape
    bright = clean >= BRIGHT
    brightness = clean - clean.mean()
    return {
        "shape": test_of_shape(z),
        "neighbours": _normal(np.abs(neighbour_correlations(z)).max(), times=len(NEIGHBOURS)),
        "pattern": _chi2((z.sum(axis=0) ** 2).sum() / n, pixels),
        "images": _cosine(largest_cosine(z, z), pixels, n * (n - 1) / 2),
        "mean of an image": _normal(np.abs(z.sum(axis=1)).max() / pixels**0.5, times=n),
        "level of an image": _chi2_extremes((z**2).sum(axis=1), pixels),
        "level of a pixel": _chi2_extremes((z**2).sum(axis=0), n),
        "mean by brightness": _normal(
            (z * brightness).sum() / max(np.sqrt((brightness**2).sum()), 1e-9)
        ),
        "level by brightness": _ratio(z[bright], z[~bright]),
    }


def test_of_shape(z: np.ndarray) -> float:
    """log10 of the p-value of a chi-squared test with intervals of equal probability."""
    expected = z.size / BINS
    counts, _ = np.histogram(ndtr(z), BINS, (0, 1))
    return _chi2(((counts - expected) ** 2).sum() / expected, BINS - 1)


_REACH = range(-FARTHEST_NEIGHBOUR, FARTHEST_NEIGHBOUR + 1)
NEIGHBOURS = [(down, right) for down in _REACH for right in _REACH if (down, right) > (0, 0)]
"""Displacements at which pixels are compared: half of all, as opposite ones give the same products."""


def neighbour_correlations(z: np.ndarray) -> np.ndarray:
    """The sum of products at each displacement within an image, scaled to be nearly standard normal."""
    padded = np.fft.rfft2(z.reshape(-1, SIDE, SIDE), (2 * SIDE, 2 * SIDE))
    sums = np.fft.irfft2((np.abs(padded) ** 2).sum(axis=0), (2 * SIDE, 2 * SIDE))
    down, right = np.transpose(NEIGHBOURS)
    pairs = len(z) * (SIDE - down) * (SIDE - np.abs(right))
    return np.asarray(sums[down, right] / np.sqrt(pairs))


def largest_cosine(a: np.ndarray, b: np.ndarray) -> float:
    """The largest absolute cosine between an image's noise in a and another image's in b."""
    a, b = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9) for x in (a, b))
    cosines = np.abs(a @ b.T)
    if a.shape == b.shape and np.array_equal(a, b):
        np.fill_diagonal(cosines, 0)
    return float(cosines.max(initial=0))


def between(a: np.ndarray, b: np.ndarray) -> float:
    """log10 of the probability that any image of one set has noise so like that of one of the other."""
    return _cosine(largest_cosine(a, b), a.shape[1], len(a) * len(b))


def log10_chance(pairs: float, expected: float) -> float:
    """log10 of the probability of at least so many coincidences, given the expected number."""
    return 0.0 if pairs <= 0 else _bounded(stats.poisson.logsf(pairs - 1, expected))


def fails(log10_p: float) -> bool:
    """Whether a test fails with this log10 of its p-value."""
    return log10_p < math.log10(SHARE)


def _normal(size: float, times: float = 1) -> float:
    return _bounded(np.log(2 * times) + stats.norm.logsf(abs(size)))


def _chi2(value: float, freedom: float) -> float:
    return _bounded(stats.chi2.logsf(value, freedom))


def _chi2_extremes(values: np.ndarray, freedom: float) -> float:
    """log10 of the p-value of the smallest and largest of several independent values."""
    tails = stats.chi2.logsf(values.max(), freedom), stats.chi2.logcdf(values.min(), freedom)
    return _bounded(np.log(2 * len(values)) + min(tails))


def _cosine(cosine: float, pixels: int, pairs: float) -> float:
    # The square of a cosine with an independent direction has a beta distribution.
    return _bounded(np.log(max(pairs, 1)) + stats.beta.logsf(cosine**2, 0.5, (pixels - 1) / 2))


def _ratio(a: np.ndarray, b: np.ndarray) -> float:
    """log10 of the p-value of the ratio of two mean squares, which has an F distribution."""
    if min(a.size, b.size) < 2 or not a.any() or not b.any():
        return 0.0
    f = np.mean(a**2) / np.mean(b**2)
    tail = min(stats.f.logsf(f, a.size, b.size), stats.f.logcdf(f, a.size, b.size))
    return _bounded(np.log(2) + tail)


def _bounded(log: float) -> float:
    """Converts the natural logarithm of a probability to base 10, between LEAST and 0."""
    return float(np.clip(np.nan_to_num(log / np.log(10), nan=LEAST, neginf=LEAST), LEAST, 0))
