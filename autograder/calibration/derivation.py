"""The bounds, from the results: between what right networks reach and the nearest of the wrong ones.

A right network is rejected if it is slow to the end (`autograder.calibration.slow`), or if it restores
held-out digits so much worse than those that it learned from. Training goes on until its error on
these is at most `SLOW`. So the second is at most as likely as that `SLOW` times the ratio of both errors
exceeds the bound: as if all networks had come just so far.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from autograder import lab
from autograder.calibration import tails
from autograder.calibration.kinds import BY_NAME, RIGHT, WRONG
from autograder.calibration.results import Result
from autograder.calibration.slow import CONFIDENCE, Slowness, most_likely_share, stays
from autograder.kernel.short_fit import SLOW

REJECTIONS = 1e-5
"""Share of right networks that a bound may reject, as estimated."""
DISTANCE = 1.05
"""Times the bound that the nearest wrong error is, at least."""
LEAST = 20
"""Right networks without which no bound is set at all."""
QUANTILES = (0.5, 0.9, 0.99)
CRITERIA = {"autoencoder": "reconstruction", "denoising_autoencoder": "denoising"}
"""The criterion that goes by the error of each exercise."""


class TooFewError(Exception):
    """No bound can be set on so few results."""


@dataclass(frozen=True)
class Source:
    """The results of one exercise on one source of digits."""

    name: str
    results: tuple[Result, ...]
    slowness: Slowness
    """Of all right networks, also of other exercises and on other digits."""

    def of(self, label: str) -> list[Result]:
        """Those of the kinds that are so labelled."""
        return [each for each in self.results if BY_NAME[each.of.kind].label == label]

    @cached_property
    def right(self) -> np.ndarray:
        """Errors of the right ones, the least first."""
        return np.sort([each.error for each in self.of(RIGHT)])

    @cached_property
    def at_worst(self) -> np.ndarray:
        """What their errors were, had training ended just when they were no longer slow."""
        ended = [each for each in self.of(RIGHT) if each.left is not None and each.left <= SLOW]
        return np.sort([SLOW * each.error / each.left for each in ended])

    @cached_property
    def tail(self) -> tails.Tail:
        return tails.fit(self.at_worst)

    @cached_property
    def resampled(self) -> list[tails.Tail]:
        return tails.resampled(self.at_worst)

    @cached_property
    def own_slowness(self) -> Slowness:
        return Slowness.of(self.of(RIGHT))

    @cached_property
    def stays_slow(self) -> tuple[float, float]:
        """The probability that a right one is slow to the end: estimated, and at most."""
        return stays(self.own_slowness, self.slowness)

    @cached_property
    def most_handed_on(self) -> float | None:
        """The largest share of the noise that a right one handed on; None without noise."""
        return max((e.handed_on for e in self.of(RIGHT) if e.handed_on is not None), default=None)

    @cached_property
    def nearest(self) -> Result:
        """The wrong one with the least error."""
        return min(self.of(WRONG), key=lambda each: each.error)

    def rejects(self, bound: float) -> tuple[float, float]:
        """The probability that a bound rejects a right one: estimated, and at most."""
        estimated, most = self.stays_slow
        estimated += self.tail.exceeds(bound)
        most += np.quantile([tail.exceeds(bound) for tail in self.resampled], CONFIDENCE)
        return float(estimated), float(most)

    @cached_property
    def safe(self) -> float:
        """The bound that rejects as many as may be, as estimated; infinite where there is none."""
        left = REJECTIONS - self.stays_slow[0]
        return self.tail.quantile(left) if left > 0 else math.inf

    def seen(self, bound: float) -> tuple[int, float]:
        """How many right ones it rejected, and the share that this allows for (Clopper, Pearson)."""
        count, above = len(self.right), int((self.right > bound).sum())
        return above, most_likely_share(above, count)


@dataclass(frozen=True)
class Bound:
    """One criterion's bound, and what it rests on."""

    criterion: str
    sources: tuple[Source, ...]

    @cached_property
    def nearest(self) -> Source:
        """Where the wrong ones come nearest."""
        return min(self.sources, key=lambda source: source.nearest.error)

    @cached_property
    def worst(self) -> Source:
        """Where a right one has the largest error."""
        return max(self.sources, key=lambda source: source.right[-1])

    @cached_property
    def safe(self) -> float:
        """The error above which, as estimated, no more right networks are than may be rejected.

        Infinite where too few are measured to tell.
        """
        if min(len(source.right) for source in self.sources) < tails.LEAST:
            return math.inf
        return max(source.safe for source in self.sources)

    @property
    def is_safe(self) -> bool:
        """Whether the bound rejects as few as it may, as estimated."""
        return self.value >= self.safe

    @cached_property
    def value(self) -> float:
        """As far from the worst right one as from the nearest wrong one, by their ratios.

        Right ones come up to `SLOW`, however rarely. Where the middle would not be safe: what is, as
        long as it keeps some distance from the wrong ones.
        """
        right, wrong = max(self.worst.right[-1], SLOW), self.nearest.nearest.error
        middle = math.sqrt(right * wrong)
        if middle < self.safe < wrong / DISTANCE:
            return math.ceil(100 * self.safe) / 100
        return round(middle, 2)

    @property
    def margins(self) -> tuple[float, float]:
        """How many times the worst right error the bound is, and the least wrong error the bound."""
        return self.value / self.worst.right[-1], self.nearest.nearest.error / self.value


def of(results: list[Result]) -> list[Bound]:
    """The bound of each criterion. Raises TooFewError."""
    slowness = Slowness.of([each for each in results if BY_NAME[each.of.kind].label == RIGHT])
    return [
        Bound(CRITERIA[exercise], tuple(_sources(exercise, results, slowness)))
        for exercise in lab.EXERCISES
    ]


def _sources(exercise: str, results: list[Result], slowness: Slowness) -> list[Source]:
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
