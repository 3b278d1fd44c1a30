"""Estimates how often right networks learn slowly, and stay slow however long they are trained.

A network that is slow after the first round of steps gets another round, and so on. Each further round
leaves about the same share of slow networks slow: the number of rounds follows a geometric distribution.
So the probability of being slow to the end follows from two shares: of networks that are slow after the
first round, and of slow networks that a further round leaves slow.
"""

from dataclasses import dataclass

from scipy import stats

from autograder.kernel.short_fit import MOST_STEPS, SHORT_STEPS, SLOW
from benchmarks.calibration.results import Trained

ROUNDS = MOST_STEPS // SHORT_STEPS
"""Largest number of rounds in which a network is trained."""
CONFIDENCE = 0.95


def rounds(result: Trained, first: int) -> int:
    """After how many rounds the network was slow. first: the steps of one round."""
    return result.steps // first - 1 + (result.left is not None and result.left > SLOW)


@dataclass(frozen=True)
class Slowness:
    """Counts networks by the number of rounds that left them slow."""

    counts: tuple[int, ...]
    """The numbers of all networks, of those slow after the first round, after the second, …"""

    @classmethod
    def of(cls, results: list[Trained]) -> "Slowness":
        """Counts the results of trainings, which may be of several exercises."""
        firsts: dict[str, int] = {}
        for each in results:
            firsts[each.of.exercise] = min(each.steps, firsts.get(each.of.exercise, each.steps))
        slow = [rounds(each, firsts[each.of.exercise]) for each in results]
        return cls(tuple(sum(number >= least for number in slow) for least in range(ROUNDS + 1)))

    @property
    def first(self) -> tuple[int, int]:
        """How many networks were slow after the first round, and the number of networks."""
        return self.counts[1], self.counts[0]

    @property
    def again(self) -> tuple[int, int]:
        """How many further rounds left a slow network slow, and the number of such rounds."""
        return sum(self.counts[2:]), sum(self.counts[1:-1])


def stays(own: Slowness, all_of_them: Slowness) -> tuple[float, float]:
    """The probability that a network stays slow to the end: an estimate and an upper limit.

    own: counts of these networks. all_of_them: counts of all measured networks, as few are slow.
    """
    estimated = share(*own.first) * share(*all_of_them.again) ** (ROUNDS - 1)
    most = most_likely_share(*own.first) * most_likely_share(*all_of_them.again) ** (ROUNDS - 1)
    return estimated, most


def share(seen: int, count: int) -> float:
    """The estimated share, which is never 0, given how many of a count were seen (Jeffreys)."""
    return (seen + 0.5) / (count + 1)


def most_likely_share(seen: int, count: int) -> float:
    """The upper confidence limit of a share, given how many of a count were seen (Clopper, Pearson)."""
    return float(stats.beta.ppf(CONFIDENCE, seen + 1, count - seen)) if seen < count else 1.0
