"""Criterion `noise`: is it Gaussian, σ = 0.2, additive, and fresh for every pixel and image?

All tests work on the difference to the clean images. Where the result was clipped to [0, 1] they
look only at the half of the noise that clipping left alone: upwards on black, downwards on white.
"""

import numpy as np
from scipy.special import ndtr, ndtri

from autograder.evidence import Evidence, Sample
from autograder.judge.reference import Reference
from autograder.judge.verdict import Verdict, zero
from autograder.lab import IMAGE_SHAPE, Exercise

# With about 30,000 pixels the standard errors are 0.4 % of σ and 0.006 σ for the mean, so that
# these bounds are more than ten of them away for correct noise.
SIGMA_TOLERANCE = 0.06
MEAN_TOLERANCE = 0.1
SHAPE_TOLERANCE = 0.025
"""Largest distance between the distributions; uniform noise of the same σ is at 0.06."""
CORRELATION_TOLERANCE = 0.1
SAME_NOISE_CORRELATION = 0.5
BLACK, WHITE = 0.002, 0.998

_ADVICE = "x_train + np.random.normal(0, 0.2, x_train.shape) is such noise; the same for x_test."


def judge_noise(evidence: Evidence, exercise: Exercise, reference: Reference) -> Verdict:
    """Half for each set."""
    sigma = exercise.noise
    expected = (
        f"clean images plus Gaussian noise of mean 0 and standard deviation {sigma}, drawn anew for "
        "every pixel, every image and both sets; clipped to [0, 1] or not"
    )
    train = evidence.arrays.get("x_train_noisy")
    test = evidence.arrays.get("x_test_noisy")
    if train is None or test is None:
        return zero(expected, "not both sets", "The noisy images are missing.", _ADVICE)
    train_count, test_count = reference.images.train_count, reference.images.test_count
    train_fault, train_found = _judge_set(train, train_count, reference.train_images, sigma)
    test_fault, test_found = _judge_set(test, test_count, reference.test_images, sigma)
    if not train_fault and not test_fault and _same_noise(train, test, reference):
        test_fault = "the noise is that of x_train_noisy once more; draw it anew for each set"
    problems = [
        f"{name}: {fault} (−1/2)."
        for name, fault in (("x_train_noisy", train_fault), ("x_test_noisy", test_fault))
        if fault
    ]
    return Verdict(
        credit=1 - len(problems) / 2,
        expected=expected,
        found=f"x_train_noisy: {train_found}; x_test_noisy: {test_found}",
        problems=tuple(problems),
        advice=_ADVICE if problems else "",
    )


def _judge_set(sample: Sample, count: int, clean_images, sigma: float) -> tuple[str, str]:
    """What is wrong with one noisy set (empty if nothing is) and what was found."""
    if sample.shape != (count, *IMAGE_SHAPE):
        return f"its shape is {sample.shape}, not {(count, *IMAGE_SHAPE)}", f"{sample.shape}"
    if sample.values.shape != (len(sample.rows), *IMAGE_SHAPE):
        return f"it holds no numbers ({sample.dtype})", sample.dtype
    if not np.isfinite(sample.values).all():
        return "some values are not finite", "values that are not finite"
    clean = clean_images(np.asarray(sample.rows))
    noisy = sample.values
    clipped = bool(noisy.min() >= 0 or noisy.max() <= 1)
    noise = noisy - clean
    black, white = clean <= BLACK, clean >= WHITE
    kept = noise[black & (noise > 0)], -noise[white & (noise < 0)]
    halves = np.concatenate(kept) if clipped else np.abs(noise).ravel()
    if halves.size < noise.size / 8:
        if np.abs(noise).max() <= 1e-6:
            return "no noise was added", "no noise"
        return "most pixels are not noisy at all", "noise on a few pixels only"
    level = float(np.sqrt(np.mean(halves**2)))
    found = f"σ ≈ {level:.3f}" + (", clipped to [0, 1]" if clipped else "")
    # Repetition first: where few numbers were drawn, level and mean are only theirs.
    fault = (
        _repetition_fault(noise, black, clipped)
        or _level_fault(level, sigma)
        or _mean_fault(noise, black, white, clipped, sigma)
        or _intensity_fault(noise, clean, clipped, sigma)
        or _shape_fault(halves, sigma)
    )
    return fault, found


def _level_fault(level: float, sigma: float) -> str:
    if abs(level / sigma - 1) <= SIGMA_TOLERANCE:
        return ""
    text = f"the standard deviation is {level:.3g}, not {sigma}"
    if abs(level / np.sqrt(sigma) - 1) <= SIGMA_TOLERANCE:
        return f"{text}: {sigma} is the standard deviation, not the variance"
    if abs(level * 255 / sigma - 1) <= SIGMA_TOLERANCE:
        return f"{text}: the images are already scaled to [0, 1]"
    return text


def _mean_fault(noise, black, white, clipped: bool, sigma: float) -> str:
    if clipped:
        # Half of the noise on black points up, half of that on white points down.
        shares = [np.mean(noise[black] > 1e-7)]
        if white.sum() > 2000:
            shares.append(np.mean(noise[white] < -1e-7))
        off = max(abs(float(ndtri(np.clip(share, 0.001, 0.999)))) for share in shares)
    else:
        off = abs(float(noise.mean())) / sigma
    if off <= MEAN_TOLERANCE:
        return ""
    return f"the noise has not mean 0, it is off by {off * sigma:.2g}"


def _repetition_fault(noise: np.ndarray, black: np.ndarray, clipped: bool) -> str:
    """Noise shared by all images, constant over an image, or alike in neighbouring pixels."""
    values = np.where(black, np.maximum(noise, 0), 0) if clipped else noise
    usable = black if clipped else np.ones_like(black)
    for axis in (1, 2):
        first = np.take(values, range(27), axis), np.take(usable, range(27), axis)
        second = np.take(values, range(1, 28), axis), np.take(usable, range(1, 28), axis)
        if _correlation(first[0], second[0], first[1] & second[1]) > CORRELATION_TOLERANCE:
            return "neighbouring pixels have the same noise; draw it for every pixel"
    between = _correlation(values[:-1], values[1:], usable[:-1] & usable[1:])
    if between > CORRELATION_TOLERANCE:
        return "the noise is the same in every image; draw it for the shape of the whole set"
    if _most_alike(values) > SAME_NOISE_CORRELATION:
        return "the same noise comes back in other images; draw it for the shape of the whole set"
    return ""


def _intensity_fault(noise, clean, clipped: bool, sigma: float) -> str:
    """Additive noise is as strong on black as on white."""
    if clipped:
        return ""
    black, bright = noise[clean <= BLACK], noise[clean >= 0.8]
    if bright.size < 500:
        return ""
    levels = float(black.std()), float(bright.std())
    if max(levels) <= (1 + 2 * SIGMA_TOLERANCE) * min(levels):
        return ""
    return (
        f"the noise depends on the image (σ is {levels[0]:.2g} on black and {levels[1]:.2g} on "
        "white pixels): add it, do not multiply"
    )


def _shape_fault(halves: np.ndarray, sigma: float) -> str:
    """The distance (Kolmogorov–Smirnov) between the noise's size and that of Gaussian noise."""
    ordered = np.sort(halves) / float(np.sqrt(np.mean(halves**2)))
    wanted = 2 * ndtr(ordered) - 1
    distance = np.abs(wanted - np.arange(1, len(ordered) + 1) / len(ordered)).max()
    if distance <= SHAPE_TOLERANCE:
        return ""
    return "the noise is not Gaussian; it has the right size but another distribution"


def _same_noise(train: Sample, test: Sample, reference: Reference) -> bool:
    """Whether the test images carry the noise of the training images at the same places."""
    rows = [row for row in train.rows if row in test.rows]
    pairs = []
    for sample, clean_images in ((train, reference.train_images), (test, reference.test_images)):
        values = sample.values[[sample.rows.index(row) for row in rows]]
        pairs.append(values - clean_images(np.asarray(rows)))
    black = (reference.train_images(np.asarray(rows)) <= BLACK) & (
        reference.test_images(np.asarray(rows)) <= BLACK
    )
    return _correlation(pairs[0], pairs[1], black) > SAME_NOISE_CORRELATION


def _correlation(a: np.ndarray, b: np.ndarray, usable: np.ndarray) -> float:
    a, b = a[usable], b[usable]
    if a.size < 100 or a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _most_alike(values: np.ndarray) -> float:
    """The largest correlation between the noise of any two images."""
    flat = values.reshape(len(values), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1)
    flat = flat[length > 0] / length[length > 0, None]
    alike = flat @ flat.T
    np.fill_diagonal(alike, 0)
    return float(alike.max(initial=0))
