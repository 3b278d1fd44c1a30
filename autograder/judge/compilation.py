"""Criteria `loss` and `optimizer`: how the network was compiled.

A loss is known by its values, an optimizer by its name and its steps.
"""

from collections.abc import Callable

import keras
import numpy as np
from numpy.typing import NDArray

from autograder.judge.alignment import chain
from autograder.judge.architecture import no_model
from autograder.judge.verdict import Verdict, zero
from autograder.lab import LOSSES, Exercise
from autograder.protocol import challenge
from autograder.protocol.evidence import Evidence, ModelEvidence

NAMES: dict[str, tuple[str, ...]] = {
    "binary_crossentropy": ("binary_crossentropy", "BinaryCrossentropy", "bce", "BCE"),
    "mean_squared_error": ("mean_squared_error", "MeanSquaredError", "mse", "MSE"),
    "mean_absolute_error": ("mean_absolute_error", "MeanAbsoluteError", "mae", "MAE"),
}
"""Keras's names of each loss, used only in messages: a loss is judged by its values."""
Batches = NDArray[np.float64]
_TOLERANCE = 2e-3
"""Largest relative difference between the ratios of two losses that count as proportional."""
MAX_SMOOTHING = 0.5
"""Less label smoothing than this keeps bright pixels bright; more than 1 inverts the images."""


def judge_loss(evidence: Evidence, exercise: Exercise, reference: object) -> Verdict:
    """Recognizes the prescribed loss by its values for the challenge's targets and predictions."""
    expected, advice = LOSSES[exercise.loss], f"Compile with loss='{exercise.loss}'."
    model = evidence.model
    if model is None or model.api == "none":
        return no_model(model, expected)
    if model.loss is None:
        problem = "The model is not compiled with a loss."
        return zero(expected, "no loss", problem, advice, missing=True)
    found = model.loss.name
    targets, predictions = map(np.stack, zip(*challenge.loss_inputs(evidence.request), strict=True))
    if not 0 <= model.loss.label_smoothing < MAX_SMOOTHING:
        return zero(
            expected,
            f"{found} with label_smoothing={model.loss.label_smoothing:g}",
            "So much label smoothing teaches other images than the targets.",
            f"Leave label_smoothing out, or keep it between 0 and {MAX_SMOOTHING:g}.",
        )
    smooth = targets * (1 - model.loss.label_smoothing) + 0.5 * model.loss.label_smoothing
    if _proportional(model.loss.values, _VALUES[exercise.loss](smooth, predictions)):
        return Verdict(1.0, expected, found)
    with_logits = _cross_entropy(smooth, 1 / (1 + np.exp(-predictions)))
    if exercise.loss == "binary_crossentropy" and _proportional(model.loss.values, with_logits):
        # A model that does not end with a sigmoid gives logits, so that this loss fits it.
        if not _ends_with_sigmoid(model):
            return Verdict(1.0, expected, f"{found}, from logits")
        return zero(
            expected,
            f"{found} with from_logits=True",
            "With from_logits=True the loss applies a sigmoid of its own to outputs that went "
            "through one already.",
            "Leave from_logits out: the last layer has the sigmoid.",
        )
    if not model.loss.values:
        return zero(expected, found, f"The loss cannot be computed: {found}.", advice)
    # If the loss has the name of the prescribed one, that name would contradict the sentence.
    said = "" if found in NAMES[exercise.loss] else f"{found}, "
    return zero(expected, found, f"The loss is {said}not {expected}.", advice)


def judge_optimizer(evidence: Evidence, exercise: Exercise, reference: object) -> Verdict:
    """Recognizes Keras's optimizer, at any learning rate, by its name and by three of its steps."""
    expected = f"{exercise.optimizer}, at any learning rate"
    advice = f"Compile with optimizer={_written(exercise)}."
    model = evidence.model
    if model is None or model.api == "none":
        return no_model(model, expected)
    optimizer = model.optimizer
    if optimizer is None:
        problem = "The model is not compiled with an optimizer."
        return zero(expected, "no optimizer", problem, advice, missing=True)
    prescribed = getattr(keras.optimizers, exercise.optimizer)
    wanted = challenge.optimizer_response(prescribed, evidence.request)
    acts_alike = len(optimizer.response) == len(wanted)
    acts_alike = acts_alike and np.allclose(optimizer.response, wanted, rtol=0.01)
    if optimizer.name != exercise.optimizer or optimizer.own_class or not acts_alike:
        name = f"{optimizer.name} of your own" if optimizer.own_class else optimizer.name
        return zero(expected, name, f"The optimizer is {name}.", advice)
    rate = optimizer.learning_rate
    if rate is None:
        return Verdict(1.0, expected, exercise.optimizer)
    note = f"At a learning rate of {rate:g} the pictures stay blurred even after the full training"
    if exercise.learning_rate is not None:
        note += f"; {exercise.learning_rate:g} gives clearly better ones"
    notes = (f"{note}. This costs nothing.",) if 0 < rate < exercise.slow_rate else ()
    return Verdict(1.0, expected, f"{exercise.optimizer}, learning rate {rate:g}", notes=notes)


def _written(exercise: Exercise) -> str:
    """The prescribed optimizer as a student may write it."""
    if exercise.learning_rate is None:
        return f"'{exercise.optimizer.lower()}'"
    return f"keras.optimizers.{exercise.optimizer}(learning_rate={exercise.learning_rate:g})"


def _cross_entropy(targets: Batches, predictions: Batches) -> list[float]:
    """The binary cross-entropy of each batch, as a mean over its pixels."""
    values = targets * np.log(predictions) + (1 - targets) * np.log(1 - predictions)
    return [-float(batch.mean()) for batch in values]


def _squared_error(targets: Batches, predictions: Batches) -> list[float]:
    """The mean squared error; Huber's loss is half of it wherever errors are below 1, so both count."""
    return [float(batch.mean()) for batch in (targets - predictions) ** 2]


def _absolute_error(targets: Batches, predictions: Batches) -> list[float]:
    return [float(batch.mean()) for batch in np.abs(targets - predictions)]


_VALUES: dict[str, Callable[[Batches, Batches], list[float]]] = {
    "binary_crossentropy": _cross_entropy,
    "mean_squared_error": _squared_error,
    "mean_absolute_error": _absolute_error,
}
"""For each loss, its values for batches of targets and predictions."""


def _proportional(values: tuple[float, ...], wanted: list[float]) -> bool:
    """Whether values are equal up to a factor: a sum over pixels is as good as a mean."""
    if len(values) != len(wanted) or not np.all(np.isfinite(values)):
        return False
    ratio = np.asarray(values) / np.asarray(wanted)
    return bool(ratio.min() > 0 and ratio.max() / ratio.min() < 1 + _TOLERANCE)


def _ends_with_sigmoid(model: ModelEvidence) -> bool:
    steps = chain(model)
    return bool(steps) and steps[-1].activation == "sigmoid"
