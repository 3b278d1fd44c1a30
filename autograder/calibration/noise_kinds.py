"""Right noise of all legal kinds, and its wrong neighbours."""

import itertools
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

RIGHT_SHARE, WRONG_SHARE = 1 / 5, 1 / 30
"""Of the seeds of the trainings, those that each kind of noise gets: 300 make 60 and 10."""

Add = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Kind:
    """One way to make noisy images of clean ones, float32 (n, 28, 28, 1) in [0, 1]."""

    right: bool
    add: Add
    words: str = ""
    """Of the first sentence, where it is wrong."""


def _gaussian(x: np.ndarray, random: np.random.Generator, sigma: float = 0.2) -> np.ndarray:
    return random.normal(0, sigma, x.shape)


def _repeated(x: np.ndarray, random: np.random.Generator, times: int) -> np.ndarray:
    return np.repeat(_gaussian(x[: -(-len(x) // times)], random), times, axis=0)[: len(x)]


def _bytes(x: np.ndarray) -> np.ndarray:
    return np.clip(x * 255, 0, 255).astype(np.uint8) / 255


def _rescaled(x: np.ndarray, axis=None) -> np.ndarray:
    low, high = x.min(axis=axis, keepdims=True), x.max(axis=axis, keepdims=True)
    return (x - low) / (high - low)


def _standardized(x: np.ndarray, axis=None) -> np.ndarray:
    return (x - x.mean(axis=axis, keepdims=True)) / x.std(axis=axis, keepdims=True)


def _salted(x: np.ndarray, random: np.random.Generator) -> np.ndarray:
    chance = random.random(x.shape)
    return np.where(chance < 0.05, 0.0, np.where(chance > 0.95, 1.0, x))


def _at_some(x: np.ndarray, random: np.random.Generator, some: slice) -> np.ndarray:
    result = np.array(x)
    result[some] += _gaussian(x[some], random)
    return result


def _blocks(x: np.ndarray, random: np.random.Generator, height: int, width: int) -> np.ndarray:
    small = random.normal(0, 0.2, (len(x), 28 // height, 28 // width, 1))
    return x + small.repeat(height, axis=1).repeat(width, axis=2)


UNIFORM = 0.2 * 3**0.5
IN_IMAGE = (1, 2, 3)

RIGHT: dict[str, Kind] = {
    "not clipped": Kind(True, lambda x, r: x + _gaussian(x, r)),
    "clipped": Kind(True, lambda x, r: np.clip(x + _gaussian(x, r), 0, 1)),
    "clipped below": Kind(True, lambda x, r: np.maximum(x + _gaussian(x, r), 0)),
    "clipped above": Kind(True, lambda x, r: np.minimum(x + _gaussian(x, r), 1)),
    "clipped wider": Kind(True, lambda x, r: np.clip(x + _gaussian(x, r), -0.5, 1.5)),
    "float16": Kind(True, lambda x, r: x.astype(np.float16) + _gaussian(x, r).astype(np.float16)),
    "float16, clipped": Kind(True, lambda x, r: np.clip(x + _gaussian(x, r), 0, 1).astype(np.float16)),
    "float32": Kind(True, lambda x, r: x + np.float32(0.2) * r.standard_normal(x.shape, np.float32)),
    "subtracted": Kind(True, lambda x, r: x - _gaussian(x, r)),
    "bytes, rounded": Kind(True, lambda x, r: np.round(_bytes(x + _gaussian(x, r) + 0.5 / 255), 6)),
    "bytes, cut off": Kind(True, lambda x, r: _bytes(x + _gaussian(x, r))),
    "two decimals": Kind(True, lambda x, r: np.round(x + _gaussian(x, r), 2)),
}
WRONG: dict[str, Kind] = {
    "σ 0.19": Kind(False, lambda x, r: x + _gaussian(x, r, 0.19), "standard deviation is 0.1"),
    "σ 0.21": Kind(False, lambda x, r: x + _gaussian(x, r, 0.21), "standard deviation is 0.2"),
    "σ 0.19, clipped": Kind(
        False, lambda x, r: np.clip(x + _gaussian(x, r, 0.19), 0, 1), "standard deviation is 0.1"
    ),
    "σ 0.21, clipped": Kind(
        False, lambda x, r: np.clip(x + _gaussian(x, r, 0.21), 0, 1), "standard deviation is 0.2"
    ),
    "σ √0.2": Kind(False, lambda x, r: x + _gaussian(x, r, 0.2**0.5), "not the variance"),
    "σ √0.2, clipped": Kind(
        False, lambda x, r: np.clip(x + _gaussian(x, r, 0.2**0.5), 0, 1), "not the variance"
    ),
    "σ 0.04": Kind(False, lambda x, r: x + _gaussian(x, r, 0.04), "would be its square"),
    "σ 0.5": Kind(False, lambda x, r: x + _gaussian(x, r, 0.5), "factor of many tutorials"),
    "σ 0.5, clipped": Kind(
        False, lambda x, r: np.clip(x + _gaussian(x, r, 0.5), 0, 1), "factor of many tutorials"
    ),
    "σ 0.2 / 255": Kind(False, lambda x, r: x + _gaussian(x, r, 0.2 / 255), "already scaled"),
    "σ 51": Kind(False, lambda x, r: x + _gaussian(x, r, 51), "no factor of 255"),
    "σ 51, clipped": Kind(
        False, lambda x, r: np.clip(x + _gaussian(x, r, 51), 0, 1), "the standard deviation is"
    ),
    "σ 0.001": Kind(False, lambda x, r: x + _gaussian(x, r, 0.001), "no noise to speak of"),
    "σ 0": Kind(False, lambda x, r: x, "no noise was added"),
    "twice": Kind(False, lambda x, r: x + _gaussian(x, r) + _gaussian(x, r), "twice"),
    "twice, clipped": Kind(
        False,
        lambda x, r: np.clip(np.clip(x + _gaussian(x, r), 0, 1) + _gaussian(x, r), 0, 1),
        "",
    ),
    "mean 0.02": Kind(False, lambda x, r: x + _gaussian(x, r) + 0.02, "mean of the noise is 0.0"),
    "mean -0.02": Kind(False, lambda x, r: x + _gaussian(x, r) - 0.02, "mean of the noise is -0.0"),
    "mean 0.02, clipped": Kind(
        False, lambda x, r: np.clip(x + _gaussian(x, r) + 0.02, 0, 1), "mean of the noise is 0.0"
    ),
    "mean 0.05, clipped": Kind(
        False, lambda x, r: np.clip(x + _gaussian(x, r) + 0.05, 0, 1), "mean of the noise is 0.0"
    ),
    "mean 0.2": Kind(False, lambda x, r: x + _gaussian(x, r) + 0.2, "mean of the noise is 0.2"),
    "mean 0.2, clipped": Kind(
        False, lambda x, r: np.clip(x + _gaussian(x, r) + 0.2, 0, 1), "mean of the noise is 0.2"
    ),
    "uniform": Kind(False, lambda x, r: x + r.uniform(-UNIFORM, UNIFORM, x.shape), "uniform"),
    "uniform, clipped": Kind(
        False, lambda x, r: np.clip(x + r.uniform(-UNIFORM, UNIFORM, x.shape), 0, 1), "uniform"
    ),
    "uniform from 0 to 0.2": Kind(False, lambda x, r: x + 0.2 * r.random(x.shape), "uniform"),
    "Laplace": Kind(False, lambda x, r: x + r.laplace(0, 0.2 / 2**0.5, x.shape), "not Gaussian"),
    "Laplace, clipped": Kind(
        False, lambda x, r: np.clip(x + r.laplace(0, 0.2 / 2**0.5, x.shape), 0, 1), "not Gaussian"
    ),
    "Student t(5)": Kind(
        False, lambda x, r: x + 0.2 * 0.6**0.5 * r.standard_t(5, x.shape), "not Gaussian"
    ),
    "Student t(5), clipped": Kind(
        False,
        lambda x, r: np.clip(x + 0.2 * 0.6**0.5 * r.standard_t(5, x.shape), 0, 1),
        "not Gaussian",
    ),
    "gamma": Kind(False, lambda x, r: x + r.gamma(4, 0.1, x.shape) - 0.4, "not symmetric"),
    "exponential": Kind(False, lambda x, r: x + r.exponential(0.2, x.shape), "not symmetric"),
    "turned positive": Kind(False, lambda x, r: np.abs(x + _gaussian(x, r)), "turned to positive"),
    "shared by two images": Kind(
        False, lambda x, r: x + _repeated(x, r, 2), "comes back in other images (in"
    ),
    "shared by two images, clipped": Kind(
        False, lambda x, r: np.clip(x + _repeated(x, r, 2), 0, 1), "comes back in other images"
    ),
    "first half again": Kind(
        False,
        lambda x, r: x + np.resize(_gaussian(x[: len(x) // 2], r), x.shape),
        "comes back in other images",
    ),
    "first half reversed": Kind(
        False,
        lambda x, r: x + (lambda n: np.concatenate([n, n[::-1]]))(_gaussian(x[: len(x) // 2], r)),
        "comes back in other images",
    ),
    "ten in turn": Kind(
        False, lambda x, r: x + np.resize(_gaussian(x[:10], r), x.shape), "comes back in other images"
    ),
    "one image for all": Kind(False, lambda x, r: x + _gaussian(x[:1], r), "same in every image"),
    "one image for all, clipped": Kind(
        False, lambda x, r: np.clip(x + _gaussian(x[:1], r), 0, 1), "same in every image"
    ),
    "by rows of an image": Kind(False, lambda x, r: _blocks(x, r, 1, 28), "neighbouring pixels"),
    "by columns, clipped": Kind(
        False, lambda x, r: np.clip(_blocks(x, r, 28, 1), 0, 1), "neighbouring pixels"
    ),
    "2×2 blocks": Kind(False, lambda x, r: _blocks(x, r, 2, 2), "neighbouring pixels"),
    "2×2 blocks, clipped": Kind(
        False, lambda x, r: np.clip(_blocks(x, r, 2, 2), 0, 1), "neighbouring pixels"
    ),
    "one number an image": Kind(False, lambda x, r: _blocks(x, r, 28, 28), "neighbouring pixels"),
    "one number an image, clipped": Kind(
        False, lambda x, r: np.clip(_blocks(x, r, 28, 28), 0, 1), "neighbouring pixels"
    ),
    "one decimal": Kind(False, lambda x, r: x + np.round(_gaussian(x, r), 1), "steps of 0.1"),
    "one decimal, clipped": Kind(
        False, lambda x, r: np.round(np.clip(x + _gaussian(x, r), 0, 1), 1), "steps of 0.1"
    ),
    "multiplied": Kind(False, lambda x, r: x * (1 + _gaussian(x, r)), "do not multiply"),
    "stronger on white": Kind(
        False, lambda x, r: x + _gaussian(x, r) * (0.9 + 0.5 * x), "depends on the image"
    ),
    "half the images": Kind(
        False, lambda x, r: _at_some(x, r, slice(0, len(x) // 2)), "no noise in about"
    ),
    "every second image": Kind(
        False, lambda x, r: _at_some(x, r, slice(0, None, 2)), "no noise in about"
    ),
    "first 100 images": Kind(False, lambda x, r: _at_some(x, r, slice(0, 100)), "no noise in about"),
    "all but ten images": Kind(False, lambda x, r: _at_some(x, r, slice(10, None)), "no noise in about"),
    "salt and pepper": Kind(False, _salted, "salt-and-pepper"),
    "salt": Kind(False, lambda x, r: np.where(r.random(x.shape) < 0.05, 1.0, x), "salt-and-pepper"),
    "a constant": Kind(False, lambda x, r: x + 0.2, "the same number, 0.2"),
    "rescaled": Kind(False, lambda x, r: _rescaled(x + _gaussian(x, r)), "rescaled"),
    "rescaled image by image": Kind(
        False, lambda x, r: _rescaled(x + _gaussian(x, r), IN_IMAGE), "rescaled"
    ),
    "divided by the largest": Kind(
        False, lambda x, r: (lambda y: y / y.max())(x + _gaussian(x, r)), "rescaled"
    ),
    "standardized": Kind(False, lambda x, r: _standardized(x + _gaussian(x, r)), "standardized"),
    "standardized image by image": Kind(
        False, lambda x, r: _standardized(x + _gaussian(x, r), IN_IMAGE), "standardized"
    ),
    "scaled twice": Kind(False, lambda x, r: x / 255 + _gaussian(x, r), "divided by 255 once more"),
    "scaled twice, clipped": Kind(
        False, lambda x, r: np.clip(x / 255 + _gaussian(x, r), 0, 1), "divided by 255 once more"
    ),
    "from 0 to 255": Kind(False, lambda x, r: x * 255 + _gaussian(x, r), "not scaled to [0, 1]"),
    "from 0 to 255, σ 51": Kind(
        False, lambda x, r: np.clip(x * 255 + _gaussian(x, r, 51), 0, 255), "not scaled to [0, 1]"
    ),
    "bytes that wrap": Kind(
        False,
        lambda x, r: np.int32(np.round(x * 255 + _gaussian(x, r, 51))).astype(np.uint8) / 255,
        "uint8",
    ),
    "inverted": Kind(False, lambda x, r: 1 - x + _gaussian(x, r), "inverted"),
    "of other images": Kind(
        False, lambda x, r: np.roll(x, 1, axis=0) + _gaussian(x, r), "clean images are not those"
    ),
    "noise alone": Kind(False, lambda x, r: _gaussian(x, r), "nearly black"),
}
KINDS = RIGHT | WRONG


@dataclass(frozen=True)
class Draw:
    """Noise that is to be drawn and judged. Equal ones give equal results."""

    data: str
    """Name of the source of digits."""
    kind: str
    number: int

    @property
    def seed(self) -> int:
        """Its own."""
        return zlib.crc32(repr(self).encode())


def plan(seeds: int, data: tuple[str, ...]) -> list[Draw]:
    """The drawings that go with `seeds` trainings: all kinds in turns, on each source of digits."""
    draws = (
        Draw(source, name, number)
        for source, (name, kind) in itertools.product(data, KINDS.items())
        for number in range(math.ceil(seeds * (RIGHT_SHARE if kind.right else WRONG_SHARE)))
    )
    return sorted(draws, key=lambda draw: draw.number)
