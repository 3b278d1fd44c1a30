"""Criterion `visualization`: are the first test images and what the model makes of them on the page?"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.ndimage import uniform_filter

from autograder.evidence import Evidence
from autograder.judge import architecture, page, rebuild
from autograder.judge.page import Sight
from autograder.judge.reference import Reference
from autograder.judge.verdict import Verdict, zero
from autograder.lab import SHOWN_IMAGES, Exercise

SAME_CORRELATION = 0.995
"""Of two pictures that differ by no more than brightness, contrast and rounding to 8 bits."""
SAME_DIFFERENCE = 0.01
"""Root mean square difference of two pictures that are the same though almost without contrast."""

MISSING = "missing"

_ADVICE = (
    "Draw x_test[i] and the model's output for it with plt.imshow, for i from 0 to 9, and leave "
    "the figure in the notebook's output."
)


def judge_visualization(
    evidence: Evidence,
    exercise: Exercise,
    reference: Reference,
    pictures: Sequence[str] | None = None,
) -> Verdict:
    """The share of the required pictures that are found among what is seen on the page.

    pictures: what was sent to it, see `Message`; where nobody collected that, all that was drawn counts.
    """
    noisy = exercise.noise is not None
    roles = "noisy input, output and clean original" if noisy else "input and output"
    expected = f"{roles} of the first {SHOWN_IMAGES} test images"
    refused = architecture.refusal(evidence.model, expected)
    if refused:
        return refused
    drawings = [drawing for drawing in evidence.drawings if np.isfinite(drawing.array).all()]
    if pictures is None:
        sights = [Sight(drawing.array) for drawing in drawings]
    else:
        sights = page.look(drawings, pictures)
    if not sights:
        return zero(expected, "no picture", "No picture was drawn.", _ADVICE)
    clean = reference.test_images(np.arange(SHOWN_IMAGES))
    inputs = clean
    if noisy:
        sample = evidence.arrays.get("x_test_noisy")
        if sample is None or sample.values.shape[1:] != clean.shape[1:]:
            found = "no noisy test images"
            return zero(expected, found, "x_test_noisy holds no images of 28×28×1.", _ADVICE)
        inputs = sample.values[:SHOWN_IMAGES]
    wanted = {"noisy inputs" if noisy else "inputs": inputs}
    notes: tuple[str, ...] = ()
    try:
        wanted["outputs of the model"] = rebuild.run(evidence.model, inputs)
    except rebuild.RebuildError as error:
        notes = (f"The judge could not run this model: {error}.",)
    if noisy:
        wanted["clean originals"] = clean
    reasons = {name: [_why_unseen(sights, image) for image in images] for name, images in wanted.items()}
    counts = {name: of_images.count("") for name, of_images in reasons.items()}
    total = SHOWN_IMAGES * (3 if noisy else 2)
    problems = tuple(
        f"{SHOWN_IMAGES - counts.get(name, 0)} of the {SHOWN_IMAGES} {name} are missing."
        for name in (*dict.fromkeys([*wanted, "outputs of the model"]),)
        if counts.get(name, 0) < SHOWN_IMAGES
    )
    unseen = Counter(
        why for of_images in reasons.values() for why in of_images if why and why != MISSING
    )
    found = f"{len(sights)} pictures, " + ", ".join(f"{n} {name}" for name, n in counts.items())
    if not any(counts.values()) and not unseen:
        problems = ("None of the pictures is one of the first test images or what becomes of it.",)
    problems += tuple(f"{number} of these were {why}." for why, number in unseen.items())
    credit = sum(counts.values()) / total
    return Verdict(credit, expected, found, problems, _ADVICE if problems else "", notes)


def _why_unseen(sights: Sequence[Sight], image: np.ndarray) -> str:
    """Why an image is not seen on the page; empty if it is."""
    unseen = MISSING
    for sight in sights:
        part = _place(sight.array, image)
        if part is not None:
            why = sight.why_unseen(part)
            if not why:
                return ""
            # That one was only saved says less than what is wrong with one on the page.
            unseen = why if unseen in (MISSING, page.NOT_SHOWN) else unseen
    return unseen


def _place(drawing: np.ndarray, image: np.ndarray) -> tuple[slice, slice] | None:
    """Where a drawing is the image, or a montage that holds it."""
    if image.ndim != 3 or image.shape[-1] != 1:
        return None
    picture = image[..., 0]
    clipped = np.clip(picture, 0, 1)
    shown = [picture] if np.array_equal(picture, clipped) else [picture, clipped]
    return next((place for each in shown if (place := _place_of(drawing, each))), None)


def _place_of(drawing: np.ndarray, picture: np.ndarray) -> tuple[slice, slice] | None:
    height, width = picture.shape
    if drawing.shape[0] < height or drawing.shape[1] < width:
        return None
    if drawing.shape == picture.shape:
        for scale in (1, 255):
            difference = drawing / scale - picture
            if np.sqrt(np.mean(difference**2)) <= SAME_DIFFERENCE:
                return slice(0, height), slice(0, width)
    likeness = np.atleast_2d(np.abs(_correlations(drawing, picture)))
    top, left = np.unravel_index(likeness.argmax(), likeness.shape)
    if likeness[top, left] < SAME_CORRELATION:
        return None
    return slice(top, top + height), slice(left, left + width)


def _correlations(drawing: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """The correlation of the picture with the drawing at each offset where it fits into it."""
    template = picture.astype(np.float64) - picture.mean()
    energy = np.sum(template**2)
    if energy < 1e-9:
        return np.zeros(1)
    drawing = drawing.astype(np.float64)
    if drawing.shape == picture.shape:
        centred = drawing - drawing.mean()
        product, spread = np.sum(centred * template)[None], np.sum(centred**2)[None]
    else:
        # Slow to import, and needed for montages only.
        from scipy.signal import fftconvolve

        product = fftconvolve(drawing, template[::-1, ::-1], mode="valid")
        mean, square = (_window_means(d, picture.shape) for d in (drawing, drawing**2))
        spread = picture.size * np.maximum(square - mean**2, 0)
    # A window without contrast shows nothing; rounding errors must not make it look like something.
    spread = np.where(spread < 1e-9 * max(1.0, np.ptp(drawing)) ** 2 * picture.size, np.inf, spread)
    return product / np.sqrt(energy * spread)


def _window_means(drawing: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    means = uniform_filter(drawing, shape, mode="constant")
    top, left = shape[0] // 2, shape[1] // 2
    rows, columns = drawing.shape[0] - shape[0] + 1, drawing.shape[1] - shape[1] + 1
    return means[top : top + rows, left : left + columns]
