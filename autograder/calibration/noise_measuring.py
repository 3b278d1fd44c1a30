"""Noise as a student would add it, and what the judge's tests say of it."""

import dataclasses
import functools
import time

import numpy as np

from autograder.calibration.noise_kinds import KINDS, Draw
from autograder.calibration.results import Drawn
from autograder.judge.noise import judge_noise, results
from autograder.judge.noise_tests import SHARE
from autograder.judge.reference import Reference
from autograder.kernel import noisy
from autograder.lab import DENOISING, images
from autograder.lab.images import Images
from autograder.protocol.evidence import Evidence

FEW = {"train_count": 600, "test_count": 300}
"""Images that stand in for the 70,000: the tests look at as many of them."""
BOUND = float(-np.log10(SHARE))
"""-log10 of the probability below which a test fails."""


def measure(draw: Draw, source: str) -> Drawn:
    """Lets the judge look at noise of this kind in both sets. source: where `images.load` finds them."""
    started = time.process_time()
    reference = few(_loaded(source))
    shown = evidence(draw.kind, draw.seed, reference)
    verdict = judge_noise(shown, DENOISING, reference)
    test, unlikely = max(unlikeliness(shown, reference).items(), key=lambda item: item[1])
    return Drawn(draw, verdict.credit, unlikely, test, time.process_time() - started)


def unlikeliness(shown: Evidence, reference: Reference) -> dict[str, float]:
    """By set and test, -log10 of the probability that right noise is so unlikely."""
    return {name: -p for name, p in results(shown, DENOISING, reference).items()}


def evidence(kind: str, seed: int, reference: Reference) -> Evidence:
    """What the test cell hands over where both sets have noise of this kind."""
    random = np.random.default_rng([seed, *kind.encode()])
    clean = {
        "x_train_noisy": reference.train_images(np.arange(reference.images.train_count)),
        "x_test_noisy": reference.test_images(np.arange(reference.images.test_count)),
    }
    request = f"{kind}, {seed}"
    sets = {name: KINDS[kind].add(images, random) for name, images in clean.items()}
    return Evidence("noise", request, None, (), noisy.look(request, sets), ())


def few(images: Images) -> Reference:
    """These images, as few as the tests need."""
    return Reference(dataclasses.replace(images, **FEW))


@functools.cache
def _loaded(source: str) -> Images:
    return images.load(source)
