"""Criterion `visualization`: are the first test images, and what the model makes of them, on screen?"""

import numpy as np
from scipy.ndimage import uniform_filter

from autograder.evidence import Evidence
from autograder.judge import architecture, rebuild
from autograder.judge.reference import Reference
from autograder.judge.verdict import Verdict, zero
from autograder.lab import SHOWN_IMAGES, Exercise

SAME_CORRELATION = 0.995
"""Of two pictures that differ by no more than brightness, contrast and rounding to 8 bits."""
SAME_DIFFERENCE = 0.01
"""Root mean square difference of two pictures that are the same though almost without contrast."""

_ADVICE = (
    "Draw x_test[i] and the model's output for it with plt.imshow, for i from 0 to 9, and leave "
    "the figure in the notebook's output."
)


def judge_visualization(evidence: Evidence, exercise: Exercise, reference: Reference) -> Verdict:
    """The share of the required pictures that are found among what was drawn."""
    noisy = exercise.noise is not None
    roles = "noisy input, output and clean original" if noisy else "input and output"
    expected = f"{roles} of the first {SHOWN_IMAGES} test images"
    refused = architecture.refusal(evidence.model, expected)
    if refused:
        return refused
    drawings = [d for d in evidence.drawings if d.ndim == 2 and np.isfinite(d).all()]
    if not drawings:
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
    counts = {name: _count_shown(images, drawings) for name, images in wanted.items()}
    total = SHOWN_IMAGES * (3 if noisy else 2)
    problems = tuple(
        f"{SHOWN_IMAGES - counts.get(name, 0)} of the {SHOWN_IMAGES} {name} are missing."
        for name in (*dict.fromkeys([*wanted, "outputs of the model"]),)
        if counts.get(name, 0) < SHOWN_IMAGES
    )
    found = f"{len(drawings)} pictures, " + ", ".join(f"{n} {name}" for name, n in counts.items())
    if not any(counts.values()):
        problems = ("None of the pictures is one of the first test images or what becomes of it.",)
    credit = sum(counts.values()) / total
    return Verdict(credit, expected, found, problems, _ADVICE if problems else "", notes)


def _count_shown(images: np.ndarray, drawings: list[np.ndarray]) -> int:
    return sum(any(_shows(drawing, image) for drawing in drawings) for image in images)


def _shows(drawing: np.ndarray, image: np.ndarray) -> bool:
    """Whether the drawing is the image, or a montage that holds it."""
    if image.ndim != 3 or image.shape[-1] != 1:
        return False
    picture = image[..., 0]
    clipped = np.clip(picture, 0, 1)
    shown = [picture] if np.array_equal(picture, clipped) else [picture, clipped]
    return any(_holds(drawing, each) for each in shown)


def _holds(drawing: np.ndarray, picture: np.ndarray) -> bool:
    height, width = picture.shape
    if drawing.shape[0] < height or drawing.shape[1] < width:
        return False
    if drawing.shape == picture.shape:
        for scale in (1, 255):
            difference = drawing / scale - picture
            if np.sqrt(np.mean(difference**2)) <= SAME_DIFFERENCE:
                return True
    return float(np.abs(_correlations(drawing, picture)).max()) >= SAME_CORRELATION


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
