"""Estimates how often right networks learn slowly, and stay slow however long they are trained.

A network that is slow after the first round of steps gets another round, and so on. Each further round
leaves about the same share of slow networks slow: the number of rounds follows a geometric distribution.
So the probability of being slow to the end follows from two shares: of networks that are slow after the
first round, and of slow networks that a further round leaves slow.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from scipy import stats

from autograder.calibration.results import Trained
from autograder.lab import Exercise
from autograder.protocol.short_training import ROUNDS, SLOW

CONFIDENCE = 0.95
Count = tuple[int, int]
"""How many of a number of cases."""


def steps_of_a_round(exercise: Exercise) -> int:
    """Each epoch has its share of the steps, rounded up."""
    return -(-exercise.short_steps // exercise.epochs) * exercise.epochs


def most_rounds(exercise: Exercise) -> int:
    """The largest number of rounds in which a network is trained."""
    return -(-ROUNDS * exercise.short_steps // steps_of_a_round(exercise))


def rounds(result: Trained, exercise: Exercise) -> int:
    """After how many rounds the network was slow."""
    is_slow = result.left is not None and result.left > SLOW
    return result.steps // steps_of_a_round(exercise) - 1 + is_slow


@dataclass(frozen=True)
class Slowness:
    """Counts the networks of an exercise by the number of rounds that left them slow."""

    counts: tuple[int, ...]
    """The numbers of all networks, of those slow after the first round, after the second, …"""

    @classmethod
    def of(cls, results: Iterable[Trained], exercise: Exercise) -> "Slowness":
        """Counts the results of an exercise's trainings."""
        slow = [rounds(each, exercise) for each in results]
        most = most_rounds(exercise)
        return cls(tuple(sum(number >= least for number in slow) for least in range(most + 1)))

    @property
    def first(self) -> Count:
        """How many networks were slow after the first round, and the number of networks."""
        return self.counts[1], self.counts[0]

    @property
    def again(self) -> Count:
        """How many further rounds left a slow network slow, and the number of such rounds."""
        return sum(self.counts[2:]), sum(self.counts[1:-1])

    @property
    def further(self) -> int:
        """The number of rounds after the first."""
        return len(self.counts) - 2


def in_all(some: Iterable[Slowness]) -> Count:
    """How many further rounds left a slow network slow, whatever the exercise, and of how many."""
    each = [slowness.again for slowness in some]
    return sum(seen for seen, _ in each), sum(count for _, count in each)


def stays(own: Slowness, again: Count) -> tuple[float, float, float]:
    """The probability that a network stays slow to the end: an estimate, a lower and an upper limit.

    own: counts of these networks. again: `in_all` of all that were measured, as few are slow; the lower
    limit rests on these networks alone.
    """
    estimated = share(*own.first) * share(*again) ** own.further
    least = least_likely_share(*own.first) * least_likely_share(*own.again) ** own.further
    most = most_likely_share(*own.first) * most_likely_share(*again) ** own.further
    return estimated, least, most


def share(seen: int, count: int) -> float:
    """The estimated share, which is never 0, given how many of a count were seen (Jeffreys)."""
    return (seen + 0.5) / (count + 1)


def most_likely_share(seen: int, count: int) -> float:
    """The upper confidence limit of a share, given how many of a count were seen (Clopper, Pearson)."""
    return float(stats.beta.ppf(CONFIDENCE, seen + 1, count - seen)) if seen < count else 1.0


def least_likely_share(seen: int, count: int) -> float:
    """The lower confidence limit of a share, given how many of a count were seen (Clopper, Pearson)."""
    return float(stats.beta.ppf(1 - CONFIDENCE, seen, count - seen + 1)) if seen else 0.0
