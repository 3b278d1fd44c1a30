"""Decides whether a network shows that a recorded call of `fit` trained it, and why a call stopped."""

from dataclasses import dataclass

import numpy as np

from autograder.judge import architecture, fit_inputs, rebuild
from autograder.judge.compilation import NAMES
from autograder.judge.rebuild import RebuildError
from autograder.judge.reference import Floats, Reference
from autograder.lab import Exercise
from autograder.protocol.evidence import FitEvidence, ModelEvidence

GREY = 0.5
"""The output of a sigmoid before it has learned anything."""


@dataclass(frozen=True)
class Unproven:
    """Why nothing shows that a network was trained, in words for the verdict."""

    found: str
    problem: str


def why_unproven(
    fit: FitEvidence, model: ModelEvidence, exercise: Exercise, reference: Reference
) -> Unproven | None:
    """Why nothing shows that this call trained the network; None if that is shown, or need not be.

    It need not be shown if the call stopped because of a fault that another criterion charges, or if
    there was nothing to train.
    """
    if has_moved(model):
        return None
    if fit.problem:
        if _cause(fit, model, exercise):
            return None
        problem = "fit stopped before the network had learned anything."
        return Unproven(f"fit stopped with {fit.problem}", problem)
    if not model.trainable or (model.optimizer is not None and model.optimizer.learning_rate == 0):
        return None
    if problem := why_not_run(model, reference):
        return Unproven(
            f"a network that the judge cannot run: {problem}",
            "The judge cannot run this network, and nothing shows that it was trained.",
        )
    if _answers_grey(model, fit):
        return Unproven(
            "answers like those of a network that was never trained",
            "The network answers as one that was never trained.",
        )
    return None


def has_moved(model: ModelEvidence) -> bool:
    """Whether a bias differs from Keras's initial values: 0, or 1 for the scale of a normalization."""
    vectors = (weights for layer in model.layers for weights in layer.weights if weights.ndim == 1)
    return any(vector.size and (np.ptp(vector) > 0 or vector[0] not in (0, 1)) for vector in vectors)


def why_not_run(model: ModelEvidence, reference: Reference) -> str:
    """Why the judge cannot run a network that Keras may run; empty if both can, or neither can."""
    try:
        rebuild.run(model, reference.train[:1])
    except rebuild.ImpossibleError:
        return ""
    except RebuildError as error:
        return str(error)
    return ""


def why_stopped(fit: FitEvidence, model: ModelEvidence, exercise: Exercise) -> tuple[str, ...]:
    """Remarks on a call that stopped because of a fault that another criterion charges."""
    cause = _cause(fit, model, exercise) if fit.problem else ""
    if not cause:
        return ()
    if cause == "network":
        cause = architecture.where_size_is_lost(model, exercise)
    see = "" if cause == "arguments" else f" Its cause is charged elsewhere: see {cause}."
    return (f"fit stopped with {fit.problem[:300]}.{see}",)


def differ_in_number(fit: FitEvidence) -> bool:
    """Whether the numbers of inputs and targets differ: then their samples consist of different rows."""
    return fit.input is None or fit.target is None or fit.input.rows != fit.target.rows


def _cause(fit: FitEvidence, model: ModelEvidence, exercise: Exercise) -> str:
    """Why a call stopped: its 'arguments', the 'network', 'loss' or 'loss and optimizer'; or empty."""
    if fit.target is None or differ_in_number(fit):
        return "arguments"
    if not all(sample and fit_inputs.are_images(sample) for sample in (fit.input, fit.target)):
        return "arguments"
    if model.loss is None or model.optimizer is None:
        return "loss and optimizer"
    if model.problem or not model.layers:
        return "network"
    try:
        if rebuild.output_shapes(model.layers)[-1][1:] != fit.target.values.shape[1:]:
            return "network"
    except rebuild.ImpossibleError:
        return "network"
    except RebuildError:
        return ""
    return "" if model.loss.name in NAMES[exercise.loss] else "loss"


def _answers_grey(model: ModelEvidence, fit: FitEvidence) -> bool:
    """Whether the network answers grey, as an untrained one does, although it could have learned.

    This is known only of networks that end in a sigmoid: they start at grey, which no image is like.
    """
    if fit.input is None or fit.target is None:
        return False
    try:
        if rebuild.activation_name(model.layers[-1].activation_values) != "sigmoid":
            return False
        answers = rebuild.run(model, fit.input.values)
    except (RebuildError, IndexError):
        return False
    if answers.shape != fit.target.values.shape or _is_dead(model, answers):
        return False
    error, of_grey = (np.mean((images - fit.target.values) ** 2) for images in (answers, GREY))
    return bool(error > 0.8 * of_grey and abs(answers.mean() - GREY) < 0.1)


def _is_dead(model: ModelEvidence, answers: Floats) -> bool:
    """Whether the network cannot learn: its answers do not vary, and its last layer has no bias."""
    return bool(np.ptp(answers) == 0 and len(model.layers[-1].weights) < 2)
