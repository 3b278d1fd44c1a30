"""Makes a student's answers from a description of how they differ from the sample solution.

A description may name what the lab file says: $epochs stands for the exercise's number of epochs.
"""

import string
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.lab import LOSSES, Exercise

BLANK = "# Your code here"


class AnswersError(ValueError):
    """The description does not fit the sample solution; the text says where."""


def read_toml(path: Path) -> dict[str, Any]:
    """Reads the tables of a TOML file."""
    return tomllib.loads(path.read_text("utf-8"))


def answers(described: Mapping[str, Any], sample: Mapping[str, str]) -> dict[str, str]:
    """Returns the text of each answer cell.

    described: what differs from the sample solution, as `cells` (new texts by cell), `replace` (pairs of
    old and new text by cell) or `blank`. Raises AnswersError if an old text does not exist.
    """
    if described.get("blank"):
        return dict.fromkeys(sample, BLANK)
    result: dict[str, str] = dict(sample) | described.get("cells", {})
    for cell, edits in described.get("replace", {}).items():
        for old, new in edits:
            if old not in result[cell]:
                raise AnswersError(f"cell {cell} does not contain {old!r}")
            result[cell] = result[cell].replace(old, new)
    return result


def for_exercise(described: Any, exercise: Exercise) -> Any:
    """The description with the exercise's values in place of their names, such as $epochs."""
    if isinstance(described, str):
        return string.Template(described).safe_substitute(_values(exercise))
    if isinstance(described, Mapping):
        return {key: for_exercise(value, exercise) for key, value in described.items()}
    if isinstance(described, list):
        return [for_exercise(value, exercise) for value in described]
    return described


def _values(exercise: Exercise) -> dict[str, object]:
    """What a description may name, and values beside the right ones for mistakes."""
    filters = exercise.encoder[0].filters or exercise.output.filters or 1
    return {
        "model": exercise.model,
        "outputs": exercise.outputs,
        "noisy_train": exercise.noisy_train,
        "noisy_test": exercise.noisy_test,
        "network": "\n".join(_functional(exercise)),
        "filters": filters,
        "half_the_filters": max(1, filters // 2),
        "loss": exercise.loss,
        "other_loss": next(loss for loss in reversed(LOSSES) if loss != exercise.loss),
        "optimizer": exercise.optimizer,
        "other_optimizer": "adam" if exercise.optimizer != "Adam" else "sgd",
        "learning_rate": exercise.learning_rate,
        "epochs": exercise.epochs,
        "half_the_epochs": exercise.epochs // 2 or 2,
        "batch_size": exercise.batch_size,
        "noise": exercise.noise,
        "shown": exercise.shown,
        "fewer": max(1, exercise.shown - 3),
    }


def _functional(exercise: Exercise) -> list[str]:
    """The prescribed network, line by line, in Keras's functional style."""
    lines = []
    for layer in exercise.layers:
        if layer.kind == "Conv2D":
            lines.append(
                f'x = L.Conv2D({layer.filters}, {layer.kernel}, padding="{layer.padding_to_build}")(x)'
            )
            lines.append(f'x = L.Activation("{layer.activation or "relu"}")(x)')
        elif layer.kind == "MaxPooling2D":
            lines.append(f'x = L.MaxPooling2D({layer.size}, padding="{layer.padding_to_build}")(x)')
        else:
            lines.append(f"x = L.UpSampling2D({layer.size})(x)")
    return lines
