"""Criteria `loss` and `optimizer`: how the network was compiled."""

import keras
import numpy as np
from numpy.typing import NDArray

from autograder.judge.alignment import chain
from autograder.judge.architecture import no_model
from autograder.judge.verdict import Verdict, zero
from autograder.lab import Exercise
from autograder.protocol import challenge
from autograder.protocol.evidence import Evidence, ModelEvidence

CROSS_ENTROPY_NAMES = ("binary_crossentropy", "BinaryCrossentropy", "bce", "BCE")
"""Keras's names of binary cross-entropy, used only in messages: a loss is judged by its values."""
_TOLERANCE = 2e-3
"""Largest relative difference between the ratios of two losses that count as proportional."""
MAX_SMOOTHING = 0.5
"""Less label smoothing than this keeps bright pixels bright; more than 1 inverts the images."""
SLOW_RATE = 0.005
"""Learning rate of Adagrad below which the pictures stay blurred after the full training."""
_LOSS_ADVICE = "Compile with loss='binary_crossentropy'."
_OPTIMIZER_ADVICE = "Compile with optimizer=keras.optimizers.Adagrad(learning_rate=0.01)."


def judge_loss(evidence: Evidence, exercise: Exercise, reference: object) -> Verdict:
    """Recognizes binary cross-entropy by its values for the challenge's targets and predictions."""
    expected = "binary cross-entropy"
    model = evidence.model
    if model is None or model.api == "none":
        return no_model(model, expected)
    if model.loss is None:
        problem = "The model is not compiled with a loss."
        return zero(expected, "no loss", problem, _LOSS_ADVICE, missing=True)
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
    if _proportional(model.loss.values, _cross_entropy(smooth, predictions)):
        return Verdict(1.0, expected, found)
    with_logits = _cross_entropy(smooth, 1 / (1 + np.exp(-predictions)))
    if _proportional(model.loss.values, with_logits):
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
        return zero(expected, found, f"The loss cannot be computed: {found}.", _LOSS_ADVICE)
    # If the loss has the name of cross-entropy, that name would contradict the sentence.
    said = "" if model.loss.name in CROSS_ENTROPY_NAMES else f"{found}, "
    return zero(expected, found, f"The loss is {said}not binary cross-entropy.", _LOSS_ADVICE)


def judge_optimizer(evidence: Evidence, exercise: Exercise, reference: object) -> Verdict:
    """Recognizes Keras's Adagrad, at any learning rate, by its name and by three of its steps."""
    expected = "Adagrad, at any learning rate"
    model = evidence.model
    if model is None or model.api == "none":
        return no_model(model, expected)
    optimizer = model.optimizer
    if optimizer is None:
        problem = "The model is not compiled with an optimizer."
        return zero(expected, "no optimizer", problem, _OPTIMIZER_ADVICE, missing=True)
    wanted = challenge.optimizer_response(keras.optimizers.Adagrad, evidence.request)
    acts_alike = len(optimizer.response) == len(wanted)
    acts_alike = acts_alike and np.allclose(optimizer.response, wanted, rtol=0.01)
    if optimizer.name != "Adagrad" or optimizer.own_class or not acts_alike:
        name = f"{optimizer.name} of your own" if optimizer.own_class else optimizer.name
        return zero(expected, name, f"The optimizer is {name}.", _OPTIMIZER_ADVICE)
    rate = optimizer.learning_rate
    if rate is None:
        return Verdict(1.0, expected, "Adagrad")
    note = (
        f"At a learning rate of {rate:g} the pictures stay blurred even after the full "
        "training; 0.01 gives clearly better ones. This costs nothing."
    )
    notes = (note,) if 0 < rate < SLOW_RATE else ()
    return Verdict(1.0, expected, f"Adagrad, learning rate {rate:g}", notes=notes)


def _cross_entropy(targets: NDArray[np.float64], predictions: NDArray[np.float64]) -> list[float]:
    """The binary cross-entropy of each batch, as a mean over its pixels."""
    values = targets * np.log(predictions) + (1 - targets) * np.log(1 - predictions)
    return [-float(batch.mean()) for batch in values]


def _proportional(values: tuple[float, ...], wanted: list[float]) -> bool:
    """Whether values are equal up to a factor: a sum over pixels is as good as a mean."""
    if len(values) != len(wanted) or not np.all(np.isfinite(values)):
        return False
    ratio = np.asarray(values) / np.asarray(wanted)
    return bool(ratio.min() > 0 and ratio.max() / ratio.min() < 1 + _TOLERANCE)


def _ends_with_sigmoid(model: ModelEvidence) -> bool:
    steps = chain(model)
    return bool(steps) and steps[-1].activation == "sigmoid"
