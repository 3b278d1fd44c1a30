"""Criteria `reconstruction` and `denoising`: does the trained network restore unseen images?

A mistake that another criterion charges is not charged again: a network without a sigmoid at its end is
tried with one, and a network that learned to remove another kind of noise is tried on that noise.
"""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator

import numpy as np

from autograder.judge import architecture, own_noise, rebuild
from autograder.judge.reference import Reference
from autograder.judge.training import data_faults, judge_training, trained_without_noise
from autograder.judge.verdict import Verdict, zero
from autograder.lab import IMAGE_TEXT, Exercise, times_text
from autograder.protocol.evidence import Evidence, FitEvidence, ModelEvidence

CONSTANT = 0.02
"""Answers to different images count as the same if their standard deviation is below this."""

FAR = 0.1
"""Mean squared distance from the range [0, 1] that outputs with leftover noise do not reach."""

_UNEXPLAINED = (
    "The network and its training are as the lab asks for, and yet the shortened training did not get "
    "to where such networks get: its initial weights may be unusual, or something changed the weights."
)
_NO_BOUND = (
    "How small this error has to be was not measured for this course, so a person will look at it."
)
_A_PERSON = "Nothing that was asked for explains it, so a person will look at it."


def restoration_error(answers: np.ndarray, reference: Reference) -> float:
    """Mean squared error on the held-out images, as a share of the error of the mean image.

    answers: the network's outputs for these images, float32 (n, 28, 28, 1).
    """
    return float(np.mean((answers - reference.held_out) ** 2)) / reference.mean_image_error


def judge_quality(evidence: Evidence, exercise: Exercise, reference: Reference) -> Verdict:
    """Compares the error on held-out images with the calibrated bound."""
    noisy, model = exercise.noise > 0, evidence.model
    expected = f"held-out {'noisy ' if noisy else ''}{exercise.things} come out recognisable"
    if model is None:
        return architecture.no_model(model, expected)
    if refused := architecture.refusal(model, expected):
        return refused
    if refused := _no_result(model, evidence.fits, exercise, expected):
        return refused
    if noisy and trained_without_noise(evidence.fits, reference):
        return zero(
            expected,
            "a model that never saw a noisy image in training",
            "Trained on the wrong thing: there was no noise to be removed from the images that "
            "went into fit (see noise and training).",
            "Give fit the noisy images as input and the clean ones as target.",
        )
    answers, errors, hands_on = [], [], False
    try:
        for run, images, note in _tries(model, evidence.fits, exercise, reference):
            answers.append(run(images))
            errors.append(restoration_error(answers[-1], reference))
            if exercise.bound is not None and errors[-1] <= exercise.bound:
                if not (noisy and own_noise.lets_through(run, images, reference.held_out)):
                    return Verdict(1.0, expected, _found(errors[-1]), notes=(note,) if note else ())
                hands_on = True
    except rebuild.RebuildError as error:
        problem = "The judge could not run this model. A person has to look at it."
        return zero(expected, str(error), problem, "Use Keras's own layers, as they are.", review=True)
    if not np.isfinite(answers[0]).all():
        problem = "The output is not finite: training went astray."
        return zero(expected, "values that are not finite", problem, "Try a smaller learning rate.")
    if exercise.bound is None:
        return zero(expected, _found(min(errors)), _NO_BOUND, "", review=True)
    fault = next(iter(data_faults(evidence.fits, exercise, reference)), "")
    problem, advice = _why(model, exercise, fault, answers[0], hands_on)
    verdict = zero(expected, _found(min(errors)), problem, advice)
    if _could_not_learn(model) or not _is_as_asked(evidence, exercise, reference):
        return verdict
    return dataclasses.replace(verdict, review=True, why_review=_UNEXPLAINED, notes=(_A_PERSON,))


def _could_not_learn(model: ModelEvidence) -> bool:
    return not model.trainable or (model.optimizer is not None and model.optimizer.learning_rate == 0)


def _is_as_asked(evidence: Evidence, exercise: Exercise, reference: Reference) -> bool:
    """Whether no other criterion finds a mistake that may keep images from being restored."""
    criteria = (
        architecture.judge_encoder,
        architecture.judge_decoder,
        architecture.judge_output_layer,
        judge_training,
    )
    return all(criterion(evidence, exercise, reference).credit >= 1 for criterion in criteria)


def _found(error: float) -> str:
    return f"an error of {error:.2f} times that of always answering the mean image"


def _no_result(
    model: ModelEvidence, fits: tuple[FitEvidence, ...], exercise: Exercise, expected: str
) -> Verdict | None:
    """The zero verdict on a network that returns no images or was not trained; None for any other."""
    if lost := architecture.where_size_is_lost(model, exercise):
        shape = architecture.output_shape(model)
        answers = "no image" if shape is None else times_text(shape)
        problem = f"The network answers an image with {answers}, not with {IMAGE_TEXT} (see {lost})."
        advice = "Mend what the other panel names; then the result can be judged."
        return zero(expected, f"an output of {answers}", problem, advice)
    if trained := [fit for fit in fits if fit.steps]:
        images = _images_in_all(trained)
        if images is None or images >= exercise.batch_size:
            return None
        problem = f"The model was trained on {images} images in all, less than one batch has."
        return zero(expected, "a model trained on next to nothing", problem, _advice(exercise))
    failed = [fit.problem for fit in fits if fit.problem]
    if failed:
        problem = f"fit stopped before it had trained anything: {failed[-1]}"
        return zero(expected, "an untrained model", problem, _advice(exercise))
    problem = "The model was never trained."
    return zero(expected, "an untrained model", problem, _advice(exercise), missing=True)


def _images_in_all(fits: list[FitEvidence]) -> int | None:
    """The number of images that the network was trained on, repeats included; None if unknown."""
    total = 0
    for fit in fits:
        if fit.images_per_epoch is None:
            return None
        total += fit.images_per_epoch * max(fit.epochs, 1)
    return total


def _tries(
    model: ModelEvidence, fits: tuple[FitEvidence, ...], exercise: Exercise, reference: Reference
) -> Iterator[tuple[Callable[[np.ndarray], np.ndarray], np.ndarray, str]]:
    """The networks to try, their inputs, and remarks on how both differ from the prescribed ones."""
    shown = [(reference.held_out, "")]
    if exercise.noise:
        shown = [(reference.noisy_held_out(exercise.noise), "")]
        own = own_noise.on_held_out(fits, reference)
        if own is not None:
            shown.append((own, "Tried with the noise that it was trained with (see noise)."))
    models = [(model, "")]
    if (with_sigmoid := _with_sigmoid(model, exercise)) is not None:
        models.append((with_sigmoid, "Tried with a sigmoid at its end (see output-layer)."))
    for (network, of_network), (images, of_images) in itertools.product(models, shown):
        note = " ".join(filter(None, (of_network, of_images)))
        yield functools.partial(rebuild.run, network), images, note


def _with_sigmoid(model: ModelEvidence, exercise: Exercise) -> ModelEvidence | None:
    """The network with a sigmoid as its last activation; None if it has one, or should have none."""
    *others, last = model.layers
    if exercise.output.activation != "sigmoid" or last.activation is None:
        return None
    if rebuild.activation_name(last.activation_values) == "sigmoid":
        return None
    sigmoid = dataclasses.replace(last, activation="sigmoid", activation_values=rebuild.SIGMOID)
    return dataclasses.replace(model, layers=(*others, sigmoid))


def _needs_sigmoid(model: ModelEvidence, exercise: Exercise, answers: np.ndarray) -> bool:
    """Whether a missing sigmoid spoils the answers: all are 1 (softmax), or far from [0, 1]."""
    if _with_sigmoid(model, exercise) is None:
        return False
    name = rebuild.activation_name(model.layers[-1].activation_values)
    return name == "softmax" or float(np.mean((answers - np.clip(answers, 0, 1)) ** 2)) > FAR


def _why(
    model: ModelEvidence, exercise: Exercise, fault: str, answers: np.ndarray, hands_on: bool
) -> tuple[str, str]:
    """The most likely reason why images are not restored, and advice.

    fault: the fault of the training data. hands_on: whether noise is left in answers with a small error.
    """
    if model.optimizer is not None and model.optimizer.learning_rate == 0:
        rate = exercise.learning_rate
        advice = f"Try a learning rate of {rate:g}." if rate else "Leave learning_rate out."
        return "A learning rate of 0 teaches nothing.", advice
    if not model.trainable:
        problem = "All layers are frozen (trainable=False), so that fit could teach them nothing."
        return problem, "Leave the layers trainable."
    if fault:
        return f"Trained on the wrong thing (see training): {fault}.", _advice(exercise)
    if _needs_sigmoid(model, exercise, answers):
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
    bound = f"{exercise.bound:.2f}"
    return f"A correct model stays below {bound} after the same training.", _advice(exercise)


def _advice(exercise: Exercise) -> str:
    shown = "the noisy test images" if exercise.noise else "the test images"
    return f"Train the model as step 3 says, and look at what it makes of {shown}."
