"""Criterion `training`: was `fit` called with the right images, targets, epochs and batches?"""

import math
from dataclasses import dataclass

import numpy as np

from autograder.evidence import Evidence, FitEvidence, ModelEvidence, Sample
from autograder.judge.behaviour import doubted, is_untried
from autograder.judge.rebuild import RebuildError, activation_name, run
from autograder.judge.reference import SAME_PIXEL, Reference, are_among, nearest
from autograder.judge.verdict import Verdict, zero
from autograder.lab import BATCH_SIZE, IMAGE_SHAPE, Exercise

ENOUGH_IMAGES = 0.75
"""Share of the training images that must be used: some may be set aside for validation."""
NOISE_RANGE = (0.05, 0.6)
"""Root mean square of what counts as noise on an image; σ = 0.2 clipped to [0, 1] gives 0.13."""
GREY = 0.5
"""What a sigmoid answers before it has learned anything."""
SEVERAL = 0.9
"""Share of the sampled images for which a statement must hold, also of those from the later batches."""
LIKENESS = 0.2
"""Correlation with the clean image from which on an image counts as that image with noise."""
BEGINNING = 1400
"""Images of an epoch of which more are sampled than of those which follow."""
_OWN_LAYERS = "Use Keras's own layers, as they are."


@dataclass(frozen=True)
class _Quarter:
    """One of the four things asked of `fit`; `fault` is empty where it is right."""

    fault: str
    advice: str


def judge_training(evidence: Evidence, exercise: Exercise, reference: Reference) -> Verdict:
    """A quarter each for the input, the target, the epochs and the batches."""
    source = "the noisy training images" if exercise.noise else "x_train"
    expected = f"{source} in, x_train as the target, {exercise.epochs} epochs, batches of 100"
    advice = f"Call {exercise.model}.fit(...) with the arguments the task names."
    fits = [fit for fit in evidence.fits if fit.epochs and not fit.problem]
    if not fits:
        failed = [fit.problem for fit in evidence.fits if fit.problem]
        found = f"fit stopped with {failed[-1]}" if failed else "no epoch of fit on this model"
        return zero(expected, found, "The model was never trained.", advice)
    if evidence.model and (doubt := doubted(evidence.model)):
        problem = "A call of fit is on record, but the network is not the one that it trained."
        return zero(expected, f"a {doubt}", problem, _OWN_LAYERS, review=is_untried(doubt))
    if problem := _why_not_run(evidence.model, reference):
        return zero(
            expected,
            f"a network that the judge cannot run: {problem}",
            "A call of fit is on record, but only a network that runs shows that it learned from it.",
            f"A person has to look at it. {_OWN_LAYERS}",
            review=True,
        )
    if _learned_nothing(evidence.model, fits[-1]):
        found = "answers like those of a network that was never trained"
        problem = "A call of fit is on record, but the network has learned nothing from it."
        return zero(expected, found, problem, "Train the model itself, and leave the record to grading.")
    noisy = evidence.arrays.get("x_train_noisy")
    epochs = sum(fit.epochs for fit in fits)
    quarters = (
        _input_quarter(fits, exercise, noisy, reference),
        _target_quarter(fits, exercise, reference),
        _epochs_quarter(epochs, exercise),
        _batch_quarter(fits),
    )
    faults = [quarter for quarter in quarters if quarter.fault]
    calls = "" if len(fits) == 1 else f" in {len(fits)} calls"
    sizes = " and ".join(sorted({str(fit.batch_size) for fit in fits}))
    return Verdict(
        credit=1 - len(faults) / len(quarters),
        expected=expected,
        found=f"{epochs} epochs{calls}, batches of {sizes}, "
        f"{_count(fits[-1].images_per_epoch)} images an epoch",
        problems=tuple(f"{quarter.fault} (−1/4)." for quarter in faults),
        advice=" ".join(quarter.advice for quarter in faults),
    )


def _why_not_run(model: ModelEvidence | None, reference: Reference) -> str:
    """Why the judge cannot run the network; empty if it can."""
    try:
        if model is not None:
            run(model, reference.train[:1])
    except RebuildError as error:
        return str(error)
    return ""


def _learned_nothing(model: ModelEvidence | None, fit: FitEvidence) -> bool:
    """Whether the network answers grey, as one does that was never trained, though it should learn.

    Known of networks that end in a sigmoid alone: those start at grey, which no digit is like.
    """
    if model is None or not model.trainable or fit.input is None or fit.target is None:
        return False
    if model.optimizer is not None and model.optimizer.learning_rate == 0:
        return False
    try:
        if activation_name(model.layers[-1].activation_values) != "sigmoid":
            return False
        answers = run(model, fit.input.values)
    except (RebuildError, IndexError):
        return False
    if answers.shape != fit.target.values.shape:
        return False
    error, of_grey = (np.mean((images - fit.target.values) ** 2) for images in (answers, GREY))
    return bool(error > 0.8 * of_grey and abs(answers.mean() - GREY) < 0.1)


def trained_without_noise(fits: tuple[FitEvidence, ...], reference: Reference) -> bool:
    """Whether every image that went in was clean: then nothing was there to be removed."""
    trained = [fit for fit in fits if not fit.problem]
    return bool(trained) and all(_is_clean(fit.input, reference) for fit in trained)


def _input_quarter(
    fits: list[FitEvidence], exercise: Exercise, noisy: Sample | None, reference: Reference
) -> _Quarter:
    for fit in fits:
        if exercise.noise:
            fault = _noisy_fault(fit, noisy, reference)
            advice = "The input is x_train_noisy."
        else:
            fault = _clean_fault(fit.input, "input", reference)
            advice = "The input is x_train."
        if not fault and (fault := _amount_fault(fit, reference)):
            advice = "Let every epoch go through all training images."
        if fault:
            return _Quarter(fault, advice)
    return _Quarter("", "")


def _target_quarter(fits: list[FitEvidence], exercise: Exercise, reference: Reference) -> _Quarter:
    for fit in fits:
        fault = _clean_fault(fit.target, "target", reference) or _pairing_fault(fit)
        if fault:
            return _Quarter(fault, "The target is x_train, the clean images in the same order.")
    return _Quarter("", "")


def _epochs_quarter(epochs: int, exercise: Exercise) -> _Quarter:
    if epochs == exercise.epochs:
        return _Quarter("", "")
    return _Quarter(f"{epochs} epochs, not {exercise.epochs}", f"Set epochs={exercise.epochs}.")


def _batch_quarter(fits: list[FitEvidence]) -> _Quarter:
    for fit in fits:
        if fit.batch_size != BATCH_SIZE:
            return _Quarter(
                f"Batches of {fit.batch_size}, not {BATCH_SIZE}",
                f"Set batch_size={BATCH_SIZE}: without it Keras takes 32.",
            )
    return _Quarter("", "")


def _clean_fault(sample: Sample | None, role: str, reference: Reference) -> str:
    """What is wrong with a sample that should be of x_train; empty if nothing is."""
    if sample is None:
        return f"No {role} was given to fit"
    if not _are_images(sample):
        return f"The {role} has the shape {sample.shape}, x_train has {_train_shape(reference)}"
    in_train = are_among(sample.values, reference.train)
    if _holds(in_train, sample):
        return ""
    if in_train[_early(sample)].mean() >= SEVERAL:
        return f"Later in an epoch the {role} is other images than x_train"
    if are_among(sample.values, reference.test).mean() >= SEVERAL:
        return f"The {role} is the test images"
    if np.ptp(sample.values) <= SAME_PIXEL:
        return f"Every pixel of the {role} is {float(sample.values.flat[0]):g}"
    if sample.values.max() > 2:
        return f"The {role} is not scaled to [0, 1]: its largest value is {sample.values.max():g}"
    if _looks_noisy(sample, nearest(sample.values, reference.train)):
        return f"The {role} is noisy images"
    return f"The {role} is other images than x_train"


def _noisy_fault(fit: FitEvidence, noisy: Sample | None, reference: Reference) -> str:
    """What is wrong with the input of a fit that should be noisy training images."""
    sample = fit.input
    if sample is None:
        return "No input was given to fit"
    if not _are_images(sample):
        return f"The input has the shape {sample.shape}, x_train_noisy has {_train_shape(reference)}"
    if _is_clean(sample, reference):
        return "The input is the clean images: there is no noise to learn to remove"
    if noisy is not None and _same(sample, noisy) and _goes_on(sample, fit.target):
        return ""
    target = fit.target
    if target is not None and target.values.shape == sample.values.shape:
        in_train = are_among(target.values, reference.train)
        if _holds(in_train, target) and _looks_noisy(sample, target.values):
            return ""
    clean = nearest(sample.values, reference.train)
    distance = np.mean((sample.values - clean) ** 2)
    test_distance = np.mean((sample.values - nearest(sample.values, reference.test)) ** 2)
    if test_distance < 0.95 * distance:
        return "The input is noisy test images"
    if _looks_noisy(sample, clean):
        return ""
    return "The input is other images than x_train_noisy"


def _pairing_fault(fit: FitEvidence) -> str:
    """Whether each target belongs to its input."""
    if fit.input is None or fit.input.values.shape != fit.target.values.shape:
        return ""
    inputs = fit.input.values.reshape(len(fit.input.values), -1)
    targets = fit.target.values.reshape(len(inputs), -1)
    own = ((inputs - targets) ** 2).sum(axis=1)
    others = ((inputs - np.roll(targets, 1, axis=0)) ** 2).sum(axis=1)
    # One grey goes with any target: that is the input's fault.
    paired = (own <= others) | (np.ptp(inputs, axis=1) <= SAME_PIXEL)
    if len(inputs) > 1 and not _holds(paired, fit.input):
        return "The targets are in another order than the inputs"
    return ""


def _amount_fault(fit: FitEvidence, reference: Reference) -> str:
    count = reference.images.train_count
    if fit.stopped is not None:
        return f"A callback stops training in the first epoch, after step {fit.stopped}"
    if fit.images_per_epoch is not None and fit.images_per_epoch < ENOUGH_IMAGES * count:
        return f"An epoch has {fit.images_per_epoch:,} of the {count:,} training images"
    if fit.read is None or fit.different is None:
        return ""
    if fit.different < ENOUGH_IMAGES * _different_of(fit.read, reference):
        return f"{fit.read:,} images of an epoch are only {fit.different:,} different ones"
    return ""


def _different_of(count: int, reference: Reference) -> float:
    """How many different images so many draws from the training set show on average."""
    pool = len(reference.train)
    return pool * (1 - math.exp(-count / pool))


def _train_shape(reference: Reference) -> tuple[int, ...]:
    return (reference.images.train_count, *IMAGE_SHAPE)


def _is_clean(sample: Sample | None, reference: Reference) -> bool:
    if sample is None or not _are_images(sample):
        return False
    among = are_among(sample.values, reference.train) | are_among(sample.values, reference.test)
    return bool(among.mean() >= SEVERAL)


def _are_images(sample: Sample) -> bool:
    values = sample.values
    return values.ndim == 4 and values.shape[1:] == IMAGE_SHAPE and np.isfinite(values).all()


def _looks_noisy(sample: Sample, clean: np.ndarray) -> bool:
    """Whether the sampled images are these, (n, 28, 28, 1), with noise."""
    level = np.sqrt(((sample.values - clean) ** 2).reshape(len(clean), -1).mean(axis=1))
    in_range = (level > NOISE_RANGE[0]) & (level < NOISE_RANGE[1])
    return _holds(in_range & (_likeness(sample.values, clean) > LIKENESS), sample)


def _likeness(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The correlation of each image with the other one at its place; 0 for one of a single grey."""
    a, b = (side.reshape(len(side), -1).astype(float) for side in (images, others))
    a, b = (side - side.mean(axis=1, keepdims=True) for side in (a, b))
    size = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return (a * b).sum(axis=1) / np.where(size > 0, size, 1)


def _goes_on(sample: Sample, target: Sample | None) -> bool:
    """Whether later images have as much to do with their targets as those at the beginning."""
    early = _early(sample)
    if target is None or target.values.shape != sample.values.shape or early.all() or not early.any():
        return True
    likeness = _likeness(sample.values, target.values)
    return bool(likeness[~early].mean() >= likeness[early].mean() / 2)


def _early(sample: Sample) -> np.ndarray:
    return np.asarray(sample.rows) < BEGINNING


def _holds(images: np.ndarray, sample: Sample) -> bool:
    """Whether something holds of the sampled images, as said by bool (n,), also of the later ones."""
    later = images[~_early(sample)]
    return bool(images.mean() >= SEVERAL and (not later.size or later.mean() >= SEVERAL))


def _same(sample: Sample, other: Sample) -> bool:
    common = [row for row in sample.rows if row in other.rows]
    if not common or sample.values.shape[1:] != other.values.shape[1:]:
        return False
    mine = sample.values[[sample.rows.index(row) for row in common]]
    theirs = other.values[[other.rows.index(row) for row in common]]
    return bool(np.abs(mine - theirs).max() <= SAME_PIXEL)


def _count(images: int | None) -> str:
    return "an unknown number of" if images is None else f"{images:,}"
