"""Criterion `training`: was `fit` called with the right images, targets, epochs and batches?

The call is judged as written, even if `fit` stopped because of a fault that another criterion charges.
"""

import dataclasses
import math
from dataclasses import dataclass

from autograder.judge import fit_inputs, learning
from autograder.judge.doubt import first_doubted, kind_text
from autograder.judge.reference import Reference
from autograder.judge.verdict import Verdict, zero
from autograder.lab import IMAGE_SHAPE, Exercise
from autograder.protocol.evidence import Evidence, FitEvidence, ModelEvidence, Sample

ENOUGH_IMAGES = 0.75
"""Share of the training images that must be used; the rest may be set aside for validation."""


KERAS_BATCH_SIZE = 32
"""Images of a batch where `fit` is given no number."""


@dataclass(frozen=True)
class _Quarter:
    """One of the four requirements on `fit`; `fault` is empty if it is met."""

    fault: str
    advice: str


_RIGHT = _Quarter("", "")


def judge_training(evidence: Evidence, exercise: Exercise, reference: Reference) -> Verdict:
    """Gives a quarter of the credit each for the input, the target, the epochs and the batch size."""
    source = "the noisy training images" if exercise.noise else "x_train"
    expected = (
        f"{source} in, x_train as the target, {exercise.epochs} epochs, batches of {exercise.batch_size}"
    )
    fits = [fit for fit in evidence.fits if fit.epochs]
    if not fits:
        advice = f"Call {exercise.model}.fit(...) with the arguments the task names."
        found = "no epoch of fit on this model"
        return zero(expected, found, "The model was never trained.", advice, missing=True)
    counted, notes = _that_count(fits, reference)
    unsure = ""
    if evidence.model is not None:
        if refused := _unproven(counted[-1], evidence.model, exercise, expected, reference):
            return refused
        if not counted[-1].problem:
            unsure = learning.why_not_run(evidence.model, reference)
        notes += learning.why_stopped(counted[-1], evidence.model, exercise)
    quarters = _quarters(counted, exercise, evidence.arrays.get("x_train_noisy"), reference)
    faults = [quarter for quarter in quarters if quarter.fault]
    calls = "" if len(counted) == 1 else f" in {len(counted)} calls"
    sizes = " and ".join(sorted({str(fit.batch_size) for fit in counted}))
    found = (
        f"{_epochs(counted, reference)} epochs{calls}, batches of {sizes}, "
        f"{_count(counted[-1].images_per_epoch)} images {'in all' if counted[-1].loop else 'an epoch'}"
    )
    return Verdict(
        credit=1 - len(faults) / len(quarters),
        expected=expected,
        found=f"{found}; the judge cannot run this network: {unsure}" if unsure else found,
        problems=tuple(f"{quarter.fault} (−1/4)." for quarter in faults),
        advice=" ".join(quarter.advice for quarter in faults),
        notes=notes,
        review=bool(unsure),
    )


def data_faults(
    fits: tuple[FitEvidence, ...], exercise: Exercise, reference: Reference
) -> tuple[str, ...]:
    """The faults of the inputs and targets in the calls that count."""
    called = [fit for fit in fits if fit.epochs]
    if not called:
        return ()
    counted, _ = _that_count(called, reference)
    given, target, *_ = _quarters(counted, exercise, None, reference)
    # Without the student's own noisy images the input cannot be compared with them.
    unknown = bool(exercise.noise) and given.fault == fit_inputs.unknown_noisy(exercise)
    return tuple(filter(None, ("" if unknown else given.fault, target.fault)))


def trained_without_noise(fits: tuple[FitEvidence, ...], reference: Reference) -> bool:
    """Whether every input image was (almost) clean, so that there was no noise to remove.

    Only calls that count are considered: a trial with a few noisy images teaches nothing.
    """
    trained, _ = _that_count([fit for fit in fits if fit.steps], reference)
    return bool(trained) and all(fit_inputs.is_clean(fit.input, reference) for fit in trained)


def _that_count(
    fits: list[FitEvidence], reference: Reference
) -> tuple[list[FitEvidence], tuple[str, ...]]:
    """The calls that are judged, and remarks on the others.

    A call that failed counts only if no other ran to its end, a trial only if there is no other call.
    """
    fits = [_with_channels(fit) for fit in fits]
    done = [fit for fit in fits if not fit.problem and not _is_trial(fit, reference)]
    failed = [fit for fit in fits if fit.problem]
    trials = [fit for fit in fits if not fit.problem and _is_trial(fit, reference)]
    counted = done or failed[-1:] or trials
    notes = []
    if done and failed:
        notes.append(f"A call of fit that stopped ({failed[-1].problem[:200]}) does not count.")
    if trials and counted is not trials:
        number = "A trial call" if len(trials) == 1 else f"{len(trials)} trial calls"
        notes.append(f"{number} of fit with few images costs nothing and is not counted.")
    return counted, tuple(notes)


def _is_trial(fit: FitEvidence, reference: Reference) -> bool:
    """Whether a call trained on fewer images in all than one epoch has."""
    if fit.images_per_epoch is None:
        return False
    return fit.images_per_epoch * fit.epochs < ENOUGH_IMAGES * reference.images.train_count


def _with_channels(fit: FitEvidence) -> FitEvidence:
    """The call with images of 28×28 as 28×28×1, which Keras treats alike."""
    return dataclasses.replace(fit, input=_with_channel(fit.input), target=_with_channel(fit.target))


def _with_channel(sample: Sample | None) -> Sample | None:
    if sample is None or sample.shape[1:] != IMAGE_SHAPE[:2] or not sample.values.size:
        return sample
    return dataclasses.replace(sample, shape=(*sample.shape, 1), values=sample.values[..., None])


def _unproven(
    fit: FitEvidence, model: ModelEvidence, exercise: Exercise, expected: str, reference: Reference
) -> Verdict | None:
    """The zero if nothing shows that this call trained the network; None if something does."""
    person = "A person will look at why."
    if (layer := first_doubted(model)) and not layer.doubt.untried:
        found = f"a {kind_text(layer)}"
        problem = f"The network does not answer as its layers say: there is {found}. {person}"
        return zero(expected, found, problem, "Use Keras's own layers, as they are.", review=True)
    if why := learning.why_unproven(fit, model, exercise, reference):
        return zero(
            expected,
            why.found,
            f"{why.problem} {person}",
            "Restart the kernel and run all cells: fit has to run to its end on this very model.",
            review=True,
        )
    return None


def _quarters(
    fits: list[FitEvidence], exercise: Exercise, own: Sample | None, reference: Reference
) -> tuple[_Quarter, ...]:
    # A mistake must not cost two quarters: pairs are compared, and repeated images counted, only where
    # the images themselves are right.
    target = _target_fault(fits, exercise, reference)
    given = _input_quarter(fits, exercise, own, reference, target_is_right=not target)
    if not target and not given.fault:
        target = _pairing_fault(fits, reference)
    advice = "The target is x_train, the clean images in the same order."
    return (
        given,
        _Quarter(target, advice) if target else _RIGHT,
        _epochs_quarter(_epochs(fits, reference), exercise),
        _batch_quarter(fits, exercise),
    )


def _input_quarter(
    fits: list[FitEvidence],
    exercise: Exercise,
    own: Sample | None,
    reference: Reference,
    *,
    target_is_right: bool,
) -> _Quarter:
    name = exercise.noisy_train or "x_train"
    for fit in fits:
        advice = f"The input is {name}."
        given = _images(fit, "input", name, reference)
        if isinstance(given, str):
            fault = given
        elif exercise.noise:
            fault = fit_inputs.unlike_noisy(given, fit.target, own, exercise, reference)
        else:
            fault = fit_inputs.unlike_train(given, "input", exercise, reference)
        if not fault:
            fault = _amount_fault(fit, reference)
            if target_is_right:
                fault = fault or _repeats(fit, reference)
            advice = "Let every epoch go through all training images."
        if fault:
            return _Quarter(fault, advice)
    return _RIGHT


def _target_fault(fits: list[FitEvidence], exercise: Exercise, reference: Reference) -> str:
    for fit in fits:
        given = _images(fit, "target", "x_train", reference)
        fault = (
            given
            if isinstance(given, str)
            else fit_inputs.unlike_train(given, "target", exercise, reference)
        )
        if fault:
            return fault
    return ""


def _pairing_fault(fits: list[FitEvidence], reference: Reference) -> str:
    for fit in fits:
        if learning.differ_in_number(fit):
            return "The target has another number of images than the input"
        if fit.input and fit.target and fit_inputs.unpaired(fit.input, fit.target, reference):
            return "The targets are in another order than the inputs"
    return ""


def _epochs_quarter(epochs: int, exercise: Exercise) -> _Quarter:
    if epochs == exercise.epochs:
        return _RIGHT
    return _Quarter(f"{epochs} epochs, not {exercise.epochs}", f"Set epochs={exercise.epochs}.")


def _batch_quarter(fits: list[FitEvidence], exercise: Exercise) -> _Quarter:
    wanted = exercise.batch_size
    advice = f"Set batch_size={wanted}: without it Keras takes {KERAS_BATCH_SIZE}."
    for fit in fits:
        if fit.batch_size != wanted:
            return _Quarter(f"Batches of {fit.batch_size}, not {wanted}", advice)
    return _RIGHT


def _images(fit: FitEvidence, role: str, name: str, reference: Reference) -> Sample | str:
    """The input or target of a call, or why it does not consist of images."""
    sample = fit.input if role == "input" else fit.target
    if sample is None and fit.problem and fit.input is fit.target:
        return f"The {role} could not be read: fit stopped with {fit.problem[:200]}"
    if sample is None:
        return f"No {role} was given to fit"
    return (
        sample
        if fit_inputs.are_images(sample)
        else fit_inputs.other_shape(sample, role, name, reference)
    )


def _amount_fault(fit: FitEvidence, reference: Reference) -> str:
    count = reference.images.train_count
    if fit.stopped is not None:
        return f"A callback stops training in the first epoch, after step {fit.stopped}"
    if fit.images_per_epoch is not None and fit.images_per_epoch < ENOUGH_IMAGES * count:
        return f"An epoch has {fit.images_per_epoch:,} of the {count:,} training images"
    return ""


def _repeats(fit: FitEvidence, reference: Reference) -> str:
    if fit.read is None or fit.different is None:
        return ""
    if fit.different < ENOUGH_IMAGES * _different_of(fit.read, reference):
        return f"{fit.read:,} images of an epoch are only {fit.different:,} different ones"
    return ""


def _different_of(count: int, reference: Reference) -> float:
    """The expected number of different images in so many random draws from the training set."""
    pool = len(reference.train)
    return pool * (1 - math.exp(-count / pool))


def _epochs(fits: list[FitEvidence], reference: Reference) -> int:
    """The epochs of all calls; a loop over batches has one for each pass through the training set."""
    count = reference.images.train_count
    return sum(round((fit.images_per_epoch or 0) / count) if fit.loop else fit.epochs for fit in fits)


def _count(images: int | None) -> str:
    return "an unknown number of" if images is None else f"{images:,}"
