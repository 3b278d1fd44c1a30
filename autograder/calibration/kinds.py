"""The kinds of trainings, right and wrong, with their networks, inputs and targets; and the plan."""

import itertools
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.lab import AUTOENCODER, DENOISING, EXERCISES

RATES = (1e-4, 0.01, 1.0)
"""Learning rates. The shortened training uses its own rate, whatever the student's: trainings with
different rates, which have different seeds, show that nothing else depends on it."""
INITIALIZERS = (
    *("glorot_uniform", "glorot_normal", "he_normal", "he_uniform", "lecun_normal", "orthogonal"),
    *("random_normal", "random_uniform", "truncated_normal", "variance_scaling"),
)
WRONG_SHARE = 1 / 30
"""Seeds of each kind that is not right, as a share of a right kind's seeds: 10 if it has 300."""
RIGHT, WRONG, EITHER = "right", "wrong", "either"

Pairs = tuple[np.ndarray, np.ndarray]
Change = Callable[[np.ndarray, np.ndarray, np.random.Generator], Pairs]


@dataclass(frozen=True)
class Kind:
    """One way to write the network or its training."""

    name: str
    label: str
    """RIGHT: digits must count as restored, WRONG: they must not, EITHER: only for information."""
    network: dict[str, Any] = field(default_factory=dict)
    """Arguments of `trainings.built`."""
    data: Change = lambda given, clean, chance: (given, clean)
    """Turns the prescribed input and target, float32 (n, 28, 28, 1), into those of this kind."""
    rate: float | None = None
    initializers: tuple[str, ...] = INITIALIZERS
    only: str = ""
    """The notebook of the only exercise with this kind; empty for both."""


def _noise(like: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    return chance.normal(0, DENOISING.noise, like.shape).astype(np.float32)


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
    # With few initializers, as it takes four times as long as the others.
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
    Kind("targets noisy", EITHER, data=lambda x, y, r: (x, y + _noise(y, r)), only=AUTOENCODER.notebook),
    Kind("targets the noisy inputs", WRONG, data=lambda x, y, _: (x, x), only=DENOISING.notebook),
    Kind("trained on clean images", EITHER, data=lambda x, y, _: (y, y), only=DENOISING.notebook),
)
BY_NAME = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True)
class Training:
    """One training that is to be measured. Equal trainings give equal results."""

    exercise: str
    data: str
    """The name of the source of digits."""
    kind: str
    initializer: str
    rate: float
    number: int
    """Its number among the right trainings with its exercise and data, or among those of its kind."""

    @property
    def seed(self) -> int:
        """A seed that no other training of a plan has."""
        return zlib.crc32(repr(self).encode())


def plan(seeds: int, data: tuple[str, ...]) -> list[Training]:
    """Plans the trainings: `seeds` right ones for each exercise, source of digits and learning rate.

    All variations are crossed with all initializers. Every beginning of the list is balanced, as right
    and wrong kinds, exercises and sources take turns.
    """
    sequences = [
        sequence
        for exercise, source in itertools.product(EXERCISES, data)
        for sequence in (
            _right(exercise, source, seeds * len(RATES)),
            *(_others(exercise, source, kind, seeds) for kind in _other_kinds(exercise)),
        )
    ]
    # Each sequence is spread evenly over the whole list.
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
    shuffled = itertools.cycle(variations[i] for i in order)
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
