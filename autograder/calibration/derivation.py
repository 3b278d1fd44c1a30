"""Derives the bound of an exercise, between the errors of right and the smallest of wrong networks.

A right network is rejected if it stays slow to the end (`slow`), or if it restores held-out images much
worse than training images. Training goes on until the error on training images is at most `SLOW`. At
worst it equals `SLOW`: then the error on held-out images is `SLOW` times the ratio of both errors. The
tail of these worst errors limits the second probability.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from autograder.calibration import CalibrationError, kinds, slow, tails
from autograder.calibration.kinds import RIGHT, WRONG
from autograder.calibration.results import Trained
from autograder.calibration.slow import CONFIDENCE, Slowness, most_likely_share
from autograder.judge.own_noise import LET_THROUGH
from autograder.lab import Exercise
from autograder.protocol.short_training import SLOW

REJECTIONS = 1e-5
"""Largest estimated share of right networks that a bound may reject."""
DISTANCE = 1.05
"""Smallest ratio of the nearest wrong error to a bound."""
LEAST = 20
"""Smallest number of right networks from which a bound is derived."""
QUANTILES = (0.5, 0.9, 0.99)


class TooFewError(CalibrationError):
    """There are too few results to derive a bound."""


@dataclass(frozen=True)
class Source:
    """The results of one exercise on one source of images."""

    name: str
    exercise: Exercise
    results: tuple[Trained, ...]
    again: slow.Count
    """How many further rounds left a right network slow, whatever the exercise and the images."""

    def of(self, label: str) -> list[Trained]:
        """The results of the kinds with this label."""
        return _labelled(label, self.results, self.exercise)

    @cached_property
    def right(self) -> np.ndarray:
        """The errors of the right networks, smallest first."""
        return np.sort([each.error for each in self.of(RIGHT)])

    @cached_property
    def at_worst(self) -> np.ndarray:
        """The errors of right networks if training had ended just when they were no longer slow.

        If all of them stayed slow, their errors as they are.
        """
        errors = ((each.error, each.left) for each in self.of(RIGHT))
        at_worst = np.sort([SLOW * error / left for error, left in errors if left and left <= SLOW])
        return at_worst if at_worst.size else self.right

    @cached_property
    def tail(self) -> tails.Tail:
        """The tail of the errors at worst."""
        return tails.fit(self.at_worst)

    @cached_property
    def resampled(self) -> list[tails.Tail]:
        """The tails of bootstrap samples of these errors."""
        return tails.resampled(self.at_worst)

    @cached_property
    def slowness(self) -> Slowness:
        return Slowness.of(self.of(RIGHT), self.exercise)

    @cached_property
    def stays_slow(self) -> tuple[float, float, float]:
        """The probability that a right network stays slow to the end: an estimate and its limits."""
        return slow.stays(self.slowness, self.again)

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
        estimated, _, most = self.stays_slow
        resampled = np.quantile([tail.exceeds(bound) for tail in self.resampled], CONFIDENCE)
        return estimated + float(self.tail.exceeds(bound)), most + float(resampled)

    @cached_property
    def safe(self) -> float:
        """The bound with the largest allowed estimate of rejections; infinite if there is none."""
        left = REJECTIONS - self.stays_slow[0]
        return self.tail.quantile(left) if left > 0 else math.inf

    @property
    def faults(self) -> Iterator[str]:
        """Says where right networks look like wrong ones, whatever the bound."""
        if (at_least := self.stays_slow[1]) > REJECTIONS:
            seen, count = self.slowness.first
            yield (
                f"on {self.name} {seen} of {count} right networks are slow at first, so that a share of "
                f"at least {at_least:.1g} stays slow to the end, as estimated, and may look untrained"
            )
        if (most := self.most_handed_on or 0) > LET_THROUGH:
            yield (
                f"right networks on {self.name} leave up to {most:.2f} of the noise, and more than "
                f"{LET_THROUGH:g} counts as handed on"
            )

    def seen(self, bound: float) -> tuple[int, float]:
        """How many right networks a bound rejects, and the upper limit of their share that follows."""
        count, above = len(self.right), int((self.right > bound).sum())
        return above, most_likely_share(above, count)


@dataclass(frozen=True)
class Bound:
    """The bound of one exercise, and the results it rests on."""

    exercise: Exercise
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
    def fewest(self) -> int:
        """The number of right networks on the source with the fewest."""
        return min(len(source.right) for source in self.sources)

    @cached_property
    def safe(self) -> float:
        """The smallest bound whose estimated rejections are allowed; infinite if too little is known."""
        if self.fewest < tails.LEAST:
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

    @property
    def told_apart(self) -> bool:
        """Whether right and wrong networks can be told apart at all."""
        return not self.overlaps

    @cached_property
    def overlaps(self) -> tuple[str, ...]:
        """Why right and wrong networks cannot be told apart, in words; empty if they can."""
        right, wrong, is_known = self.worst.right[-1], self.nearest.nearest, math.isfinite(self.safe)
        rarely = f" (one in {1 / REJECTIONS:,.0f} an estimated {self.safe:.2f})" if is_known else ""
        errors = (
            f"right networks have errors up to {right:.3f}{rarely}, the nearest wrong one has "
            f"{wrong.error:.3f} ({wrong.of.kind})"
        )
        others = [text for source in self.sources for text in source.faults]
        is_between = right <= self.value <= wrong.error / DISTANCE
        if others or not is_between or (is_known and not self.is_safe):
            return errors, *others
        return ()


def of(exercise: Exercise, results: Sequence[Trained], again: slow.Count) -> Bound:
    """Derives the bound of an exercise from the results of its trainings. Raises TooFewError.

    again: how many further rounds left a right network slow, as `slow_again` counts.
    """
    sources = tuple(
        Source(name, exercise, tuple(each for each in results if each.of.data == name), again)
        for name in sorted({each.of.data for each in results})
    )
    few = [source.name for source in sources if len(source.right) < LEAST or not source.of(WRONG)]
    if few or not sources:
        where = ", ".join(few) or "any images"
        raise TooFewError(
            f"{exercise.notebook} on {where}: there are too few results. Measure {LEAST} right networks "
            "and a wrong one at least."
        )
    return Bound(exercise, exercise.quality.id if exercise.quality else "", sources)


def slow_again(results: Mapping[Exercise, Sequence[Trained]]) -> slow.Count:
    """How many further rounds left a right network of any exercise slow, and of how many."""
    return slow.in_all(
        Slowness.of(_labelled(RIGHT, trained, exercise), exercise)
        for exercise, trained in results.items()
    )


def _labelled(label: str, results: Sequence[Trained], exercise: Exercise) -> list[Trained]:
    known = kinds.of(exercise)
    return [each for each in results if known[each.of.kind].label == label]
