"""Counts how often right noise fails the judge's tests, and how often wrong noise passes them."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograder.calibration.noise_kinds import KINDS
from autograder.calibration.results import Drawn
from autograder.calibration.slow import most_likely_share
from autograder.judge.noise_statistics import SHARE

BOUND = -math.log10(SHARE)
"""-log10 of the p-value below which a test fails."""


@dataclass(frozen=True)
class Row:
    """The draws of one kind of noise on one source of images."""

    kind: str
    source: str
    drawn: tuple[Drawn, ...]

    @property
    def right(self) -> bool:
        return KINDS[self.kind].right

    @property
    def passed(self) -> int:
        """How many draws earned full credit."""
        return sum(each.credit == 1 for each in self.drawn)

    @property
    def unlikely(self) -> list[float]:
        """-log10 of the smallest p-value of each draw, in ascending order."""
        return sorted(each.unlikely for each in self.drawn)


def rows(drawn: list[Drawn]) -> tuple[Row, ...]:
    """The draws by kind and source, right kinds first."""
    sources = sorted({each.of.data for each in drawn})
    found = (
        Row(kind, source, tuple(e for e in drawn if (e.of.kind, e.of.data) == (kind, source)))
        for kind, source in itertools.product(KINDS, sources)
    )
    return tuple(row for row in found if row.drawn)


def summary(all_rows: Sequence[Row]) -> dict[str, Any]:
    """By source of images, what `calibration.json` holds of the rows."""
    return {
        source: _of_source([row for row in all_rows if row.source == source])
        for source in sorted({row.source for row in all_rows})
    }


def _of_source(some: list[Row]) -> dict[str, Any]:
    right, wrong = ([row for row in some if row.right is label] for label in (True, False))
    count = sum(len(row.drawn) for row in right)
    failed = count - sum(row.passed for row in right)
    nearest = min(wrong, key=lambda row: row.unlikely[0], default=None)
    return {
        "right": {
            "n": count,
            "failed": failed,
            "fail_at_most_by_count": float(f"{most_likely_share(failed, count):.3g}"),
            "least_likely": round(max((row.unlikely[-1] for row in right), default=0), 2),
        },
        "wrong": {
            "n": sum(len(row.drawn) for row in wrong),
            "passed": sum(row.passed for row in wrong),
            "nearest": nearest and {"kind": nearest.kind, "unlikely": round(nearest.unlikely[0], 2)},
        },
    }
