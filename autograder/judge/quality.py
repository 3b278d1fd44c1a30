"""Criteria `reconstruction` and `denoising`: does the trained network restore unseen digits?

What another criterion charges is not charged here once more: a last layer without its sigmoid is tried
with one, and a network that learned to remove other noise than it should is tried on that noise.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator

import numpy as np

from autograder.judge import architecture, bounds, own_noise, rebuild
from autograder.judge.alignment import times_text
from autograder.judge.reference import Reference
from autograder.judge.training import data_faults, judge_training, trained_without_noise
from autograder.judge.verdict import Verdict, zero
from autograder.lab import BATCH_SIZE, Exercise
from autograder.protocol.evidence import Evidence, ModelEvidence

CONSTANT = 0.02
"""Standard deviation between the answers to different images below which they are one answer."""

FAR = 0.1
"""Mean squared distance from the range of pixels, 0 to 1, that noise handed on does not reach."""

_UNEXPLAINED = (
    "The network and its training are as the lab asks for, and yet the shortened training did not get "
    "to where such networks get: its initial weights may be unusual, or something changed the weights."
)
_A_PERSON = "Nothing that was asked for explains it, so a person will look at it."


def restoration_error(answers: np.ndarray, reference: Reference) -> float:
    """Mean squared error on the held-out digits, as a share of that of always answering the mean image.

    answers: what the network makes of them, float32 (n, 28, 28, 1).
    """
    return float(np.mean((answers - reference.held_out) ** 2)) / reference.mean_image_error


def enough(noisy: bool) -> float:
    """Largest error, as a share of the mean image's, that counts as restored."""
    found = bounds.calibrated()
    return found.denoising if noisy else found.reconstruction


def judge_quality(evidence: Evidence, exercise: Exercise, reference: Reference) -> Verdict:
    """The mean squared error on held-out digits against that of always answering the mean image."""
    noisy = exercise.noise is not None
    expected = f"held-out {'noisy ' if noisy else ''}digits come out recognisable"
    refused = architecture.refusal(evidence.model, expected)
    if refused:
        return refused
    if refused := _no_result(evidence, exercise, expected):
        return refused
    if noisy and trained_without_noise(evidence.fits, reference):
        return zero(
            expected,
            "a model that never saw a noisy image in training",
            "Trained on the wrong thing: there was no noise to be removed from the images that "
            "went into fit (see noise and training).",
            "Give fit the noisy images as input and the clean ones as target.",
        )
    first, least, hands_on = None, np.inf, False
    try:
        for run, images, note in _tries(evidence, exercise, reference):
            answers = run(images)
            if first is None:
                first = answers
            error = restoration_error(answers, reference)
            least = min(least, error)
            if error <= enough(noisy):
                if not (noisy and own_noise.lets_through(run, images, reference.held_out)):
                    return Verdict(1.0, expected, _found(error), notes=(note,) if note else ())
                hands_on = True
    except rebuild.RebuildError as error:
        problem = "The judge could not run this model. A person has to look at it."
        return zero(expected, str(error), problem, "Use Keras's own layers, as they are.", review=True)
    if not np.isfinite(first).all():
        problem = "The output is not finite: training went astray."
        return zero(expected, "values that are not finite", problem, "Try a smaller learning rate.")
    problem, advice = _why(evidence, exercise, reference, first, hands_on)
    verdict = zero(expected, _found(least), problem, advice)
    if _could_not_learn(evidence.model) or not _is_as_asked(evidence, exercise, reference):
        return verdict
    return dataclasses.replace(verdict, review=True, why_review=_UNEXPLAINED, notes=(_A_PERSON,))


def _could_not_learn(model: ModelEvidence) -> bool:
    return not model.trainable or (model.optimizer is not None and model.optimizer.learning_rate == 0)


def _is_as_asked(evidence: Evidence, exercise: Exercise, reference: Reference) -> bool:
    """Whether no other criterion finds what keeps digits from being restored."""
    criteria = (
        architecture.judge_encoder,
        architecture.judge_decoder,
        architecture.judge_output_layer,
        judge_training,
    )
    return all(criterion(evidence, exercise, reference).credit >= 1 for criterion in criteria)


def _found(error: float) -> str:
    return f"an error of {error:.2f} times that of always answering the mean image"


def _no_result(evidence: Evidence, exercise: Exercise, expected: str) -> Verdict | None:
    """The zero where there is nothing to be judged; None if there is."""
    if lost := architecture.where_size_is_lost(evidence.model, exercise):
        shape = architecture.output_shape(evidence.model)
        answers = "no image" if shape is None else times_text(shape)
        problem = f"The network answers an image with {answers}, not with 28×28×1 (see {lost})."
        advice = "Mend what the other panel names; then the result can be judged."
        return zero(expected, f"an output of {answers}", problem, advice)
    if any(fit.steps for fit in evidence.fits):
        images = _images_in_all(evidence)
        if images is None or images >= BATCH_SIZE:
            return None
        problem = f"The model was trained on {images} images in all, less than one batch has."
        return zero(expected, "a model trained on next to nothing", problem, _advice(exercise))
    failed = [fit.problem for fit in evidence.fits if fit.problem]
    if failed:
        problem = f"fit stopped before it had trained anything: {failed[-1]}"
        return zero(expected, "an untrained model", problem, _advice(exercise))
    problem = "The model was never trained."
    return zero(expected, "an untrained model", problem, _advice(exercise), missing=True)


def _images_in_all(evidence: Evidence) -> int | None:
    """How many images went through the network, each as often as it did; None if nobody knows."""
    counts = [fit.images_per_epoch for fit in evidence.fits if fit.steps]
    if None in counts:
        return None
    return sum(fit.images_per_epoch * max(fit.epochs, 1) for fit in evidence.fits if fit.steps)


def _tries(
    evidence: Evidence, exercise: Exercise, reference: Reference
) -> Iterator[tuple[Callable[[np.ndarray], np.ndarray], np.ndarray, str]]:
    """The network, what it is shown, and in what way that is another than asked for."""
    shown = [(reference.held_out, "")]
    if exercise.noise is not None:
        shown = [(reference.noisy_held_out(exercise.noise), "")]
        own = own_noise.on_held_out(evidence.fits, reference)
        if own is not None:
            shown.append((own, "Tried with the noise that it was trained with (see noise)."))
    models = [(evidence.model, "")]
    if (with_sigmoid := _with_sigmoid(evidence.model)) is not None:
        models.append((with_sigmoid, "Tried with a sigmoid at its end (see output-layer)."))
    for model, of_model in models:
        for images, of_images in shown:
            note = " ".join(filter(None, (of_model, of_images)))
            yield functools.partial(rebuild.run, model), images, note


def _with_sigmoid(model: ModelEvidence) -> ModelEvidence | None:
    """The network with a sigmoid as its last activation; None if it has one."""
    *others, last = model.layers
    if last.activation is None or rebuild.activation_name(last.activation_values) == "sigmoid":
        return None
    sigmoid = dataclasses.replace(last, activation="sigmoid", activation_values=rebuild.SIGMOID)
    return dataclasses.replace(model, layers=(*others, sigmoid))


def _needs_sigmoid(model: ModelEvidence, answers: np.ndarray) -> bool:
    """Whether answers are no pixels for want of a sigmoid: all 1 by a softmax, or far from 0 to 1."""
    if _with_sigmoid(model) is None:
        return False
    name = rebuild.activation_name(model.layers[-1].activation_values)
    return name == "softmax" or float(np.mean((answers - np.clip(answers, 0, 1)) ** 2)) > FAR


def _why(
    evidence: Evidence, exercise: Exercise, reference: Reference, answers: np.ndarray, hands_on: bool
) -> tuple[str, str]:
    """Why digits are not restored, as far as can be told, and what to do.

    hands_on: whether there is little error, but noise is handed on.
    """
    model = evidence.model
    if model.optimizer is not None and model.optimizer.learning_rate == 0:
        return "A learning rate of 0 teaches nothing.", "Try a learning rate of 0.01."
    if not model.trainable:
        problem = "All layers are frozen (trainable=False), so that fit could teach them nothing."
        return problem, "Leave the layers trainable."
    if faults := data_faults(evidence.fits, exercise, reference):
        return f"Trained on the wrong thing (see training): {faults[0]}.", _advice(exercise)
    if _needs_sigmoid(model, answers):
        problem = (
            f"Without a sigmoid at its end (it is {model.layers[-1].activation}) the network answers "
            f"values from {answers.min():.3g} to {answers.max():.3g}, not pixels (see output-layer)."
        )
        return problem, "End the network with activation='sigmoid'."
    if answers.std(axis=0).mean() < CONSTANT:
        return "The answer is (almost) the same whatever the image.", _advice(exercise)
    if hands_on:
        problem = "The network hands the noise on to its answers, in place of removing it."
        return problem, _advice(exercise)
    bound = enough(exercise.noise is not None)
    return f"A correct model stays below {bound:.2f} after the same training.", _advice(exercise)


def _advice(exercise: Exercise) -> str:
    shown = "the noisy test images" if exercise.noise else "the test images"
    return f"Train the model as step 3 says, and look at what it makes of {shown}."
