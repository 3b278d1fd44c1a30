"""The kinds of noise that are measured: right noise in all legal forms, and wrong noise close to it.

All of them are relative to the exercise's standard deviation σ.
"""

import itertools
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.lab import IMAGE_SHAPE, Exercise

RIGHT_SHARE, WRONG_SHARE = 1 / 5, 1 / 30
"""Seeds for each kind of noise, as a share of the trainings' seeds: of 300, 60 and 10."""
NEAR = 0.04
"""Relative difference up to which a standard deviation counts as right: so near are no wrong ones."""

SIDE = IMAGE_SHAPE[0]
IN_IMAGE = (1, 2, 3)
"""Axes over which each image is rescaled by itself."""

Images = NDArray[np.floating[Any]]
"""Images of the shape (n, 28, 28, 1)."""
Add = Callable[[Images, np.random.Generator, float], Images]
"""Makes noisy images of clean ones, float32 in [0, 1], given σ."""
Size = Callable[[float], float]
"""Gives the standard deviation of wrong noise, given σ."""
Words = Callable[[float], str]
"""Gives words of a text, given σ."""


@dataclass(frozen=True)
class Kind:
    """One way to add noise."""

    right: bool
    add: Add
    words: Words = lambda sigma: ""
    """Words in the judge's first sentence on wrong noise, given σ."""
    size: Size | None = None
    """What makes it wrong, if that is its standard deviation alone."""

    def differs(self, sigma: float) -> bool:
        """Whether noise of this kind is not what right noise is: some are the same for a certain σ."""
        return self.size is None or abs(self.size(sigma) / sigma - 1) > NEAR


def _gaussian(x: Images, random: np.random.Generator, sigma: float) -> Images:
    return random.normal(0, sigma, x.shape)


def _plus(x: Images, random: np.random.Generator, sigma: float) -> Images:
    return x + _gaussian(x, random, sigma)


def _sized(size: Size) -> Add:
    return lambda x, random, sigma: _plus(x, random, size(sigma))


def _shifted(share: float) -> Add:
    """Noise whose mean is this share of σ."""
    return lambda x, random, sigma: _plus(x, random, sigma) + share * sigma


def _uniform(x: Images, random: np.random.Generator, sigma: float) -> Images:
    end = sigma * 3**0.5
    return x + random.uniform(-end, end, x.shape)


def _laplace(x: Images, random: np.random.Generator, sigma: float) -> Images:
    return x + random.laplace(0, sigma / 2**0.5, x.shape)


def _student(x: Images, random: np.random.Generator, sigma: float) -> Images:
    return x + sigma * math.sqrt(0.6) * random.standard_t(5, x.shape)


def _gamma(x: Images, random: np.random.Generator, sigma: float) -> Images:
    return x + random.gamma(4, sigma / 2, x.shape) - 2 * sigma


def _shared_by_two(x: Images, random: np.random.Generator, sigma: float) -> Images:
    return x + np.repeat(_gaussian(x[: -(-len(x) // 2)], random, sigma), 2, axis=0)[: len(x)]


def _one_for_all(x: Images, random: np.random.Generator, sigma: float) -> Images:
    return x + _gaussian(x[:1], random, sigma)


def _again(count: Callable[[int], int]) -> Add:
    """The noise of the first images in turn; count gives their number for that of all."""
    return lambda x, random, sigma: x + np.resize(_gaussian(x[: count(len(x))], random, sigma), x.shape)


def _half_reversed(x: Images, random: np.random.Generator, sigma: float) -> Images:
    half = _gaussian(x[: len(x) // 2], random, sigma)
    noise: Images = np.concatenate([half, half[::-1]])
    return x + noise


def _blocks(height: int, width: int) -> Add:
    def add(x: Images, random: np.random.Generator, sigma: float) -> Images:
        small = random.normal(0, sigma, (len(x), SIDE // height, SIDE // width, 1))
        return x + small.repeat(height, axis=1).repeat(width, axis=2)

    return add


def _at(some: Callable[[int], slice]) -> Add:
    def add(x: Images, random: np.random.Generator, sigma: float) -> Images:
        result, images = np.array(x), some(len(x))
        result[images] += _gaussian(x[images], random, sigma)
        return result

    return add


def _salted(x: Images, random: np.random.Generator, sigma: float) -> Images:
    chance = random.random(x.shape)
    return np.where(chance < 0.05, 0.0, np.where(chance > 0.95, 1.0, x))


def _clipped(add: Add, low: float = 0, high: float = 1) -> Add:
    return lambda x, random, sigma: np.clip(add(x, random, sigma), low, high)


def _in_bytes(x: Images) -> Images:
    return np.clip(x * 255, 0, 255).astype(np.uint8) / 255


def _bytes_that_wrap(x: Images, random: np.random.Generator, sigma: float) -> Images:
    return np.round(_plus(x * 255, random, 255 * sigma)).astype(np.int32).astype(np.uint8) / 255


def _rescaled(axis: tuple[int, ...] | None = None) -> Add:
    def add(x: Images, random: np.random.Generator, sigma: float) -> Images:
        noisy = _plus(x, random, sigma)
        low, high = (end(noisy, axis=axis, keepdims=True) for end in (np.min, np.max))
        result: Images = (noisy - low) / (high - low)
        return result

    return add


def _standardized(axis: tuple[int, ...] | None = None) -> Add:
    def add(x: Images, random: np.random.Generator, sigma: float) -> Images:
        noisy = _plus(x, random, sigma)
        mean, deviation = (of(noisy, axis=axis, keepdims=True) for of in (np.mean, np.std))
        result: Images = (noisy - mean) / deviation
        return result

    return add


RIGHT: dict[str, Kind] = {
    name: Kind(True, add)
    for name, add in {
        "not clipped": _plus,
        "clipped": _clipped(_plus),
        "clipped below": lambda x, r, s: np.maximum(_plus(x, r, s), 0),
        "clipped above": lambda x, r, s: np.minimum(_plus(x, r, s), 1),
        "clipped wider": _clipped(_plus, -0.5, 1.5),
        "float16": lambda x, r, s: x.astype(np.float16) + _gaussian(x, r, s).astype(np.float16),
        "float16, clipped": lambda x, r, s: np.clip(_plus(x, r, s), 0, 1).astype(np.float16),
        "float32": lambda x, r, s: x + np.float32(s) * r.standard_normal(x.shape, np.float32),
        "subtracted": lambda x, r, s: x - _gaussian(x, r, s),
        "bytes, rounded": lambda x, r, s: np.round(_in_bytes(_plus(x, r, s) + 0.5 / 255), 6),
        "bytes, cut off": lambda x, r, s: _in_bytes(_plus(x, r, s)),
        "two decimals": lambda x, r, s: np.round(_plus(x, r, s), 2),
    }.items()
}


def _first_digit(number: float) -> str:
    """A number up to its first digit other than 0: 0.19 becomes 0.1."""
    unit = 10.0 ** math.floor(math.log10(number))
    return f"{math.floor(number / unit) * unit:g}"


def _always(words: str) -> Words:
    return lambda sigma: words


def _deviation(size: Size) -> Words:
    return lambda sigma: f"standard deviation is {_first_digit(size(sigma))}"


_LESS, _MORE = (lambda s: 0.95 * s), (lambda s: 1.05 * s)
_OTHER_SIZES: tuple[tuple[str, Words, Size], ...] = (
    ("5 % less", _deviation(_LESS), _LESS),
    ("5 % more", _deviation(_MORE), _MORE),
    ("as the variance", _always("not the variance"), math.sqrt),
    ("squared", _always("would be its square"), lambda s: s**2),
    ("0.5 as in tutorials", _always("factor of many tutorials"), lambda s: 0.5),
    ("divided by 255", _always("already scaled"), lambda s: s / 255),
    ("times 255", _always("no factor of 255"), lambda s: s * 255),
    ("next to none", _always("no noise to speak of"), lambda s: s / 200),
    ("none", _always("no noise was added"), lambda s: 0.0),
    ("added twice", _always("twice"), lambda s: s * 2**0.5),
    ("twice the strength", _always("twice"), lambda s: s * 2),
)
_CLIPPED_SIZES = ("5 % less", "5 % more", "as the variance", "0.5 as in tutorials")
_OTHER_NOISE: tuple[tuple[str, str, Add], ...] = (
    ("times 255, clipped", "the standard deviation is", _clipped(_sized(lambda s: s * 255))),
    ("added twice, clipped", "", lambda x, r, s: _clipped(_plus)(_clipped(_plus)(x, r, s), r, s)),
    ("mean a tenth of σ", "mean of the noise is 0.", _shifted(0.1)),
    ("mean a tenth of -σ", "mean of the noise is -0.", _shifted(-0.1)),
    ("mean a tenth of σ, clipped", "mean of the noise is 0.", _clipped(_shifted(0.1))),
    ("mean a quarter of σ, clipped", "mean of the noise is 0.", _clipped(_shifted(0.25))),
    ("mean σ", "mean of the noise is", _shifted(1)),
    ("mean σ, clipped", "mean of the noise is", _clipped(_shifted(1))),
    ("uniform", "uniform", _uniform),
    ("uniform, clipped", "uniform", _clipped(_uniform)),
    ("uniform from 0 to σ", "uniform", lambda x, r, s: x + s * r.random(x.shape)),
    ("Laplace", "not Gaussian", _laplace),
    ("Laplace, clipped", "not Gaussian", _clipped(_laplace)),
    ("Student t(5)", "not Gaussian", _student),
    ("Student t(5), clipped", "not Gaussian", _clipped(_student)),
    ("gamma", "not symmetric", _gamma),
    ("exponential", "not symmetric", lambda x, r, s: x + r.exponential(s, x.shape)),
    ("turned positive", "turned to positive", lambda x, r, s: np.abs(_plus(x, r, s))),
    ("shared by two images", "comes back in other images (in", _shared_by_two),
    ("shared by two images, clipped", "comes back in other images", _clipped(_shared_by_two)),
    ("first half again", "comes back in other images", _again(lambda count: count // 2)),
    ("first half reversed", "comes back in other images", _half_reversed),
    ("ten in turn", "comes back in other images", _again(lambda count: 10)),
    ("one image for all", "same in every image", _one_for_all),
    ("one image for all, clipped", "same in every image", _clipped(_one_for_all)),
    ("by rows of an image", "neighbouring pixels", _blocks(1, SIDE)),
    ("by columns, clipped", "neighbouring pixels", _clipped(_blocks(SIDE, 1))),
    ("2×2 blocks", "neighbouring pixels", _blocks(2, 2)),
    ("2×2 blocks, clipped", "neighbouring pixels", _clipped(_blocks(2, 2))),
    ("one number an image", "neighbouring pixels", _blocks(SIDE, SIDE)),
    ("one number an image, clipped", "neighbouring pixels", _clipped(_blocks(SIDE, SIDE))),
    ("one decimal", "steps of 0.1", lambda x, r, s: x + np.round(_gaussian(x, r, s), 1)),
    ("one decimal, clipped", "steps of 0.1", lambda x, r, s: np.round(_clipped(_plus)(x, r, s), 1)),
    ("multiplied", "do not multiply", lambda x, r, s: x * (1 + _gaussian(x, r, s))),
    (
        *("stronger on white", "depends on the image"),
        lambda x, r, s: x + _gaussian(x, r, s) * (0.9 + 0.5 * x),
    ),
    ("half the images", "no noise in about", _at(lambda count: slice(0, count // 2))),
    ("every second image", "no noise in about", _at(lambda count: slice(0, None, 2))),
    ("first 100 images", "no noise in about", _at(lambda count: slice(0, 100))),
    ("all but ten images", "no noise in about", _at(lambda count: slice(10, None))),
    ("salt and pepper", "salt-and-pepper", _salted),
    ("salt", "salt-and-pepper", lambda x, r, s: np.where(r.random(x.shape) < 0.05, 1.0, x)),
    ("a constant", "the same number", lambda x, r, s: x + s),
    ("rescaled", "rescaled", _rescaled()),
    ("rescaled image by image", "rescaled", _rescaled(IN_IMAGE)),
    ("divided by the largest", "rescaled", lambda x, r, s: (y := _plus(x, r, s)) / y.max()),
    ("standardized", "standardized", _standardized()),
    ("standardized image by image", "standardized", _standardized(IN_IMAGE)),
    ("scaled twice", "divided by 255 once more", lambda x, r, s: _plus(x / 255, r, s)),
    (
        *("scaled twice, clipped", "divided by 255 once more"),
        lambda x, r, s: _clipped(_plus)(x / 255, r, s),
    ),
    ("from 0 to 255", "not scaled to [0, 1]", lambda x, r, s: _plus(x * 255, r, s)),
    (
        *("from 0 to 255, σ too", "not scaled to [0, 1]"),
        lambda x, r, s: np.clip(_plus(x * 255, r, 255 * s), 0, 255),
    ),
    ("bytes that wrap", "uint8", _bytes_that_wrap),
    ("inverted", "inverted", lambda x, r, s: _plus(1 - x, r, s)),
    (
        "of other images",
        "clean images are not those",
        lambda x, r, s: _plus(np.roll(x, 1, axis=0), r, s),
    ),
    ("noise alone", "nearly black", lambda x, r, s: _gaussian(x, r, s)),
)


def _wrong() -> dict[str, Kind]:
    sizes = {name: Kind(False, _sized(size), words, size) for name, words, size in _OTHER_SIZES}
    clipped = {
        f"{name}, clipped": Kind(False, _clipped(sizes[name].add), sizes[name].words, sizes[name].size)
        for name in _CLIPPED_SIZES
    }
    others = {name: Kind(False, add, _always(words)) for name, words, add in _OTHER_NOISE}
    return sizes | clipped | others


WRONG = _wrong()
KINDS = RIGHT | WRONG


def of(exercise: Exercise) -> dict[str, Kind]:
    """The kinds that can be told from right noise with this exercise's σ, and right noise, by name."""
    return {name: kind for name, kind in KINDS.items() if kind.differs(exercise.noise)}


@dataclass(frozen=True)
class Draw:
    """Noise that is to be drawn and judged. Equal draws give equal results."""

    exercise: str
    data: str
    """The name of the source of images."""
    kind: str
    number: int

    @property
    def seed(self) -> int:
        """A seed that follows from the other fields."""
        return zlib.crc32(repr(self).encode())


def plan(exercise: Exercise, seeds: int, data: tuple[str, ...]) -> list[Draw]:
    """The draws that go with `seeds` trainings: all kinds in turns, on each source of images."""
    draws = (
        Draw(exercise.notebook, source, name, number)
        for source, (name, kind) in itertools.product(data, of(exercise).items())
        for number in range(math.ceil(seeds * (RIGHT_SHARE if kind.right else WRONG_SHARE)))
    )
    return sorted(draws, key=lambda draw: draw.number)
