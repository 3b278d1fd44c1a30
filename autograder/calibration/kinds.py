"""What is trained to learn how far apart right and wrong are: kinds of networks, inputs and targets."""

import itertools
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from autograder.lab import EXERCISES

RATES = (1e-4, 0.01, 1.0)
"""The shortened training goes by its own rate, whatever the student's. Each of these has seeds of its
own, and shows that nothing else depends on it."""
INITIALIZERS = (
    *("glorot_uniform", "glorot_normal", "he_normal", "he_uniform", "lecun_normal", "orthogonal"),
    *("random_normal", "random_uniform", "truncated_normal", "variance_scaling"),
)
WRONG_SHARE = 1 / 30
"""Of the seeds of the right ones, those that each other kind gets: 300 make 10."""
RIGHT, WRONG, EITHER = "right", "wrong", "either"

Pairs = tuple[np.ndarray, np.ndarray]
Change = Callable[[np.ndarray, np.ndarray, np.random.Generator], Pairs]


@dataclass(frozen=True)
class Kind:
    """One way to write the network or its training."""

    name: str
    label: str
    """RIGHT: the result must count as restored, WRONG: it must not, EITHER: of interest only."""
    network: dict = field(default_factory=dict)
    """Arguments of `trainings.built`."""
    data: Change = lambda given, clean, chance: (given, clean)
    """From the prescribed input and target to those of this kind, float32 (n, 28, 28, 1)."""
    rate: float | None = None
    initializers: tuple[str, ...] = INITIALIZERS
    only: str = ""
    """The one exercise that has it; empty for both."""


def _noise(like: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    return chance.normal(0, 0.2, like.shape).astype(np.float32)


def _mean(like: np.ndarray) -> np.ndarray:
    return np.broadcast_to(like.mean(axis=0), like.shape)


KINDS = (
    Kind("as prescribed", RIGHT),
    Kind("bilinear", RIGHT, {"interpolation": "bilinear"}),
    Kind("bicubic", RIGHT, {"interpolation": "bicubic"}),
    Kind("lanczos3", RIGHT, {"interpolation": "lanczos3"}),
    Kind("first pooling 'valid'", RIGHT, {"poolings": ("valid", "same")}),
    Kind("two poolings 'valid'", RIGHT, {"poolings": ("valid", "valid")}),
    Kind("activations as layers", RIGHT, {"activation_layers": True}),
    # Takes four times as long as the others.
    Kind("half precision", RIGHT, {"policy": "mixed_float16"}, initializers=INITIALIZERS[:3:2]),
    Kind("batch normalization", EITHER, {"normalization": True}),
    Kind("targets shuffled", WRONG, data=lambda x, y, chance: (x, chance.permutation(y))),
    Kind("targets moved by one", WRONG, data=lambda x, y, _: (x, np.roll(y, 1, axis=0))),
    Kind("targets the mean image", WRONG, data=lambda x, y, _: (x, _mean(y))),
    Kind("targets black", WRONG, data=lambda x, y, _: (x, 0 * y)),
    Kind("targets inverted", WRONG, data=lambda x, y, _: (x, 1 - y)),
    Kind("targets upside down", WRONG, data=lambda x, y, _: (x, y[:, ::-1])),
    Kind("targets 0 to 255", WRONG, data=lambda x, y, _: (x, 255 * y)),
    Kind("targets tenfold too dark", WRONG, data=lambda x, y, _: (x, y / 10)),
    Kind("inputs zero", WRONG, data=lambda x, y, _: (0 * x, y)),
    Kind("inputs noise only", WRONG, data=lambda x, y, chance: (_noise(x, chance), y)),
    Kind("inputs 0 to 255", WRONG, data=lambda x, y, _: (255 * x, y)),
    Kind("inputs inverted", WRONG, data=lambda x, y, _: (1 - x, y)),
    Kind("rate 0", WRONG, rate=0.0),
    Kind("weights zero", WRONG, initializers=("zeros",)),
    Kind(
        *("targets noisy", EITHER),
        data=lambda x, y, chance: (x, y + _noise(y, chance)),
        only="autoencoder",
    ),
    Kind(
        *("targets the noisy inputs", WRONG),
        data=lambda x, y, _: (x, x),
        only="denoising_autoencoder",
    ),
    Kind(
        *("trained on clean images", EITHER),
        data=lambda x, y, _: (y, y),
        only="denoising_autoencoder",
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True)
class Training:
    """One training that is to be measured. Equal ones give equal results."""

    exercise: str
    data: str
    """Name of the source of digits."""
    kind: str
    initializer: str
    rate: float
    number: int
    """Among all of this exercise, data and label."""

    @property
    def seed(self) -> int:
        """Its own: no two trainings of a plan have the same."""
        return zlib.crc32(repr(self).encode())


def plan(seeds: int, data: tuple[str, ...]) -> list[Training]:
    """The trainings for `seeds` × `RATES` right ones of each exercise and source of digits.

    All variations are crossed with all initializers. Whatever part of the list is done from its start
    is balanced: right and wrong kinds, exercises and sources follow each other in turns.
    """
    sequences = [
        sequence
        for exercise, source in itertools.product(EXERCISES, data)
        for sequence in (
            _right(exercise, source, seeds * len(RATES)),
            *(_others(exercise, source, kind, seeds) for kind in _other_kinds(exercise)),
        )
    ]
    # Each sequence is spread over the whole list.
    places = [
        ((i + 0.5) / len(each), n, i) for n, each in enumerate(sequences) for i in range(len(each))
    ]
    return [sequences[n][i] for _, n, i in sorted(places)]


def _right(exercise: str, data: str, count: int) -> list[Training]:
    kinds = [kind for kind in KINDS if kind.label == RIGHT]
    variations = [
        (kind, initializer, rate)
        for kind in kinds
        for initializer, rate in itertools.product(kind.initializers, RATES)
    ]
    order = np.random.default_rng(len(variations)).permutation(len(variations))
    shuffled: Iterator = itertools.cycle(variations[i] for i in order)
    return [
        Training(exercise, data, kind.name, initializer, rate, number)
        for number, (kind, initializer, rate) in zip(range(count), shuffled, strict=False)
    ]


def _other_kinds(exercise: str) -> list[Kind]:
    return [kind for kind in KINDS if kind.label != RIGHT and kind.only in ("", exercise)]


def _others(exercise: str, data: str, kind: Kind, seeds: int) -> list[Training]:
    count = math.ceil(seeds * WRONG_SHARE)
    return [
        Training(
            exercise,
            data,
            kind.name,
            kind.initializers[number % len(kind.initializers)],
            RATES[number % len(RATES)] if kind.rate is None else kind.rate,
            number,
        )
        for number in range(count)
    ]
