"""How often right networks learn slowly, and stay slow however long they are trained on.

A network that is slow after the first steps gets as many again, and so on. Of those that were slow once
more, about the same share is slow each time: the steps until a network learns follow a geometric
distribution. So the probability that one is slow to the end follows from the share that is slow at
first, and the share of slow ones that a further round leaves slow.
"""

from dataclasses import dataclass

from scipy import stats

from autograder.calibration.results import Result
from autograder.kernel.short_fit import MOST_STEPS, SHORT_STEPS, SLOW

ROUNDS = MOST_STEPS // SHORT_STEPS
"""In which a network may be trained, the first steps included."""
CONFIDENCE = 0.95


def rounds(result: Result, first: int) -> int:
    """After how many rounds the network was slow. first: the steps of one."""
    return result.steps // first - 1 + (result.left is not None and result.left > SLOW)


@dataclass(frozen=True)
class Slowness:
    """Networks by how many rounds left them slow."""

    counts: tuple[int, ...]
    """All, those that were slow after the first round, after the second, …"""

    @classmethod
    def of(cls, results: list[Result]) -> "Slowness":
        """Of the trainings of any exercises."""
        firsts: dict[str, int] = {}
        for each in results:
            firsts[each.of.exercise] = min(each.steps, firsts.get(each.of.exercise, each.steps))
        slow = [rounds(each, firsts[each.of.exercise]) for each in results]
        return cls(tuple(sum(number >= least for number in slow) for least in range(ROUNDS + 1)))

    @property
    def first(self) -> tuple[int, int]:
        """How many were slow after the first round, and of how many."""
        return self.counts[1], self.counts[0]

    @property
    def again(self) -> tuple[int, int]:
        """How many times a further round left a slow network slow, and of how many."""
        return sum(self.counts[2:]), sum(self.counts[1:-1])


def stays(own: Slowness, all_of_them: Slowness) -> tuple[float, float]:
    """The probability that a network is slow to the end: estimated, and at most.

    own: of the networks in question. all_of_them: of all that were measured, as few are slow at all.
    """
    estimated = share(*own.first) * share(*all_of_them.again) ** (ROUNDS - 1)
    most = most_likely_share(*own.first) * most_likely_share(*all_of_them.again) ** (ROUNDS - 1)
    return estimated, most


def share(seen: int, count: int) -> float:
    """The share estimated from so many of a count, which is never none (Jeffreys)."""
    return (seen + 0.5) / (count + 1)


def most_likely_share(seen: int, count: int) -> float:
    """The largest share that explains so many of a count (Clopper, Pearson), with CONFIDENCE."""
    return float(stats.beta.ppf(CONFIDENCE, seen + 1, count - seen)) if seen < count else 1.0
