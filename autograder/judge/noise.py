"""Criterion `noise`: is it Gaussian, with the prescribed σ, additive, independent in pixels and images?

Noise is wrong if it fails one of the statistical tests of `noise_statistics`; `noise_causes` then finds
what was done. A sample of the images is tested pixel by pixel; a signature of every image shows where
noise is missing or repeated. Sample and signatures follow from the request.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from autograder.judge import noise_statistics as tests
from autograder.judge.noise_causes import cause
from autograder.judge.reference import Reference
from autograder.judge.verdict import Verdict, zero
from autograder.lab import IMAGE_SHAPE, Exercise
from autograder.protocol import challenge
from autograder.protocol.evidence import Evidence, Sample

TRAIN, TEST = "x_train_noisy", "x_test_noisy"
"""The names under which a check hands over both sets, whatever a student calls them."""
_OTHER_WAYS = "the same noise with its sign turned or its order reversed is the same noise"


@dataclass(frozen=True)
class Set:
    """One set of noisy images, with the results of its tests."""

    count: int
    noise: tests.Noise
    level: tests.Level
    standard: np.ndarray
    """The standardized noise, (n, 784): standard normal if it is right, except for an allowed mean."""
    blank: np.ndarray
    """For each image of the whole set, whether its frame is black."""
    keys: np.ndarray
    """For each image of the whole set, a number, which is the same for the same noise."""
    repeated: np.ndarray
    """For each image of the whole set, whether another one has the same noise."""
    results: dict[str, float]
    """By test, log10 of the p-value under right noise."""


def judge_noise(evidence: Evidence, exercise: Exercise, reference: Reference) -> Verdict:
    """Gives half of the credit for each set."""
    sigma, called = exercise.noise, {TRAIN: exercise.noisy_train, TEST: exercise.noisy_test}
    advice = f"x_train + np.random.normal(0, {sigma}, x_train.shape) is such noise; the same for x_test."
    expected = (
        f"clean images plus Gaussian noise of mean 0 and standard deviation {sigma}, drawn anew for "
        "every pixel, every image and both sets; clipped to [0, 1] or not"
    )
    clean = _clean_images(reference)
    if not all(name in evidence.arrays for name in clean):
        return zero(expected, "not both sets", "The noisy images are missing.", advice)
    counts = {TRAIN: reference.images.train_count, TEST: reference.images.test_count}
    rows = challenge.noisy_rows(evidence.request, *(_length(evidence.arrays[name]) for name in clean))
    random = challenge.randomness(evidence.request)
    faults, found, sets, unread = {}, {}, {}, False
    for name, asked in zip(clean, rows, strict=True):
        faults[name], found[name] = _fault_of_form(evidence.arrays[name], counts, name, called)
        if faults[name]:
            continue
        if not _is_consistent(evidence, name, asked):
            unread = True
            faults[name] = "what was read of it does not fit together, so a person will look at it"
            continue
        measured = sets[name] = _measured(evidence, name, clean[name](asked), sigma, random)
        faults[name] = _fault(measured, sigma)
        found[name] = _found(measured)
    if len(sets) == 2 and not any(faults.values()):
        faults[TEST] = _fault_of_both(sets[TRAIN], sets[TEST], exercise)
    problems = [f"{called[name]}: {fault} (−1/2)." for name, fault in faults.items() if fault]
    return Verdict(
        credit=1 - len(problems) / 2,
        expected=expected,
        found="; ".join(f"{called[name]}: {text}" for name, text in found.items()),
        problems=tuple(problems),
        advice=advice if problems else "",
        review=unread,
    )


def results(evidence: Evidence, exercise: Exercise, reference: Reference) -> dict[str, float]:
    """By set and test, log10 of the p-value under right noise; used by the calibration."""
    random = challenge.randomness(evidence.request)
    sets = {}
    for name, clean in _clean_images(reference).items():
        rows = np.array(evidence.arrays[name].rows)
        sets[name] = _measured(evidence, name, clean(rows), exercise.noise, random)
    each = {f"{name}: {test}": p for name, one in sets.items() for test, p in one.results.items()}
    both = _results_of_both(sets[TRAIN], sets[TEST])
    return each | {f"both: {test}": p for test, p in both.items()}


def _clean_images(reference: Reference) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """By set, the function that returns the clean images at given rows."""
    return {TRAIN: reference.train_images, TEST: reference.test_images}


def _length(sample: Sample) -> int:
    return sample.shape[0] if sample.shape else 0


def _fault_of_form(
    sample: Sample, counts: dict[str, int], name: str, called: dict[str, str]
) -> tuple[str, str]:
    """Why these cannot be the noisy images (empty if they can), and what was found."""
    shape = (counts[name], *IMAGE_SHAPE)
    if sample.shape != shape:
        fault = f"its shape is {sample.shape}, not {shape}"
        for other, count in counts.items():
            if other != name and sample.shape == (count, *IMAGE_SHAPE):
                fault += f", which is that of {called[other]}"
        return fault, f"{sample.shape}"
    if not sample.values.size:
        return f"it holds no numbers ({sample.dtype})", sample.dtype
    if not np.isfinite(sample.values).all():
        return "some values are not finite", "values that are not finite"
    return "", sample.dtype


def _is_consistent(evidence: Evidence, name: str, rows: np.ndarray) -> bool:
    """Whether the sampled images are at the requested rows and match their signatures."""
    sample, signatures = evidence.arrays[name], evidence.arrays.get(challenge.signatures_of(name))
    if signatures is None or sample.rows != tuple(rows.tolist()):
        return False
    if signatures.values.shape != (1, sample.shape[0], 2):
        return False
    shown = challenge.signatures(evidence.request, sample.values.reshape(len(rows), -1))
    return np.array_equal(shown, signatures.values[0, rows])


def _measured(
    evidence: Evidence, name: str, clean: np.ndarray, sigma: float, random: np.random.Generator
) -> Set:
    noisy, clean = (
        images.reshape(len(images), -1).astype(np.float64)
        for images in (evidence.arrays[name].values, clean)
    )
    noise = tests.Noise(noisy, clean)
    level = noise.level()
    # An allowed mean must not make the other tests fail.
    mean = float(np.clip(level.mean, -tests.MEAN_ALLOWED, tests.MEAN_ALLOWED))
    standard = noise.standard(mean, sigma, random)
    signatures = evidence.arrays[challenge.signatures_of(name)].values[0]
    blank = challenge.blank_signature(evidence.request)
    is_blank = (signatures == blank).all(axis=1)
    keys = _keys(signatures)
    repeated = _repeated(keys) & (keys != _keys(blank[None]))
    results = tests.tests_of_level(level, sigma)
    results |= tests.tests_of_shape_and_independence(standard, noise.clean)
    results["repetition"] = tests.log10_chance(repeated.sum() / 2, _coincidences(len(keys) ** 2 / 2))
    results["missing"] = tests.LEAST if is_blank.any() else 0.0
    return Set(len(keys), noise, level, standard, is_blank, keys, repeated, results)


def _keys(signatures: np.ndarray) -> np.ndarray:
    """An integer for each signature, unchanged if its two numbers are exchanged or both negated."""
    numbers, base = np.nan_to_num(signatures).astype(np.int64), 2**26
    a, b = numbers[:, 0], numbers[:, 1]
    keys: np.ndarray = np.max([a * base + b, b * base + a, -a * base - b, -b * base - a], axis=0)
    return keys


def _repeated(keys: np.ndarray) -> np.ndarray:
    _, position, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return np.greater(counts[position], 1)


def _coincidences(pairs: float) -> float:
    """The expected number of pairs, among so many, whose keys are equal by chance.

    A signature is nearly normal, an integer, and odd or even for all images of a request.
    """
    deviation = math.sqrt(len(challenge.FRAME) / 3) * challenge.LARGEST_WEIGHT
    return pairs * 4 * (2 / (2 * math.sqrt(math.pi) * deviation)) ** 2


def _results_of_both(train: Set, test: Set) -> dict[str, float]:
    shared = np.isin(test.keys, train.keys[~train.blank]).sum()
    return {
        "repetition": tests.log10_chance(shared, _coincidences(train.count * test.count)),
        "images": tests.between(train.standard, test.standard),
    }


def _fault(measured: Set, sigma: float) -> str:
    """Says what is wrong with the noise of one set; empty if it passes all tests."""
    if not any(map(tests.fails, measured.results.values())):
        return ""
    shares = float(measured.blank.mean()), float(measured.repeated.mean())
    return cause(measured.noise, measured.level, measured.results, sigma, *shares)


def _fault_of_both(train: Set, test: Set, exercise: Exercise) -> str:
    if not any(map(tests.fails, _results_of_both(train, test).values())):
        return ""
    again = f"the noise is that of {exercise.noisy_train} once more ({_OTHER_WAYS})"
    return f"{again}; draw it anew for each set"


def _found(measured: Set) -> str:
    level = measured.level
    # Rounded, so that the text does not depend on the sample. Adding 0 turns -0 into 0.
    mean = round(level.mean, 2) + 0
    return f"σ ≈ {level.sigma:.2f}, mean ≈ {mean:.2f}, {measured.noise.clipping}"
