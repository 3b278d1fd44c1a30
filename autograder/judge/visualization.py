"""Criterion `visualization`: are the first test images and the model's outputs for them on the page?"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image
from scipy.ndimage import uniform_filter

from autograder.judge import architecture, page, rebuild
from autograder.judge.page import Sight
from autograder.judge.reference import Reference, are_among
from autograder.judge.search import Search, explained
from autograder.judge.verdict import Verdict, zero
from autograder.lab import IMAGE_SHAPE, IMAGE_TEXT, Exercise
from autograder.protocol.evidence import Evidence, ModelEvidence, Sample

SAME_CORRELATION = 0.995
"""Correlation of pictures that differ only in brightness, contrast and rounding to 8 bits."""
SAME_DIFFERENCE = 0.01
"""Root mean square difference up to which pictures of hardly any contrast are the same."""
ROUNDED = 0.003
"""The same for pictures without contrast: values truncated to bytes are 0.0023 off."""

LIKELY_CORRELATION = 0.9
"""Least correlation of a picture with a function of it, such as an output before its sigmoid."""

MOST_CHANNELS = 4
"""Channels of an output that are looked for: each may have been drawn."""

MISSING = "missing"

_INPUTS, _NOISY, _OUTPUTS, _CLEAN = "inputs", "noisy inputs", "outputs of the model", "clean originals"


def judge_visualization(
    evidence: Evidence,
    exercise: Exercise,
    reference: Reference,
    pictures: Sequence[str] | None = None,
) -> Verdict:
    """Gives credit for the share of the required pictures that can be seen on the page.

    pictures: the pictures sent to it, see `Message`; if None, everything that was drawn counts as seen.
    """
    roles = (_NOISY, _OUTPUTS, _CLEAN) if exercise.noise else (_INPUTS, _OUTPUTS)
    shown = exercise.shown
    expected = f"{_listed(roles)} of the first {shown} test images"
    advice = (
        f"Draw x_test[i] and the model's output for it with plt.imshow, for i from 0 to {shown - 1}, "
        "and leave the figure in the notebook's output."
    )
    model = evidence.model
    if model is None or model.api == "none":
        return architecture.no_model(model, expected)
    drawings = [drawing for drawing in evidence.drawings if np.isfinite(drawing.array).all()]
    sights, unknown = [Sight(drawing.array) for drawing in drawings], list[Image.Image]()
    if pictures is not None:
        sights, unknown = page.look(drawings, pictures)
    if not sights and not unknown:
        return replace(zero(expected, "no picture", "No picture was drawn.", advice), missing=True)
    wanted, notes, review = _wanted(model, evidence.arrays.get("x_test_noisy"), exercise, reference)
    reasons = {role: [_why_unseen(sights, image) for image in images] for role, images in wanted.items()}
    if any(map(any, reasons.values())) and _search(unknown, wanted, reasons):
        notes.append("There are more pictures than are searched for what is asked for.")
        review = True
    counts = {role: reasons.get(role, []).count("") for role in roles}
    credit = sum(counts.values()) / (shown * len(roles))
    found = f"{len(sights) + len(unknown)} pictures, "
    found += ", ".join(f"{number} {role}" for role, number in counts.items())
    if credit >= 1:
        return Verdict(credit, expected, found)
    problems = _problems(shown, counts, reasons, sights, reference)
    unseen = {why for some in reasons.values() for why in some if why}
    missing = unseen == {MISSING}
    return Verdict(
        credit, expected, found, problems, advice, tuple(notes), review=review, missing=missing
    )


def _wanted(
    model: ModelEvidence, noisy: Sample | None, exercise: Exercise, reference: Reference
) -> tuple[dict[str, np.ndarray], list[str], bool]:
    """The images of each role as far as known; remarks; whether a person has to look."""
    inputs = reference.test_images(np.arange(exercise.shown))
    wanted = {_CLEAN if exercise.noise else _INPUTS: inputs}
    size = math.prod(IMAGE_SHAPE)
    if exercise.noise:
        if noisy is None or not noisy.values.size or noisy.values[0].size != size:
            return wanted, [f"{exercise.noisy_test} holds no images of {IMAGE_TEXT}."], False
        inputs = wanted[_NOISY] = noisy.values[: exercise.shown].reshape(-1, *IMAGE_SHAPE)
    try:
        outputs = rebuild.run(model, inputs)
    except rebuild.RebuildError as error:
        note = f"The judge could not run this model: {error}. A person will look at its outputs."
        return wanted, [note], True
    if outputs[0].size == size:
        outputs = outputs.reshape(-1, *IMAGE_SHAPE)
    if outputs.ndim != 4:
        return wanted, [f"What the model makes of an image is none: {outputs.shape[1:]} values."], False
    wanted[_OUTPUTS] = outputs
    return wanted, [], False


def _search(
    unknown: Sequence[Image.Image], wanted: dict[str, np.ndarray], reasons: dict[str, list[str]]
) -> bool:
    """Looks for missing images in unknown pictures. Returns whether the search was cut short."""
    places = [(role, i) for role, images in wanted.items() for i in range(len(images))]
    images = [_looks(wanted[role][i])[0] for role, i in places]
    search = Search(images, [not reasons[role][i] for role, i in places])
    search.look_at(unknown)
    for (role, i), found in zip(places, search.found, strict=True):
        if found:
            reasons[role][i] = ""
    return search.cut_short


def _problems(
    shown: int,
    counts: dict[str, int],
    reasons: dict[str, list[str]],
    sights: Sequence[Sight],
    reference: Reference,
) -> tuple[str, ...]:
    """Lists what is missing, and why if known; an explanation of all that is missing comes first."""
    total = shown * len(counts)
    missing = tuple(
        f"{shown - number} of the {shown} {role} are missing."
        for role, number in counts.items()
        if number < shown
    )
    unseen = Counter(why for some in reasons.values() for why in some if why and why != MISSING)
    if not any(counts.values()) and not unseen:
        return _others(shown, sights, reference), *missing
    causes = unseen.most_common()
    if sum(unseen.values()) == total - sum(counts.values()):
        why = tuple(f"{number} of the {total} pictures were {why}." for why, number in causes)
        return *why, *missing
    return *missing, *(f"{number} of these were {why}." for why, number in causes)


def _others(count: int, sights: Sequence[Sight], reference: Reference) -> str:
    """Says what the pictures show if they include none of the required ones."""
    problem = "None of the pictures is one of the first test images or what becomes of it"
    size = math.prod(IMAGE_SHAPE)
    shown = [sight.array for sight in sights if sight.array.size == size and np.ptp(sight.array) > 0]
    if not shown:
        return f"{problem}."
    images = np.stack([(each / (255 if each.max() > 1 else 1)).reshape(IMAGE_SHAPE) for each in shown])
    if are_among(images, reference.test).any():
        return f"{problem}: they show other test images than x_test[0] to x_test[{count - 1}]."
    if are_among(images, reference.train).any():
        return f"{problem}: they show images of the training set."
    return f"{problem}."


def _listed(roles: Sequence[str]) -> str:
    names = {_NOISY: "noisy input", _INPUTS: "input", _OUTPUTS: "output", _CLEAN: "clean original"}
    *first, last = (names[role] for role in roles)
    return f"{', '.join(first)} and {last}"


def _why_unseen(sights: Sequence[Sight], image: np.ndarray) -> str:
    """Why an image is not seen on the page; empty if it is."""
    unseen = MISSING
    for sight in sights:
        part = _place(sight.array, image)
        if part is not None:
            why = sight.why_unseen(part)
            if not why:
                return ""
            # A fault of a picture on the page tells more than a picture that was only saved.
            unseen = why if unseen in (MISSING, page.NOT_SHOWN) else unseen
    return unseen


def _place(drawing: np.ndarray, image: np.ndarray) -> tuple[slice, slice] | None:
    """Where a drawing shows the image, maybe upside down or within a montage; None if it does not."""
    shown = []
    for look in _looks(image):
        clipped = np.clip(look, 0, 1)
        shown += [look] if np.array_equal(look, clipped) else [look, clipped]
    shown += [look[::-1] for look in shown]
    return next((place for each in shown if (place := _place_of(drawing, each))), None)


def _looks(image: np.ndarray) -> list[np.ndarray]:
    """Ways to draw an image (height, width, channels): its mean in grey, or one channel."""
    channels = list(np.moveaxis(image, -1, 0)[:MOST_CHANNELS])
    return channels if len(channels) == 1 else [image.mean(axis=-1), *channels]


def _place_of(drawing: np.ndarray, picture: np.ndarray) -> tuple[slice, slice] | None:
    height, width = picture.shape
    if drawing.shape[0] < height or drawing.shape[1] < width:
        return None
    if drawing.shape == picture.shape:
        for scale in (1, 255):
            difference = drawing / scale - picture
            if np.sqrt(np.mean(difference**2)) <= _tolerance(picture):
                return slice(0, height), slice(0, width)
    likeness = np.atleast_2d(np.abs(_correlations(drawing, picture)))
    top, left = np.unravel_index(likeness.argmax(), likeness.shape)
    place = slice(top, top + height), slice(left, left + width)
    if likeness[top, left] >= SAME_CORRELATION:
        return place
    if likeness[top, left] < LIKELY_CORRELATION:
        return None
    follows = explained(drawing[place][..., None], (picture - picture.mean()).reshape(1, -1))
    return place if follows >= SAME_CORRELATION else None


def _tolerance(picture: np.ndarray) -> float:
    """Root mean square difference up to which a drawing is this picture.

    It depends on the contrast, as faint pictures of different digits differ little.
    """
    unlike = math.sqrt(1 - SAME_CORRELATION**2)
    return min(SAME_DIFFERENCE, max(ROUNDED, unlike * float(picture.std())))


def _correlations(drawing: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """The correlation of the picture with each part of the drawing that has its size."""
    template = picture.astype(np.float64) - picture.mean()
    energy = np.sum(template**2)
    if energy < 1e-9:
        return np.zeros(1)
    drawing = drawing.astype(np.float64)
    if drawing.shape == picture.shape:
        centred = drawing - drawing.mean()
        product, spread = np.sum(centred * template)[None], np.sum(centred**2)[None]
    else:
        # Slow to import, and only needed for montages.
        from scipy.signal import fftconvolve

        product = fftconvolve(drawing, template[::-1, ::-1], mode="valid")
        mean, square = (_window_means(d, picture.shape) for d in (drawing, drawing**2))
        spread = picture.size * np.maximum(square - mean**2, 0)
    # A window without contrast shows nothing: its rounding errors must not correlate with anything.
    spread = np.where(spread < 1e-9 * max(1.0, np.ptp(drawing)) ** 2 * picture.size, np.inf, spread)
    return np.asarray(product / np.sqrt(energy * spread))


def _window_means(drawing: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    means: np.ndarray = uniform_filter(drawing, shape, mode="constant")
    top, left = shape[0] // 2, shape[1] // 2
    rows, columns = drawing.shape[0] - shape[0] + 1, drawing.shape[1] - shape[1] + 1
    return means[top : top + rows, left : left + columns]
