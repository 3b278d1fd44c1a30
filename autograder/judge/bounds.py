"""Reads the measured bounds, which `autograder calibrate` writes beside the lab file.

A bound belongs to the conditions under which it was measured: what the exercise asks for, how the grader
shortens training, and the versions of Keras and TensorFlow.
"""

import dataclasses
import importlib.metadata
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.judge import own_noise
from autograder.lab import Exercise, Lab
from autograder.lab.file import read
from autograder.lab.images import HELD_OUT
from autograder.protocol import short_training

NAME = "calibration.json"
"""The name of the file with the bounds; it lies beside the lab file."""
LIBRARIES = ("keras", "tensorflow")
"""The libraries whose versions a bound belongs to."""
COMMAND = "autograder calibrate"


def conditions(exercise: Exercise) -> dict[str, Any]:
    """All that decides how well right and wrong networks do after the shortened training."""
    return {
        "layers": [str(layer) for layer in exercise.layers],
        "loss": exercise.loss,
        "optimizer": exercise.optimizer,
        "epochs": exercise.epochs,
        "batch_size": exercise.batch_size,
        "noise": exercise.noise,
        "short_steps": exercise.short_steps,
        "held_out": HELD_OUT,
        "handed_on": own_noise.LET_THROUGH,
        "short_batch": short_training.BATCH,
        "short_rate": short_training.RATE,
        "short_rounds": short_training.ROUNDS,
        "slow": short_training.SLOW,
        "small": short_training.SMALL,
    }


def versions() -> dict[str, str]:
    """The versions of the libraries that a bound belongs to."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def lab_in(folder: Path) -> tuple[Lab, tuple[str, ...]]:
    """Reads the lab file in an assignment's source folder, and the bounds beside it, as `with_bounds`.

    Raises LabFileError.
    """
    return with_bounds(read(folder), folder)


def with_bounds(lab: Lab, folder: Path) -> tuple[Lab, tuple[str, ...]]:
    """Returns the lab with the bounds in its folder, and remarks on what is wrong with them.

    An exercise whose bound is unknown is left without one: then a person decides on its quality.
    """
    file = folder / NAME
    try:
        found = json.loads(file.read_text("utf-8"))["exercises"]
        measured = {name: dict(found[name]) for name in lab.exercises if name in found}
    except FileNotFoundError:
        measured = {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"{file} holds no calibration ({type(error).__name__}: {error})"
        return lab, (f"{problem}: a person has to grade the results. Write it anew: {COMMAND}",)
    exercises, remarks = dict(lab.exercises), []
    for name, exercise in lab.exercises.items():
        if exercise.quality is None or exercise.quality.by_hand:
            continue
        bound, problem = _bound(measured.get(name), exercise)
        exercises[name] = dataclasses.replace(exercise, bound=bound)
        if problem:
            remarks.append(f"{name}: {problem}")
    return dataclasses.replace(lab, exercises=exercises), tuple(remarks)


def _bound(measured: Mapping[str, Any] | None, exercise: Exercise) -> tuple[float | None, str]:
    """The bound of an exercise, and what is wrong with it."""
    quality = exercise.quality.id if exercise.quality else ""
    by_hand = f"a person has to grade '{quality}'"
    if measured is None:
        return None, f"there is no calibration, so {by_hand}. Measure one: {COMMAND}"
    bound = measured.get("bound")
    if bound is None:
        return None, (
            f"the calibration could not tell right networks from wrong ones, so {by_hand}. "
            f"`{COMMAND} --report` says what would help"
        )
    if not isinstance(bound, float) or not 0 < bound < 1:
        return None, f"the bound {bound!r} is no share between 0 and 1, so {by_hand}. Run {COMMAND}"
    if other := differences(measured, exercise):
        return bound, (
            f"the calibration belongs to another lab or installation ({'; '.join(other)}). Points for "
            f"'{quality}' may be wrong until you run {COMMAND}"
        )
    if measured.get("safe") is not True:
        return bound, (
            f"the bound was measured with few networks, so that a right one may lose '{quality}'. "
            f"Before students are graded, run {COMMAND}"
        )
    return bound, ""


def differences(measured: Mapping[str, Any], exercise: Exercise) -> list[str]:
    """What is different now from when the bound was measured, in words."""
    pairs = [
        (key, measured.get("conditions", {}).get(key), value)
        for key, value in conditions(exercise).items()
    ]
    pairs += [(key, measured.get("versions", {}).get(key), value) for key, value in versions().items()]
    return [_difference(key, then, now) for key, then, now in pairs if then != now]


def _difference(key: str, then: object, now: object) -> str:
    if isinstance(then, list) and isinstance(now, list):
        return "other layers" if len(then) == len(now) else f"{len(then)} layers then, {len(now)} now"
    return f"{key} {then} then, {now} now"
