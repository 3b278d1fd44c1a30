"""Criterion `noise`: is it Gaussian, σ = 0.2, additive, and fresh for every pixel and image?

Noise is wrong if it fails one of the statistical tests of `noise_tests`; then `noise_causes` looks for
what was done. Some images are looked at pixel by pixel, and a signature of every image tells where noise
is missing or comes back. Which images, and what their signatures are, follows from the request.
"""

from dataclasses import dataclass

import numpy as np

from autograder.judge import noise_tests as tests
from autograder.judge.noise_causes import cause
from autograder.judge.reference import Reference
from autograder.judge.verdict import Verdict, zero
from autograder.lab import IMAGE_SHAPE, Exercise
from autograder.protocol import challenge
from autograder.protocol.evidence import Evidence, Sample

_ADVICE = "x_train + np.random.normal(0, 0.2, x_train.shape) is such noise; the same for x_test."
_OTHER_WAYS = "the same noise with its sign turned or its order reversed is the same noise"


@dataclass(frozen=True)
class Set:
    """One set of noisy images, with the results of its tests."""

    count: int
    noise: tests.Noise
    level: tests.Level
    standard: np.ndarray
    """What is standard normal if the noise is right, but for a mean that is allowed, (n, 784)."""
    blank: np.ndarray
    """For each image of the whole set, whether its frame is black."""
    keys: np.ndarray
    """For each image of the whole set a number, the same for the same noise."""
    repeated: np.ndarray
    """For each image of the whole set, whether another one has the same noise."""
    results: dict[str, float]
    """By test, log10 of the probability that right noise is so unlikely."""


def judge_noise(evidence: Evidence, exercise: Exercise, reference: Reference) -> Verdict:
    """Half for each set."""
    sigma = exercise.noise
    expected = (
        f"clean images plus Gaussian noise of mean 0 and standard deviation {sigma}, drawn anew for "
        "every pixel, every image and both sets; clipped to [0, 1] or not"
    )
    names = ("x_train_noisy", "x_test_noisy")
    if not all(name in evidence.arrays for name in names):
        return zero(expected, "not both sets", "The noisy images are missing.", _ADVICE)
    images = reference.images
    wanted = {names[0]: images.train_count, names[1]: images.test_count}
    clean = {names[0]: reference.train_images, names[1]: reference.test_images}
    rows = challenge.noisy_rows(evidence.request, *(_length(evidence.arrays[name]) for name in names))
    random = challenge.randomness(evidence.request)
    faults, found, sets, unread = {}, {}, {}, False
    for name, asked in zip(names, rows, strict=True):
        sample = evidence.arrays[name]
        faults[name], found[name] = _fault_of_form(sample, wanted, name)
        if faults[name]:
            continue
        if not _fits_together(evidence, name, asked):
            faults[name], unread = (
                "what was read of it does not fit together, so a person will look at it",
                True,
            )
            continue
        measured = sets[name] = _measured(evidence, name, clean[name](asked), sigma, random)
        faults[name] = _fault(measured, sigma)
        found[name] = _found(measured)
    if len(sets) == 2 and not any(faults.values()):
        faults[names[1]] = _fault_of_both(*sets.values())
    problems = [f"{name}: {fault} (−1/2)." for name, fault in faults.items() if fault]
    return Verdict(
        credit=1 - len(problems) / 2,
        expected=expected,
        found="; ".join(f"{name}: {text}" for name, text in found.items()),
        problems=tuple(problems),
        advice=_ADVICE if problems else "",
        review=unread,
    )


def results(evidence: Evidence, exercise: Exercise, reference: Reference) -> dict[str, float]:
    """By set and test, log10 of the probability that right noise is so unlikely; for measurements."""
    random = challenge.randomness(evidence.request)
    sets = []
    for name, clean in (
        ("x_train_noisy", reference.train_images),
        ("x_test_noisy", reference.test_images),
    ):
        rows = np.array(evidence.arrays[name].rows)
        sets.append((name, _measured(evidence, name, clean(rows), exercise.noise, random)))
    each = {f"{name}: {test}": p for name, one in sets for test, p in one.results.items()}
    return each | {f"both: {test}": p for test, p in _results_of_both(sets[0][1], sets[1][1]).items()}


def _length(sample: Sample) -> int:
    return sample.shape[0] if sample.shape else 0


def _fault_of_form(sample: Sample, wanted: dict[str, int], name: str) -> tuple[str, str]:
    """Why these cannot be the noisy images (empty if they can), and what was found."""
    shape = (wanted[name], *IMAGE_SHAPE)
    if sample.shape != shape:
        fault = f"its shape is {sample.shape}, not {shape}"
        for other, count in wanted.items():
            if other != name and sample.shape == (count, *IMAGE_SHAPE):
                fault += f", which is that of {other}"
        return fault, f"{sample.shape}"
    if not sample.values.size:
        return f"it holds no numbers ({sample.dtype})", sample.dtype
    if not np.isfinite(sample.values).all():
        return "some values are not finite", "values that are not finite"
    return "", sample.dtype


def _fits_together(evidence: Evidence, name: str, rows: np.ndarray) -> bool:
    """Whether these images are what was asked for, and have the signatures that were handed over."""
    sample, signatures = evidence.arrays[name], evidence.arrays.get(challenge.signatures_of(name))
    if signatures is None or sample.rows != tuple(rows.tolist()):
        return False
    if signatures.values.shape != (1, sample.shape[0], 2):
        return False
    shown = challenge.signatures(evidence.request, sample.values.reshape(len(rows), -1))
    return np.array_equal(shown, signatures.values[0, rows])


def _measured(evidence: Evidence, name: str, clean: np.ndarray, sigma: float, random) -> Set:
    flat = [
        np.float64(images.reshape(len(images), -1)) for images in (evidence.arrays[name].values, clean)
    ]
    noise = tests.Noise(*flat)
    level = noise.level()
    # A mean that is allowed is nothing that the other tests should find.
    mean = float(np.clip(level.mean, -tests.MEAN_ALLOWED, tests.MEAN_ALLOWED))
    standard = noise.standard(mean, sigma, random)
    signatures = evidence.arrays[challenge.signatures_of(name)].values[0]
    blank = (signatures == challenge.blank_signature(evidence.request)).all(axis=1)
    keys = _keys(signatures)
    results = tests.tests_of_level(level, sigma)
    results |= tests.tests_of_shape_and_independence(standard, noise.clean)
    plain = keys == _keys(challenge.blank_signature(evidence.request)[None])
    repeated = _repeated(keys) & ~plain
    results["repetition"] = tests.log10_chance(repeated.sum() / 2, _coincidences(len(keys) ** 2 / 2))
    results["missing"] = tests.LEAST if blank.any() else 0.0
    return Set(len(keys), noise, level, standard, blank, keys, repeated, results)


def _keys(signatures: np.ndarray) -> np.ndarray:
    """A whole number for each pair: the same in the other order, and with both signs turned."""
    a, b = np.int64(np.nan_to_num(signatures)).T
    base = np.int64(2**26)
    return np.max([a * base + b, b * base + a, -a * base - b, -b * base - a], axis=0)


def _repeated(keys: np.ndarray) -> np.ndarray:
    _, position, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return counts[position] > 1


def _coincidences(pairs: float) -> float:
    """Pairs among so many whose keys are the same by chance.

    A signature is nearly normal, a whole number, and odd or even for all images of a request.
    """
    deviation = np.sqrt(len(challenge.FRAME) / 3) * challenge.LARGEST_WEIGHT
    return pairs * 4 * (2 / (2 * np.sqrt(np.pi) * deviation)) ** 2


def _results_of_both(train: Set, test: Set) -> dict[str, float]:
    shared = np.isin(test.keys, train.keys[~train.blank]).sum()
    return {
        "repetition": tests.log10_chance(shared, _coincidences(train.count * test.count)),
        "images": tests.between(train.standard, test.standard),
    }


def _fails(results: dict[str, float]) -> bool:
    return min(results.values()) < np.log10(tests.SHARE)


def _fault(measured: Set, sigma: float) -> str:
    """What is wrong with the noise of one set; empty if it passes all tests."""
    if not _fails(measured.results):
        return ""
    shares = float(measured.blank.mean()), float(measured.repeated.mean())
    return cause(measured.noise, measured.level, measured.results, sigma, *shares)


def _fault_of_both(train: Set, test: Set) -> str:
    if not _fails(_results_of_both(train, test)):
        return ""
    return f"the noise is that of x_train_noisy once more ({_OTHER_WAYS}); draw it anew for each set"


def _found(measured: Set) -> str:
    level = measured.level
    # No digit that differs with the images that are looked at. Adding 0 makes 0 of -0.
    mean = round(level.mean, 2) + 0
    return f"σ ≈ {level.sigma:.2f}, mean ≈ {mean:.2f}, {measured.noise.clipping}"
