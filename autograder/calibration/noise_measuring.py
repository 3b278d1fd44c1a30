"""Adds noise as a student would, and lets the judge test it."""

import dataclasses
import functools
import time

import numpy as np

from autograder.judge.noise import judge_noise, results
from autograder.judge.noise_statistics import SHARE
from autograder.judge.reference import Reference
from autograder.kernel import noisy
from autograder.lab import DENOISING, images
from autograder.lab.images import Images
from autograder.protocol.evidence import Evidence
from benchmarks.calibration.noise_kinds import KINDS, Draw
from benchmarks.calibration.results import Drawn

FEW_TRAIN, FEW_TEST = 600, 300
"""Images that stand in for the 70,000: the tests sample as many of them."""
BOUND = float(-np.log10(SHARE))
"""-log10 of the p-value below which a test fails."""


def measure(draw: Draw, source: str) -> Drawn:
    """Lets the judge test noise of this kind in both sets. source: where `images.load` finds digits."""
    started = time.process_time()
    reference = few(_loaded(source))
    shown = evidence(draw.kind, draw.seed, reference)
    verdict = judge_noise(shown, DENOISING, reference)
    test, unlikely = max(unlikeliness(shown, reference).items(), key=lambda item: item[1])
    return Drawn(draw, verdict.credit, unlikely, test, time.process_time() - started)


def unlikeliness(shown: Evidence, reference: Reference) -> dict[str, float]:
    """By set and test, -log10 of the p-value under right noise."""
    return {name: -p for name, p in results(shown, DENOISING, reference).items()}


def evidence(kind: str, seed: int, reference: Reference) -> Evidence:
    """Evidence of the test cell on two sets with noise of this kind."""
    random = np.random.default_rng([seed, *kind.encode()])
    clean = {
        "x_train_noisy": reference.train_images(np.arange(reference.images.train_count)),
        "x_test_noisy": reference.test_images(np.arange(reference.images.test_count)),
    }
    request = f"{kind}, {seed}"
    sets: dict[str, object] = {n: KINDS[kind].add(images, random) for n, images in clean.items()}
    return Evidence("noise", request, None, (), noisy.look(request, sets), ())


def few(images: Images) -> Reference:
    """These digits, repeated no more often than the tests need."""
    return Reference(dataclasses.replace(images, train_count=FEW_TRAIN, test_count=FEW_TEST))


@functools.cache
def _loaded(source: str) -> Images:
    return images.load(source)
