"""Adds noise as a student would, and lets the judge test it."""

import dataclasses
import functools
import time

import numpy as np

from autograder.calibration.noise_kinds import KINDS, Draw
from autograder.calibration.results import Drawn
from autograder.judge.noise import TEST, TRAIN, judge_noise, results
from autograder.judge.reference import Reference
from autograder.kernel import noisy
from autograder.lab import Exercise, images
from autograder.lab.images import Images
from autograder.protocol.evidence import Evidence

FEW_TRAIN, FEW_TEST = 600, 300
"""Images that stand in for the 70,000: the tests sample as many of them."""


def measure(draw: Draw, exercise: Exercise, source: str) -> Drawn:
    """Lets the judge test noise of this kind in both sets. source: where `images.load` finds images."""
    started = time.process_time()
    reference = few(_loaded(source))
    shown = evidence(draw.kind, draw.seed, exercise, reference)
    verdict = judge_noise(shown, exercise, reference)
    unlikely = unlikeliness(shown, exercise, reference)
    test, most = max(unlikely.items(), key=lambda item: item[1])
    return Drawn(draw, verdict.credit, most, test, time.process_time() - started)


def unlikeliness(shown: Evidence, exercise: Exercise, reference: Reference) -> dict[str, float]:
    """By set and test, -log10 of the p-value under right noise."""
    return {name: -p for name, p in results(shown, exercise, reference).items()}


def evidence(kind: str, seed: int, exercise: Exercise, reference: Reference) -> Evidence:
    """Evidence of the test cell on two sets with noise of this kind."""
    random = np.random.default_rng([seed, *kind.encode()])
    clean = {
        TRAIN: reference.train_images(np.arange(reference.images.train_count)),
        TEST: reference.test_images(np.arange(reference.images.test_count)),
    }
    request, add = f"{kind}, {seed}", KINDS[kind].add
    sets: dict[str, object] = {
        name: add(images, random, exercise.noise) for name, images in clean.items()
    }
    return Evidence("noise", request, None, (), noisy.look(request, sets), ())


def few(images: Images) -> Reference:
    """These images, repeated no more often than the tests need."""
    return Reference(dataclasses.replace(images, train_count=FEW_TRAIN, test_count=FEW_TEST))


@functools.cache
def _loaded(source: str) -> Images:
    return images.load(source)
