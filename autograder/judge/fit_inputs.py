"""Recognizes what was given to `fit`: which images, whether with noise, and what was done to them."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from autograder.judge.reference import SAME_PIXEL, Floats, Reference, are_among, nearest
from autograder.lab import IMAGE_SHAPE, Exercise
from autograder.protocol.evidence import Sample

NOISE_RANGE = (1 / 4, 3)
"""Range of root mean squares that count as noise on an image, as multiples of the prescribed σ; clipped
to [0, 1], noise with σ = 0.2 has 0.13."""
USUAL_NOISE = 0.2
"""What counts as a usual σ in an exercise that asks for no noise."""
NO_NOISE = 0.01
"""Noise of a smaller root mean square counts as none: it is less than three grey levels."""
SAME_NOISE = 0.1
"""Largest difference in mean and spread between samples of the same noise, as a share of its spread."""
SEVERAL = 0.9
"""Share of the sampled images, and of the later ones among them, for which a statement must hold."""
LIKENESS = 0.2
"""Least correlation of a noisy image with its clean image."""
SAME_PICTURE = 0.995
"""Least correlation of two images that differ only in brightness and contrast."""
TWO_COLOURS = 0.7
"""Least correlation of an image with its version in two colours."""
OTHER_IMAGES = "other images than x_train"
"""The words for an input or target that is not recognized."""
BEGINNING = 1400
"""Images at the start of an epoch, which are sampled more densely than later ones."""

_TURNED: dict[str, Callable[[Floats], Floats]] = {
    "transposed (rows and columns exchanged)": lambda images: images.swapaxes(1, 2),
    "mirrored from left to right": lambda images: images[:, :, ::-1],
    "turned upside down": lambda images: images[:, ::-1],
    "turned by half a circle": lambda images: images[:, ::-1, ::-1],
    "turned by a quarter": lambda images: np.rot90(images, 1, (1, 2)),
    "turned by three quarters": lambda images: np.rot90(images, 3, (1, 2)),
}


def are_images(sample: Sample) -> bool:
    """Whether a sample consists of finite images of 28×28×1."""
    values = sample.values
    return values.ndim == 4 and values.shape[1:] == IMAGE_SHAPE and bool(np.isfinite(values).all())


def other_shape(sample: Sample, role: str, wanted: str, reference: Reference) -> str:
    """Says what is wrong with a sample that does not consist of finite images of 28×28×1."""
    shape = sample.shape
    if sample.values.ndim == 4 and sample.values.shape[1:] == IMAGE_SHAPE:
        return f"The {role} holds values that are not finite"
    text = (
        f"The {role} has the shape {shape}, {wanted} has {(reference.images.train_count, *IMAGE_SHAPE)}"
    )
    if shape[1:] == (math.prod(IMAGE_SHAPE),):
        return f"{text}: its images are flattened"
    if shape[1:] in ((), (1,), (10,)):
        return f"{text}: these are labels, not images"
    return text


def unlike_train(sample: Sample, role: str, exercise: Exercise, reference: Reference) -> str:
    """Says which images are given instead of x_train; empty if they are x_train."""
    values = sample.values
    in_train = are_among(values, reference.train)
    if holds(in_train, sample):
        return ""
    if in_train[early(sample)].mean() >= SEVERAL:
        return f"Later in an epoch the {role} is other images than x_train"
    if are_among(values, reference.test).mean() >= SEVERAL:
        return f"The {role} is the test images"
    if np.ptp(values) <= SAME_PIXEL:
        return f"Every pixel of the {role} is {float(values.flat[0]):g}"
    alike, likeness = _most_alike(values, reference.train)
    if holds(np.abs(likeness) > SAME_PICTURE, sample):
        return f"The {role} is {_recoloured(values, alike)}"
    for words, turned in _TURNED.items():
        if holds(_most_alike(turned(values), reference.train)[1] > SAME_PICTURE, sample):
            return f"The {role} is x_train {words}"
    colours = np.unique(values)
    if len(colours) == 2 and holds(np.abs(likeness) > TWO_COLOURS, sample):
        return f"The {role} is x_train rounded to {colours[0]:g} and {colours[1]:g}"
    if values.max() > 2:
        return f"The {role} is not scaled to [0, 1]: its largest value is {values.max():g}"
    if looks_noisy(sample, nearest(values, reference.train), exercise):
        return f"The {role} is noisy images"
    return f"The {role} is {OTHER_IMAGES}"


def _recoloured(images: Floats, originals: Floats) -> str:
    """Says how the brightness and contrast of these images of x_train were changed."""
    contrast, brightness = np.polyfit(originals.ravel(), images.ravel(), 1)
    least, most = float(images.min()), float(images.max())
    if contrast < 0:
        return f"x_train inverted, black for white: {OTHER_IMAGES}"
    if abs(contrast * 255 - 1) < 0.1 and abs(brightness) < 1e-3:
        return f"x_train divided by 255 once more: its largest value is {most:.2g}"
    if abs(images.mean()) < 0.15 and abs(images.std() - 1) < 0.15:
        return "x_train standardized (mean 0, standard deviation 1), not in [0, 1]"
    if abs(contrast - 1) < 0.05 and abs(brightness) < 0.02:
        return "x_train slightly changed"
    if most > 2:
        return f"x_train not scaled to [0, 1]: its largest value is {most:g}"
    return f"x_train in another range: from {least:.2g} to {most:.2g}, not from 0 to 1"


def unlike_noisy(
    sample: Sample,
    target: Sample | None,
    own: Sample | None,
    exercise: Exercise,
    reference: Reference,
) -> str:
    """Says which images are given instead of x_train with noise; empty if they are x_train with noise.

    own: the student's noisy training images, which is the right input whatever its noise is.
    """
    if own is not None and _same(sample, own) and _goes_on(sample, target):
        return ""
    if (
        target is not None
        and _is_pair_of_train(sample, target, reference)
        and (
            looks_noisy(sample, target.values, exercise)
            or _has_noise_of(sample, target.values, own, reference)
        )
    ):
        return ""
    if is_clean(sample, reference):
        return "The input is the clean images: there is no noise to learn to remove"
    clean = nearest(sample.values, reference.train)
    distance = np.mean((sample.values - clean) ** 2)
    test_distance = np.mean((sample.values - nearest(sample.values, reference.test)) ** 2)
    if test_distance < 0.95 * distance:
        return "The input is noisy test images"
    if looks_noisy(sample, clean, exercise):
        return ""
    found = unlike_train(sample, "input", exercise, reference)
    if found.endswith(OTHER_IMAGES):
        return f"{found.removesuffix(OTHER_IMAGES)}other images than {exercise.noisy_train}"
    return found


def unknown_noisy(exercise: Exercise) -> str:
    """The words for a noisy input that is not recognized."""
    return f"The input is other images than {exercise.noisy_train}"


def _is_pair_of_train(sample: Sample, target: Sample, reference: Reference) -> bool:
    """Whether the targets are images of x_train, each the one that belongs to its input."""
    if target.values.shape != sample.values.shape:
        return False
    in_train = are_among(target.values, reference.train)
    return holds(in_train, target) and not unpaired(sample, target, reference)


def is_clean(sample: Sample | None, reference: Reference) -> bool:
    """Whether (almost) every image is a clean image of the training or test set."""
    if sample is None or not are_images(sample):
        return False
    levels = [
        _level(sample.values - nearest(sample.values, pool))
        for pool in (reference.train, reference.test)
    ]
    return bool((np.minimum(*levels) < NO_NOISE).mean() >= SEVERAL)


def unpaired(inputs: Sample, targets: Sample, reference: Reference) -> bool:
    """Whether the targets belong to other inputs, as other images resemble the inputs more."""
    if inputs.values.shape != targets.values.shape:
        return False
    own = np.abs(_likeness(inputs.values, targets.values))
    most = np.abs(_most_alike(inputs.values, reference.train)[1])
    return not holds(own > most - LIKENESS, inputs)


def holds(true: NDArray[np.bool], sample: Sample) -> bool:
    """Whether a statement, true of these images (n,), holds for the sample and for its later images."""
    later = true[~early(sample)]
    return bool(true.mean() >= SEVERAL and (not later.size or later.mean() >= SEVERAL))


def early(sample: Sample) -> NDArray[np.bool]:
    """Which of the sampled images are from the beginning of an epoch."""
    return np.asarray(sample.rows) < BEGINNING


def looks_noisy(sample: Sample, clean: Floats, exercise: Exercise) -> bool:
    """Whether the sampled images are these clean ones with noise."""
    level = _level(sample.values - clean) / (exercise.noise or USUAL_NOISE)
    in_range = (level > NOISE_RANGE[0]) & (level < NOISE_RANGE[1])
    return holds(in_range & (_likeness(sample.values, clean) > LIKENESS), sample)


def _level(noise: Floats) -> Floats:
    """The root mean square of each image's noise."""
    level: Floats = np.sqrt((noise**2).reshape(len(noise), -1).mean(axis=1))
    return level


def _has_noise_of(sample: Sample, clean: Floats, own: Sample | None, reference: Reference) -> bool:
    """Whether images have noise of the same mean and spread as the student's noisy training images."""
    if own is None or not are_images(own):
        return False
    mine = own.values - reference.train_images(np.asarray(own.rows))
    given = sample.values - clean
    most = NO_NOISE + SAME_NOISE * float(mine.std())
    return bool(abs(given.mean() - mine.mean()) <= most and abs(given.std() - mine.std()) <= most)


def _likeness(images: Floats, others: Floats) -> Floats:
    """The correlation of each image with its counterpart; 0 if one of them has a single grey."""
    likeness: Floats = (_centred(images) * _centred(others)).sum(axis=1)
    return likeness


def _most_alike(images: Floats, pool: Floats) -> tuple[Floats, Floats]:
    """For each image, the pool's image that it or its negative resembles most; their correlations."""
    likeness = _centred(images) @ _centred(pool).T
    best = np.abs(likeness).argmax(axis=1)
    return pool[best], likeness[np.arange(len(images)), best]


def _centred(images: Floats) -> Floats:
    """Each image as a row of mean 0 and length 1; a row of zeros if it has a single grey."""
    rows = images.reshape(len(images), -1).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    rows *= length > 1e-6
    rows /= np.where(length > 1e-6, length, 1)
    return rows


def _goes_on(sample: Sample, target: Sample | None) -> bool:
    """Whether later images resemble their targets about as much as those at the beginning do."""
    first = early(sample)
    if target is None or target.values.shape != sample.values.shape or first.all() or not first.any():
        return True
    likeness = _likeness(sample.values, target.values)
    return bool(likeness[~first].mean() >= likeness[first].mean() / 2)


def _same(sample: Sample, other: Sample) -> bool:
    common = [row for row in sample.rows if row in other.rows]
    if not common or sample.values.shape[1:] != other.values.shape[1:]:
        return False
    mine = sample.values[[sample.rows.index(row) for row in common]]
    theirs = other.values[[other.rows.index(row) for row in common]]
    return bool(np.abs(mine - theirs).max() <= SAME_PIXEL)
