"""Derives the bounds: each lies between the errors of right and the smallest error of wrong networks.

A right network is rejected if it stays slow to the end (`benchmarks.calibration.slow`), or if it
restores held-out digits much worse than training digits. Training goes on until the error on training
digits is at most `SLOW`. At worst it equals `SLOW`: then the error on held-out digits is `SLOW` times
the ratio of both errors. The tail of these worst errors limits the second probability.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from autograder import lab
from autograder.kernel.short_fit import SLOW
from benchmarks.calibration import tails
from benchmarks.calibration.kinds import BY_NAME, RIGHT, WRONG
from benchmarks.calibration.results import Trained
from benchmarks.calibration.slow import CONFIDENCE, Slowness, most_likely_share, stays

REJECTIONS = 1e-5
"""Largest estimated share of right networks that a bound may reject."""
DISTANCE = 1.05
"""Smallest ratio of the nearest wrong error to a bound."""
LEAST = 20
"""Smallest number of right networks from which a bound is derived."""
QUANTILES = (0.5, 0.9, 0.99)
CRITERIA = {lab.AUTOENCODER.notebook: "reconstruction", lab.DENOISING.notebook: "denoising"}
"""The criterion of each exercise that compares an error with a bound."""


class TooFewError(Exception):
    """There are too few results to derive a bound."""


@dataclass(frozen=True)
class Source:
    """The results of one exercise on one source of digits."""

    name: str
    results: tuple[Trained, ...]
    slowness: Slowness
    """The slowness of all right networks, whatever the exercise and the digits."""

    def of(self, label: str) -> list[Trained]:
        """The results of the kinds with this label."""
        return [each for each in self.results if BY_NAME[each.of.kind].label == label]

    @cached_property
    def right(self) -> np.ndarray:
        """The errors of the right networks, smallest first."""
        return np.sort([each.error for each in self.of(RIGHT)])

    @cached_property
    def at_worst(self) -> np.ndarray:
        """The errors of right networks if training had ended just when they were no longer slow."""
        errors = ((each.error, each.left) for each in self.of(RIGHT))
        return np.sort([SLOW * error / left for error, left in errors if left and left <= SLOW])

    @cached_property
    def tail(self) -> tails.Tail:
        """The tail of the errors at worst."""
        return tails.fit(self.at_worst)

    @cached_property
    def resampled(self) -> list[tails.Tail]:
        """The tails of bootstrap samples of these errors."""
        return tails.resampled(self.at_worst)

    @cached_property
    def own_slowness(self) -> Slowness:
        return Slowness.of(self.of(RIGHT))

    @cached_property
    def stays_slow(self) -> tuple[float, float]:
        """The probability that a right network stays slow to the end: an estimate and an upper limit."""
        return stays(self.own_slowness, self.slowness)

    @cached_property
    def most_handed_on(self) -> float | None:
        """The largest share of the noise that a right network handed on; None without noise."""
        return max((e.handed_on for e in self.of(RIGHT) if e.handed_on is not None), default=None)

    @cached_property
    def nearest(self) -> Trained:
        """The result of a wrong network with the smallest error."""
        return min(self.of(WRONG), key=lambda each: each.error)

    def rejects(self, bound: float) -> tuple[float, float]:
        """The probability that a bound rejects a right network: an estimate and an upper limit."""
        estimated, most = self.stays_slow
        resampled = np.quantile([tail.exceeds(bound) for tail in self.resampled], CONFIDENCE)
        return estimated + float(self.tail.exceeds(bound)), most + float(resampled)

    @cached_property
    def safe(self) -> float:
        """The bound with the largest allowed estimate of rejections; infinite if there is none."""
        left = REJECTIONS - self.stays_slow[0]
        return self.tail.quantile(left) if left > 0 else math.inf

    def seen(self, bound: float) -> tuple[int, float]:
        """How many right networks a bound rejects, and the upper limit of their share that follows."""
        count, above = len(self.right), int((self.right > bound).sum())
        return above, most_likely_share(above, count)


@dataclass(frozen=True)
class Bound:
    """One criterion's bound, and the results it rests on."""

    criterion: str
    sources: tuple[Source, ...]

    @cached_property
    def nearest(self) -> Source:
        """The source with the smallest error of a wrong network."""
        return min(self.sources, key=lambda source: source.nearest.error)

    @cached_property
    def worst(self) -> Source:
        """The source with the largest error of a right network."""
        return max(self.sources, key=lambda source: source.right[-1])

    @cached_property
    def safe(self) -> float:
        """The smallest bound whose estimated rejections are allowed; infinite if too little is known."""
        if min(len(source.right) for source in self.sources) < tails.LEAST:
            return math.inf
        return max(source.safe for source in self.sources)

    @property
    def is_safe(self) -> bool:
        """Whether the estimated rejections of the bound are allowed."""
        return self.value >= self.safe

    @cached_property
    def value(self) -> float:
        """The geometric mean of the worst right error (at least `SLOW`) and the nearest wrong one.

        If that is not safe, the safe bound, as long as it keeps `DISTANCE` from the wrong networks.
        """
        right, wrong = max(self.worst.right[-1], SLOW), self.nearest.nearest.error
        middle = math.sqrt(right * wrong)
        if middle < self.safe < wrong / DISTANCE:
            return math.ceil(100 * self.safe) / 100
        return round(middle, 2)

    @property
    def margins(self) -> tuple[float, float]:
        """The bound as a multiple of the worst right error, and the nearest wrong error of the bound."""
        return self.value / self.worst.right[-1], self.nearest.nearest.error / self.value


def of(results: list[Trained]) -> list[Bound]:
    """Derives the bound of each criterion. Raises TooFewError."""
    slowness = Slowness.of([each for each in results if BY_NAME[each.of.kind].label == RIGHT])
    return [
        Bound(CRITERIA[exercise], tuple(_sources(exercise, results, slowness)))
        for exercise in lab.EXERCISES
    ]


def _sources(exercise: str, results: list[Trained], slowness: Slowness) -> list[Source]:
    own = [each for each in results if each.of.exercise == exercise]
    sources = [
        Source(name, tuple(each for each in own if each.of.data == name), slowness)
        for name in sorted({each.of.data for each in own})
    ]
    few = [source.name for source in sources if len(source.right) < LEAST or not source.of(WRONG)]
    if few or not sources:
        where = ", ".join(few) or "any digits"
        raise TooFewError(
            f"{exercise} on {where}: measure {LEAST} right networks and a wrong one at least."
        )
    return sources
