"""The kinds of trainings, right and wrong, with their networks, inputs and targets; and the plan."""

import functools
import itertools
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.lab import Exercise

RATES = (1e-4, 0.01, 1.0)
"""Learning rates, legal for every optimizer. The shortened training uses its own rate, whatever the
student's: trainings with different rates, which have different seeds, show that nothing else depends on
them."""
INITIALIZERS = (
    *("glorot_uniform", "glorot_normal", "he_normal", "he_uniform", "lecun_normal", "orthogonal"),
    *("random_normal", "random_uniform", "truncated_normal", "variance_scaling"),
)
NOISE = 0.2
"""Standard deviation of wrong noise in an exercise that has none of its own."""
WRONG_SHARE = 1 / 30
"""Seeds of each kind that is not right, as a share of a right kind's seeds: 10 if it has 300."""
RIGHT, WRONG, EITHER = "right", "wrong", "either"

Pairs = tuple[np.ndarray, np.ndarray]
Change = Callable[[np.ndarray, np.ndarray, np.random.Generator, float], Pairs]


@dataclass(frozen=True)
class Kind:
    """One way to write the network or its training."""

    name: str
    label: str
    """RIGHT: images must count as restored, WRONG: they must not, EITHER: only for information."""
    network: dict[str, Any] = field(default_factory=dict)
    """Arguments of `trainings.built`."""
    data: Change = lambda given, clean, *_: (given, clean)
    """Turns the prescribed input and target, float32 (n, 28, 28, 1), into those of this kind; also given
    are a generator and the standard deviation of noise."""
    rate: float | None = None
    initializers: tuple[str, ...] = INITIALIZERS


def _noise(like: np.ndarray, chance: np.random.Generator, sigma: float) -> np.ndarray:
    return chance.normal(0, sigma, like.shape).astype(np.float32)


def _mean(like: np.ndarray) -> np.ndarray:
    return np.broadcast_to(like.mean(axis=0), like.shape)


_NOT_RIGHT = (
    Kind("batch normalization", EITHER, {"normalization": True}),
    Kind("targets shuffled", WRONG, data=lambda x, y, chance, _: (x, chance.permutation(y))),
    Kind("targets moved by one", WRONG, data=lambda x, y, *_: (x, np.roll(y, 1, axis=0))),
    Kind("targets the mean image", WRONG, data=lambda x, y, *_: (x, _mean(y))),
    Kind("targets black", WRONG, data=lambda x, y, *_: (x, 0 * y)),
    Kind("targets inverted", WRONG, data=lambda x, y, *_: (x, 1 - y)),
    Kind("targets upside down", WRONG, data=lambda x, y, *_: (x, y[:, ::-1])),
    Kind("targets 0 to 255", WRONG, data=lambda x, y, *_: (x, 255 * y)),
    Kind("targets tenfold too dark", WRONG, data=lambda x, y, *_: (x, y / 10)),
    Kind("inputs zero", WRONG, data=lambda x, y, *_: (0 * x, y)),
    Kind("inputs noise only", WRONG, data=lambda x, y, chance, sigma: (_noise(x, chance, sigma), y)),
    Kind("inputs 0 to 255", WRONG, data=lambda x, y, *_: (255 * x, y)),
    Kind("inputs inverted", WRONG, data=lambda x, y, *_: (1 - x, y)),
    Kind("rate 0", WRONG, rate=0.0),
    Kind("weights zero", WRONG, initializers=("zeros",)),
)
_WITHOUT_NOISE = (
    Kind("targets noisy", EITHER, data=lambda x, y, chance, sigma: (x, y + _noise(y, chance, sigma))),
)
_WITH_NOISE = (
    Kind("targets the noisy inputs", WRONG, data=lambda x, y, *_: (x, x)),
    Kind("trained on clean images", EITHER, data=lambda x, y, *_: (y, y)),
)


@functools.cache
def of(exercise: Exercise) -> dict[str, Kind]:
    """The kinds that an exercise has, by name."""
    by_noise = _WITH_NOISE if exercise.noise else _WITHOUT_NOISE
    return {kind.name: kind for kind in (*_right(exercise), *_NOT_RIGHT, *by_noise)}


def _right(exercise: Exercise) -> list[Kind]:
    """The prescribed network, and what the lab leaves to the student."""
    kinds = [Kind("as prescribed", RIGHT)]
    if any(layer.kind == "UpSampling2D" for layer in exercise.layers):
        kinds += [Kind(n, RIGHT, {"interpolation": n}) for n in ("bilinear", "bicubic", "lanczos3")]
    kinds += [
        Kind(name, RIGHT, {"valid_poolings": count})
        for count, name in enumerate(_names_of_free_poolings(exercise), start=1)
    ]
    kinds += [
        Kind("activations as layers", RIGHT, {"activation_layers": True}),
        # With few initializers, as it takes four times as long as the others.
        Kind("half precision", RIGHT, {"policy": "mixed_float16"}, initializers=INITIALIZERS[:3:2]),
    ]
    if any(
        layer.activation is None for layer in (*exercise.encoder, *exercise.decoder) if layer.filters
    ):
        kinds += [Kind(f"activation {n}", RIGHT, {"activation": n}) for n in ("elu", "tanh")]
    if exercise.output.activation is None:
        kinds.append(Kind("output linear", RIGHT, {"output_activation": "linear"}))
    return kinds


def _names_of_free_poolings(exercise: Exercise) -> list[str]:
    """Names for kinds with one, two, … of the poolings 'valid' whose padding is free."""
    poolings = [layer for layer in exercise.layers if layer.kind == "MaxPooling2D"]
    free = [place for place, layer in enumerate(poolings, start=1) if layer.padding is None]
    if not free:
        return []
    place = {1: "first", 2: "second", 3: "third"}.get(free[0], f"{free[0]}th")
    counts = [{2: "two", 3: "three"}.get(count, str(count)) for count in range(2, len(free) + 1)]
    return [f"{place} pooling 'valid'", *(f"{count} poolings 'valid'" for count in counts)]


@dataclass(frozen=True)
class Training:
    """One training that is to be measured. Equal trainings give equal results."""

    exercise: str
    data: str
    """The name of the source of images."""
    kind: str
    initializer: str
    rate: float
    number: int
    """Its number among the right trainings with its exercise and data, or among those of its kind."""

    @property
    def seed(self) -> int:
        """A seed that no other training of a plan has."""
        return zlib.crc32(repr(self).encode())


def plan(exercise: Exercise, seeds: int, data: tuple[str, ...]) -> list[Training]:
    """Plans the trainings: `seeds` right ones for each source of images and learning rate.

    All variations are crossed with all initializers. Every beginning of the list is balanced, as right
    and wrong kinds and sources take turns.
    """
    others = [kind for kind in of(exercise).values() if kind.label != RIGHT]
    sequences = [
        sequence
        for source in data
        for sequence in (
            _right_trainings(exercise, source, seeds * len(RATES)),
            *(_others(exercise, source, kind, seeds) for kind in others),
        )
    ]
    # Each sequence is spread evenly over the whole list.
    places = [
        ((i + 0.5) / len(each), n, i) for n, each in enumerate(sequences) for i in range(len(each))
    ]
    return [sequences[n][i] for _, n, i in sorted(places)]


def _right_trainings(exercise: Exercise, data: str, count: int) -> list[Training]:
    variations = [
        (kind, initializer, rate)
        for kind in _right(exercise)
        for initializer, rate in itertools.product(kind.initializers, RATES)
    ]
    order = np.random.default_rng(len(variations)).permutation(len(variations))
    shuffled = itertools.cycle(variations[i] for i in order)
    return [
        Training(exercise.notebook, data, kind.name, initializer, rate, number)
        for number, (kind, initializer, rate) in zip(range(count), shuffled, strict=False)
    ]


def _others(exercise: Exercise, data: str, kind: Kind, seeds: int) -> list[Training]:
    count = math.ceil(seeds * WRONG_SHARE)
    return [
        Training(
            exercise.notebook,
            data,
            kind.name,
            kind.initializers[number % len(kind.initializers)],
            RATES[number % len(RATES)] if kind.rate is None else kind.rate,
            number,
        )
        for number in range(count)
    ]
