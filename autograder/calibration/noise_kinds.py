"""The kinds of noise that are measured: right noise in all legal forms, and wrong noise close to it."""

import itertools
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.lab import DENOISING, IMAGE_SHAPE

RIGHT_SHARE, WRONG_SHARE = 1 / 5, 1 / 30
"""Seeds for each kind of noise, as a share of the trainings' seeds: of 300, 60 and 10."""

SIGMA = DENOISING.noise
SIDE = IMAGE_SHAPE[0]
IN_IMAGE = (1, 2, 3)
"""Axes over which each image is rescaled by itself."""

Images = NDArray[np.floating[Any]]
"""Images of the shape (n, 28, 28, 1)."""
Add = Callable[[Images, np.random.Generator], Images]
"""Makes noisy images of clean ones, float32 in [0, 1]."""


@dataclass(frozen=True)
class Kind:
    """One way to add noise."""

    right: bool
    add: Add
    words: str = ""
    """Words in the judge's first sentence on wrong noise."""


def _gaussian(x: Images, random: np.random.Generator, sigma: float = SIGMA) -> Images:
    return random.normal(0, sigma, x.shape)


def _plus(sigma: float = SIGMA, mean: float = 0.0) -> Add:
    return lambda x, random: x + _gaussian(x, random, sigma) + mean


def _uniform(low: float, high: float) -> Add:
    return lambda x, random: x + random.uniform(low, high, x.shape)


def _laplace(x: Images, random: np.random.Generator) -> Images:
    return x + random.laplace(0, SIGMA / 2**0.5, x.shape)


def _student(x: Images, random: np.random.Generator) -> Images:
    return x + SIGMA * math.sqrt(0.6) * random.standard_t(5, x.shape)


def _shared_by_two(x: Images, random: np.random.Generator) -> Images:
    return x + np.repeat(_gaussian(x[: -(-len(x) // 2)], random), 2, axis=0)[: len(x)]


def _one_for_all(x: Images, random: np.random.Generator) -> Images:
    return x + _gaussian(x[:1], random)


def _again(count: int, x: Images, random: np.random.Generator) -> Images:
    return x + np.resize(_gaussian(x[:count], random), x.shape)


def _half_reversed(x: Images, random: np.random.Generator) -> Images:
    half = _gaussian(x[: len(x) // 2], random)
    noise: Images = np.concatenate([half, half[::-1]])
    return x + noise


def _blocks(height: int, width: int) -> Add:
    def add(x: Images, random: np.random.Generator) -> Images:
        small = random.normal(0, SIGMA, (len(x), SIDE // height, SIDE // width, 1))
        return x + small.repeat(height, axis=1).repeat(width, axis=2)

    return add


def _at(some: Callable[[int], slice]) -> Add:
    def add(x: Images, random: np.random.Generator) -> Images:
        result, images = np.array(x), some(len(x))
        result[images] += _gaussian(x[images], random)
        return result

    return add


def _salted(x: Images, random: np.random.Generator) -> Images:
    chance = random.random(x.shape)
    return np.where(chance < 0.05, 0.0, np.where(chance > 0.95, 1.0, x))


def _clipped(add: Add, low: float = 0, high: float = 1) -> Add:
    return lambda x, random: np.clip(add(x, random), low, high)


def _in_bytes(x: Images) -> Images:
    return np.clip(x * 255, 0, 255).astype(np.uint8) / 255


def _rescaled(axis: tuple[int, ...] | None = None) -> Add:
    def add(x: Images, random: np.random.Generator) -> Images:
        noisy = x + _gaussian(x, random)
        low, high = (end(noisy, axis=axis, keepdims=True) for end in (np.min, np.max))
        result: Images = (noisy - low) / (high - low)
        return result

    return add


def _standardized(axis: tuple[int, ...] | None = None) -> Add:
    def add(x: Images, random: np.random.Generator) -> Images:
        noisy = x + _gaussian(x, random)
        mean, deviation = (of(noisy, axis=axis, keepdims=True) for of in (np.mean, np.std))
        result: Images = (noisy - mean) / deviation
        return result

    return add


RIGHT: dict[str, Kind] = {
    name: Kind(True, add)
    for name, add in {
        "not clipped": _plus(),
        "clipped": _clipped(_plus()),
        "clipped below": lambda x, r: np.maximum(x + _gaussian(x, r), 0),
        "clipped above": lambda x, r: np.minimum(x + _gaussian(x, r), 1),
        "clipped wider": _clipped(_plus(), -0.5, 1.5),
        "float16": lambda x, r: x.astype(np.float16) + _gaussian(x, r).astype(np.float16),
        "float16, clipped": lambda x, r: np.clip(x + _gaussian(x, r), 0, 1).astype(np.float16),
        "float32": lambda x, r: x + np.float32(SIGMA) * r.standard_normal(x.shape, np.float32),
        "subtracted": lambda x, r: x - _gaussian(x, r),
        "bytes, rounded": lambda x, r: np.round(_in_bytes(x + _gaussian(x, r) + 0.5 / 255), 6),
        "bytes, cut off": lambda x, r: _in_bytes(x + _gaussian(x, r)),
        "two decimals": lambda x, r: np.round(x + _gaussian(x, r), 2),
    }.items()
}
_UNIFORM = _uniform(-SIGMA * 3**0.5, SIGMA * 3**0.5)
_WRONG: tuple[tuple[str, str, Add], ...] = (
    ("σ 0.19", "standard deviation is 0.1", _plus(0.19)),
    ("σ 0.21", "standard deviation is 0.2", _plus(0.21)),
    ("σ 0.19, clipped", "standard deviation is 0.1", _clipped(_plus(0.19))),
    ("σ 0.21, clipped", "standard deviation is 0.2", _clipped(_plus(0.21))),
    ("σ √0.2", "not the variance", _plus(SIGMA**0.5)),
    ("σ √0.2, clipped", "not the variance", _clipped(_plus(SIGMA**0.5))),
    ("σ 0.04", "would be its square", _plus(0.04)),
    ("σ 0.5", "factor of many tutorials", _plus(0.5)),
    ("σ 0.5, clipped", "factor of many tutorials", _clipped(_plus(0.5))),
    ("σ 0.2 / 255", "already scaled", _plus(SIGMA / 255)),
    ("σ 51", "no factor of 255", _plus(51)),
    ("σ 51, clipped", "the standard deviation is", _clipped(_plus(51))),
    ("σ 0.001", "no noise to speak of", _plus(0.001)),
    ("σ 0", "no noise was added", lambda x, r: x),
    ("twice", "twice", lambda x, r: x + _gaussian(x, r) + _gaussian(x, r)),
    ("twice, clipped", "", _clipped(lambda x, r: np.clip(x + _gaussian(x, r), 0, 1) + _gaussian(x, r))),
    ("mean 0.02", "mean of the noise is 0.0", _plus(mean=0.02)),
    ("mean -0.02", "mean of the noise is -0.0", _plus(mean=-0.02)),
    ("mean 0.02, clipped", "mean of the noise is 0.0", _clipped(_plus(mean=0.02))),
    ("mean 0.05, clipped", "mean of the noise is 0.0", _clipped(_plus(mean=0.05))),
    ("mean 0.2", "mean of the noise is 0.2", _plus(mean=0.2)),
    ("mean 0.2, clipped", "mean of the noise is 0.2", _clipped(_plus(mean=0.2))),
    ("uniform", "uniform", _UNIFORM),
    ("uniform, clipped", "uniform", _clipped(_UNIFORM)),
    ("uniform from 0 to 0.2", "uniform", lambda x, r: x + 0.2 * r.random(x.shape)),
    ("Laplace", "not Gaussian", _laplace),
    ("Laplace, clipped", "not Gaussian", _clipped(_laplace)),
    ("Student t(5)", "not Gaussian", _student),
    ("Student t(5), clipped", "not Gaussian", _clipped(_student)),
    ("gamma", "not symmetric", lambda x, r: x + r.gamma(4, 0.1, x.shape) - 0.4),
    ("exponential", "not symmetric", lambda x, r: x + r.exponential(0.2, x.shape)),
    ("turned positive", "turned to positive", lambda x, r: np.abs(x + _gaussian(x, r))),
    ("shared by two images", "comes back in other images (in", _shared_by_two),
    ("shared by two images, clipped", "comes back in other images", _clipped(_shared_by_two)),
    ("first half again", "comes back in other images", lambda x, r: _again(len(x) // 2, x, r)),
    ("first half reversed", "comes back in other images", _half_reversed),
    ("ten in turn", "comes back in other images", lambda x, r: _again(10, x, r)),
    ("one image for all", "same in every image", _one_for_all),
    ("one image for all, clipped", "same in every image", _clipped(_one_for_all)),
    ("by rows of an image", "neighbouring pixels", _blocks(1, SIDE)),
    ("by columns, clipped", "neighbouring pixels", _clipped(_blocks(SIDE, 1))),
    ("2×2 blocks", "neighbouring pixels", _blocks(2, 2)),
    ("2×2 blocks, clipped", "neighbouring pixels", _clipped(_blocks(2, 2))),
    ("one number an image", "neighbouring pixels", _blocks(SIDE, SIDE)),
    ("one number an image, clipped", "neighbouring pixels", _clipped(_blocks(SIDE, SIDE))),
    ("one decimal", "steps of 0.1", lambda x, r: x + np.round(_gaussian(x, r), 1)),
    ("one decimal, clipped", "steps of 0.1", lambda x, r: np.round(_clipped(_plus())(x, r), 1)),
    ("multiplied", "do not multiply", lambda x, r: x * (1 + _gaussian(x, r))),
    ("stronger on white", "depends on the image", lambda x, r: x + _gaussian(x, r) * (0.9 + 0.5 * x)),
    ("half the images", "no noise in about", _at(lambda count: slice(0, count // 2))),
    ("every second image", "no noise in about", _at(lambda count: slice(0, None, 2))),
    ("first 100 images", "no noise in about", _at(lambda count: slice(0, 100))),
    ("all but ten images", "no noise in about", _at(lambda count: slice(10, None))),
    ("salt and pepper", "salt-and-pepper", _salted),
    ("salt", "salt-and-pepper", lambda x, r: np.where(r.random(x.shape) < 0.05, 1.0, x)),
    ("a constant", "the same number, 0.2", lambda x, r: x + 0.2),
    ("rescaled", "rescaled", _rescaled()),
    ("rescaled image by image", "rescaled", _rescaled(IN_IMAGE)),
    ("divided by the largest", "rescaled", lambda x, r: (y := x + _gaussian(x, r)) / y.max()),
    ("standardized", "standardized", _standardized()),
    ("standardized image by image", "standardized", _standardized(IN_IMAGE)),
    ("scaled twice", "divided by 255 once more", lambda x, r: _plus()(x / 255, r)),
    ("scaled twice, clipped", "divided by 255 once more", lambda x, r: _clipped(_plus())(x / 255, r)),
    ("from 0 to 255", "not scaled to [0, 1]", lambda x, r: _plus()(x * 255, r)),
    (
        *("from 0 to 255, σ 51", "not scaled to [0, 1]"),
        lambda x, r: np.clip(x * 255 + _gaussian(x, r, 51), 0, 255),
    ),
    (
        *("bytes that wrap", "uint8"),
        lambda x, r: np.round(x * 255 + _gaussian(x, r, 51)).astype(np.int32).astype(np.uint8) / 255,
    ),
    ("inverted", "inverted", lambda x, r: 1 - x + _gaussian(x, r)),
    ("of other images", "clean images are not those", lambda x, r: _plus()(np.roll(x, 1, axis=0), r)),
    ("noise alone", "nearly black", lambda x, r: _gaussian(x, r)),
)
WRONG = {name: Kind(False, add, words) for name, words, add in _WRONG}
KINDS = RIGHT | WRONG


@dataclass(frozen=True)
class Draw:
    """Noise that is to be drawn and judged. Equal draws give equal results."""

    data: str
    """The name of the source of digits."""
    kind: str
    number: int

    @property
    def seed(self) -> int:
        """A seed that follows from the other fields."""
        return zlib.crc32(repr(self).encode())


def plan(seeds: int, data: tuple[str, ...]) -> list[Draw]:
    """The draws that go with `seeds` trainings: all kinds in turns, on each source of digits."""
    draws = (
        Draw(source, name, number)
        for source, (name, kind) in itertools.product(data, KINDS.items())
        for number in range(math.ceil(seeds * (RIGHT_SHARE if kind.right else WRONG_SHARE)))
    )
    return sorted(draws, key=lambda draw: draw.number)
