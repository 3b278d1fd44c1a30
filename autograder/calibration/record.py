"""Makes and writes the entries of `calibration.json`, from which the judge reads its bounds."""

import datetime
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder.calibration import places, power
from autograder.calibration.derivation import QUANTILES, REJECTIONS, Bound, Source
from autograder.calibration.kinds import WRONG
from autograder.calibration.longer import Longer
from autograder.calibration.slow import CONFIDENCE
from autograder.judge import noise_statistics


@dataclass(frozen=True)
class Finding:
    """All that was found out about one exercise."""

    bound: Bound
    noise: tuple[power.Row, ...] = ()
    longer: Longer | None = None
    """What came of longer trainings, if right and wrong networks cannot be told apart."""

    @property
    def notebook(self) -> str:
        return self.bound.exercise.notebook

    @property
    def entry(self) -> dict[str, Any]:
        """The exercise's entry in the file, rounded so that people can read a change."""
        return {
            **_of_bound(self.bound),
            **places.belongs_to(self.bound.exercise),
            "date": datetime.date.today().isoformat(),
            "longer": self.longer and _of_longer(self.longer),
            "noise": _of_noise(self.noise) if self.noise else None,
        }


def read(file: Path) -> dict[str, Any]:
    """The entries by exercise; none if the file is missing or holds no calibration."""
    try:
        return dict(json.loads(file.read_text("utf-8"))["exercises"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def write(entries: Mapping[str, Any], file: Path) -> None:
    """Writes these entries, and leaves those of other exercises as they are."""
    places.write(file, {"exercises": read(file) | dict(entries)})


def _of_bound(bound: Bound) -> dict[str, Any]:
    right, wrong = bound.margins
    return {
        "bound": bound.value if bound.told_apart else None,
        "criterion": bound.criterion,
        "told_apart": bound.told_apart,
        "margin_to_nearest_wrong": _rounded(wrong),
        "margin_to_worst_right": _rounded(right),
        "right_exceed_at_1_in": round(1 / REJECTIONS),
        "right_exceed_this": _rounded(bound.safe) if math.isfinite(bound.safe) else None,
        "safe": bound.told_apart and bound.is_safe,
        "sources": {source.name: _of_source(source, bound.value) for source in bound.sources},
    }


def _of_source(source: Source, bound: float) -> dict[str, Any]:
    estimated, most = source.rejects(bound)
    rejected, allowed = source.seen(bound)
    tail = source.tail
    return {
        "false_rejection": {
            "confidence": CONFIDENCE,
            "estimated": _rounded(estimated),
            "at_most": _rounded(most),
            "at_most_by_count": _rounded(allowed),
            "count": rejected,
        },
        "nearest_wrong": {
            "error": _rounded(source.nearest.error),
            "kind": source.nearest.of.kind,
        },
        "right": {
            "n": len(source.right),
            "slow_at_first": source.slowness.first[0],
            "handed_on_at_most": source.most_handed_on and _rounded(source.most_handed_on),
            "stays_slow_estimated": _rounded(source.stays_slow[0]),
            "quantiles": {str(q): _rounded(np.quantile(source.right, q)) for q in QUANTILES},
            "worst": _rounded(source.right[-1]),
        },
        "tail": {
            "scale": _rounded(tail.scale),
            "shape": _rounded(tail.shape),
            "share_above": _rounded(tail.share),
            "threshold": _rounded(tail.threshold),
        },
        "wrong_n": len(source.of(WRONG)),
    }


def _of_longer(longer: Longer) -> dict[str, Any]:
    return {
        "short_steps_tried": list(longer.tried),
        "networks": longer.networks,
        "short_steps_that_separate": longer.separates,
    }


def _of_noise(noise: tuple[power.Row, ...]) -> dict[str, Any]:
    return {
        "false_rejection": noise_statistics.FALSE_REJECTION,
        "unlikely": _rounded(power.BOUND),
        "sources": power.summary(noise),
    }


def _rounded(value: float) -> float:
    """The value to three significant digits."""
    return float(f"{value:.3g}")
