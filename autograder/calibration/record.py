"""Makes and writes `calibration.json`, from which the judge reads its bounds."""

import datetime
import json
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from autograder import lab
from autograder.judge import noise_statistics, own_noise
from autograder.kernel import short_fit, short_optimizer
from autograder.lab import images
from benchmarks.calibration import power
from benchmarks.calibration.derivation import QUANTILES, REJECTIONS, Bound, Source
from benchmarks.calibration.noise_measuring import BOUND
from benchmarks.calibration.slow import CONFIDENCE


def lab_numbers() -> dict[str, Any]:
    """The numbers of the lab and of its shortened training that determine the errors."""
    exercises = {
        exercise.notebook: {
            "epochs": exercise.epochs,
            "layers": [str(layer) for layer in (*exercise.encoder, *exercise.decoder, exercise.output)],
            "noise": exercise.noise or None,
        }
        for exercise in lab.EXERCISES.values()
    }
    return {
        "exercises": exercises,
        "handed_on": own_noise.LET_THROUGH,
        "held_out": images.HELD_OUT,
        "short_batch": short_fit.SHORT_BATCH,
        "short_rate": short_optimizer.SHORT_RATE,
        "short_steps": short_fit.SHORT_STEPS,
        "slow": short_fit.SLOW,
        "small": short_fit.SMALL,
        "slow_steps": short_fit.MOST_STEPS,
    }


def written(bounds: list[Bound], noise: list[power.Row]) -> dict[str, Any]:
    """The contents of the file, rounded so that people can read a change."""
    return {
        "criteria": {bound.criterion: _of_bound(bound) for bound in bounds},
        "date": datetime.date.today().isoformat(),
        "lab": lab_numbers(),
        "noise": {
            "false_rejection": noise_statistics.FALSE_REJECTION,
            "unlikely": _rounded(BOUND),
            "sources": power.summary(noise),
        },
        "versions": {"keras": keras.__version__, "numpy": np.__version__, "tensorflow": tf.__version__},
    }


def write(contents: dict[str, Any], file: Path) -> None:
    file.write_text(json.dumps(contents, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def _of_bound(bound: Bound) -> dict[str, Any]:
    right, wrong = bound.margins
    return {
        "bound": bound.value,
        "margin_to_nearest_wrong": _rounded(wrong),
        "margin_to_worst_right": _rounded(right),
        "right_exceed_at_1_in": round(1 / REJECTIONS),
        "right_exceed_this": _rounded(bound.safe) if math.isfinite(bound.safe) else None,
        "safe": bound.is_safe,
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
            "slow_at_first": source.own_slowness.first[0],
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
        "wrong_n": len(source.of("wrong")),
    }


def _rounded(value: float) -> float:
    """The value to three significant digits."""
    return float(f"{value:.3g}")
