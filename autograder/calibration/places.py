"""The folders of results, each of which belongs to conditions and versions and holds no others.

By default each exercise has a folder for its conditions: another lab or another Keras starts a new one,
and an interrupted calibration goes on in its own. A folder that was named takes all exercises.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.calibration import CalibrationError
from autograder.judge import bounds
from autograder.lab import Exercise

TRAININGS, NOISE, PAGE = "trainings.jsonl", "noise.jsonl", "index.html"
CONDITIONS = "conditions.json"
"""By exercise, what the results in a folder belong to."""
_ADVICE = "Name another folder with --output, or empty this one."


class OtherConditionsError(CalibrationError):
    """A folder holds results of another lab or installation."""


@dataclass(frozen=True)
class Places:
    """Where the results of each exercise lie."""

    base: Path
    """Takes a folder for each exercise and its conditions."""
    shared: Path | None = None
    """The folder of all exercises, if one was named."""

    def of(self, exercise: Exercise) -> Path:
        """The folder of an exercise's results."""
        return self.shared or self.apart(exercise)

    def apart(self, exercise: Exercise) -> Path:
        """The folder for this exercise and its conditions alone."""
        digest = hashlib.sha256(json.dumps(belongs_to(exercise), sort_keys=True).encode())
        return self.base / f"{exercise.notebook}-{digest.hexdigest()[:8]}"


def belongs_to(exercise: Exercise) -> dict[str, Any]:
    """All that the results of an exercise belong to."""
    return {"conditions": bounds.conditions(exercise), "versions": bounds.versions()}


def claim(folder: Path, exercise: Exercise, lab: Iterable[Exercise]) -> None:
    """Notes what the results of an exercise in a folder belong to.

    lab: all exercises. Raises OtherConditionsError if the folder holds results of one of them that
    belong to something else.
    """
    file = folder / CONDITIONS
    known = _read(file)
    if not known and (folder / TRAININGS).exists():
        raise OtherConditionsError(
            f"{folder} holds results, but no {CONDITIONS} that tells which lab they belong to. {_ADVICE}"
        )
    for each in lab:
        differences = bounds.differences(known[each.notebook], each) if each.notebook in known else []
        if differences:
            raise OtherConditionsError(
                f"{folder} holds results of another lab or installation: {each.notebook}: "
                f"{'; '.join(differences)}. {_ADVICE}"
            )
    if exercise.notebook not in known:
        folder.mkdir(parents=True, exist_ok=True)
        write(file, {"exercises": known | {exercise.notebook: belongs_to(exercise)}})


def write(file: Path, contents: dict[str, Any]) -> None:
    """Writes JSON so that people can read a change."""
    file.write_text(json.dumps(contents, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text("utf-8"))["exercises"])
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise OtherConditionsError(
            f"{file} cannot be read ({type(error).__name__}: {error}), so it is unknown which lab its "
            f"results belong to. {_ADVICE}"
        ) from None
