"""Finds known images in unknown pictures, in any size, place and colours.

An image is found where its values are a function of the colours there: any colormap will do, even one
that is not monotonic. First each picture is compared as a whole; then a coarse search at many sizes says
where an image may be, and its place is refined. The effort of all this is limited.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from autograder.judge.coarse_search import COARSE, LIKELY, MAX_PEAKS, SCALE_STEP, coarse_peaks, units
from autograder.judge.page import FLAT, MIN_CONTRAST, MIN_SIDE
from autograder.lab import IMAGE_SHAPE

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""

SAME = 0.99
"""Least multiple correlation with the colours at a place for an image to count as found there."""
CLOSE = 0.002
"""Another image counts as found at a place, too, if its correlation is this close to the best one."""
MAX_DOUBT = 0.5
"""The same limit, as a share of the gap from the best correlation to 1: a perfect fit is certain."""
LEAST_DOUBT = 0.0002
"""Correlation that a perfect fit loses by rounding to bytes."""

_FILTERS = (
    Image.Resampling.NEAREST,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
    Image.Resampling.BOX,
)
"""Filters that may have resized an image."""
_MOST_ENLARGED = 8
"""Factor of enlargement beyond which all filters give the same result."""
_SURE = 0.93
"""Least coarse correlation of a place that is refined at once."""
_HOPEFUL = 0.5
"""Multiple correlation below which a place is given up."""
_MOST_MOVES = 6
_MOST_REACH = 6
"""An image of known size is looked for up to this many pixels to each side of a coarse place."""
_SAME_SIZE = 0.1
"""Relative difference up to which two images in one picture count as equally large."""
_GREY = 12
"""Largest difference of a grey picture's channels, in levels, except for a few pixels."""

MAX_SIDE = 128
"""Largest side of an image that is looked for."""
MAX_TRANSFORMED = 120_000_000
"""Most pixels of all Fourier transforms of the coarse search: some 5 s."""
MAX_REFINED = 120
"""Most places that are refined: each takes 0.05 to 0.14 s, and up to 3 s in malicious pictures."""
MAX_COMPARED = 1_000_000_000
"""Most pixels of all refinements, as `_effort` counts them: some 5 to 10 s."""
MAX_SIZES = 30
"""Most different sizes of pictures that are compared as a whole."""


@dataclass
class Search:
    """The images that are looked for, and which of them have been found."""

    images: Sequence[np.ndarray]
    """Each (height, width), with any values."""
    found: list[bool] = field(default_factory=list)
    _transformed: int = 0
    _refined: int = 0
    _compared: int = 0

    def __post_init__(self) -> None:
        self.found = self.found or [False] * len(self.images)
        self._looks = [_looks(image) for image in self.images]
        self._versions = functools.lru_cache(2000)(self._compute_versions)
        self._plain = functools.cache(self._compute_plain)
        self._template = functools.cache(self._compute_template)
        self._sizes: set[tuple[int, int]] = set()

    @property
    def cut_short(self) -> bool:
        """Whether a limit ended the search."""
        return self._transformed > MAX_TRANSFORMED or self._is_refined_enough

    @property
    def _is_refined_enough(self) -> bool:
        return self._refined >= MAX_REFINED or self._compared >= MAX_COMPARED

    def look_at(self, pictures: Sequence[Image.Image]) -> None:
        """Looks for the images not yet found, in pictures of mode RGB."""
        # SVG drawings hold their pictures upside down.
        turned = Image.Transpose.FLIP_TOP_BOTTOM
        for picture in map(_grey_if_it_is, pictures):
            if not self._is_whole(picture) and not self._is_whole(picture.transpose(turned)):
                self._look_around(picture)

    def _is_whole(self, picture: Image.Image) -> bool:
        """Whether the picture as a whole is one of the images, which then counts as found."""
        if all(self.found):
            return True
        width, height = picture.size
        seen = False
        for shape in dict.fromkeys(image.shape for image in self.images if max(image.shape) <= MAX_SIDE):
            fits = min(width / shape[1], height / shape[0]) * IMAGE_SHAPE[0] >= MIN_SIDE
            if fits and (picture.size in self._sizes or len(self._sizes) < MAX_SIZES):
                self._sizes.add(picture.size)
                seen |= self._note(picture, (0, 0, width, height), shape)
        return seen

    def _note(self, picture: Image.Image, box: Box, shape: tuple[int, ...]) -> bool:
        """Marks the images of a shape that are most like a box as found, if they are seen there."""
        same_shape = [i for i, image in enumerate(self.images) if image.shape == shape]
        seen = _seen(picture, box, _compared_at(box, shape))
        scores = {i: self._score(i, box, seen) for i in same_shape}
        best = max(scores.values())
        doubt = min(CLOSE, max(LEAST_DOUBT, MAX_DOUBT * (1 - best)))
        for i, score in scores.items():
            if score >= max(SAME, best - doubt):
                self.found[i] = True
        return best >= SAME

    def _score(self, index: int, box: Box, seen: np.ndarray) -> float:
        """The multiple correlation of an image's values with the colours seen in a box."""
        if np.ptp(self.images[index]) <= FLAT:
            grey = seen.mean(axis=-1) / 255
            return float(np.sqrt(np.mean((grey - self.images[index].mean()) ** 2)) <= FLAT)
        if np.ptp(seen, axis=(0, 1)).max() < min(MIN_CONTRAST, 255 * np.ptp(self.images[index]) / 2):
            return 0.0
        size = (round(box[2] - box[0]), round(box[3] - box[1]))
        return explained(seen, self._versions(index, size))

    def _compute_versions(self, index: int, size: tuple[int, int]) -> np.ndarray:
        """The pixels of an image that is drawn in this size, by each filter; centred, (n, pixels)."""
        height, width = self.images[index].shape
        to = _compared_at((0, 0, *size), (height, width))
        size = (min(size[0], _MOST_ENLARGED * width), min(size[1], _MOST_ENLARGED * height))
        filters = _FILTERS if size != (width, height) else _FILTERS[:1]
        drawn = [look.resize(size, each) for look in self._looks[index] for each in filters]
        return _centred([each.resize(to, Image.Resampling.BOX) for each in drawn])

    def _compute_plain(self, index: int, size: tuple[int, int]) -> np.ndarray:
        """The rough pixels of an image that is drawn in this size, whatever the filter."""
        return _centred([look.resize(size, Image.Resampling.BOX) for look in self._looks[index]])

    def _compute_template(self, index: int) -> np.ndarray:
        """An image at the resolution of the coarse search."""
        height, width = self.images[index].shape
        size = (max(width // COARSE, 1), max(height // COARSE, 1))
        return np.asarray(self._looks[index][-1].resize(size, Image.Resampling.BOX), np.float32)

    def _look_around(self, picture: Image.Image) -> None:
        """Searches a picture at many sizes."""
        taken: list[Box] = []
        peaks: dict[int, list[tuple[float, float, int, int]]] = {i: [] for i in range(len(self.images))}
        shapes = [image.shape for i, image in enumerate(self.images) if self._is_searched(i)]
        for unit in units(picture.size, min(shapes)) if shapes else ():
            missing = [i for i, found in enumerate(self.found) if not found and self._is_searched(i)]
            if not missing or self.cut_short:
                return
            width, height = (max(round(side / (unit * COARSE)), 1) for side in picture.size)
            channels = len(picture.getbands())
            self._transformed += width * height * channels * (len(missing) + 4)
            if self._transformed > MAX_TRANSFORMED:
                break
            coarse = picture.resize((width, height), Image.Resampling.BOX)
            for i, found in coarse_peaks(coarse, {i: self._template(i) for i in missing}).items():
                for likeness, x, y in found:
                    if likeness >= _SURE and not self.found[i]:
                        self._refine(picture, i, unit, x, y, taken)
                    else:
                        peaks[i].append((likeness, unit, x, y))
        # The first round finds the size of the images. Images with fine detail are only found with it.
        for _ in range(2):
            for i, some in peaks.items():
                tried = 0
                for likeness, unit, x, y in sorted(some, reverse=True):
                    if likeness < LIKELY or self.found[i] or tried >= MAX_PEAKS:
                        break
                    tried += self._refine(picture, i, unit, x, y, taken)

    def _is_searched(self, index: int) -> bool:
        image = self.images[index]
        return (
            min(image.shape) >= MIN_SIDE and max(image.shape) <= MAX_SIDE and bool(np.ptp(image) > FLAT)
        )

    def _refine(
        self, picture: Image.Image, index: int, unit: float, x: int, y: int, taken: list[Box]
    ) -> bool:
        """Finds the box near a coarse place in which the image fits best, and notes what is seen there.

        Returns whether the place was looked at: it is skipped if another image was found there.
        """
        shape = self.images[index].shape
        scale = picture.width / max(round(picture.width / (unit * COARSE)), 1)
        size = np.array(shape[::-1]) * unit
        middle = np.array([x, y]) * scale + size / 2
        if any(_is_in_the_middle(middle, box) for box in taken) or self._is_refined_enough:
            return False
        self._refined += 1
        sizes = [np.subtract(box[2:], box[:2]) for box in taken]
        known = [each for each in sizes if np.abs(each / size - 1).max() < _SAME_SIZE]
        best, box = 0.0, _around(middle, size)
        if known:
            best, box = self._slide(picture, index, _around(middle, np.median(known, axis=0)), unit)
        if best < SAME:
            best, box = self._climb(picture, index, _around(middle, size), unit)
        if best >= _SURE and self._note(picture, tuple(box), shape):
            taken.append(tuple(box))
        return True

    def _fit(self, picture: Image.Image, index: int, box: np.ndarray, detail: int) -> float:
        """How well an image fits into a box of a picture, in less detail if `detail` is above 1."""
        width, height = picture.size
        if (box < 0).any() or (box > (width, height) * 2).any() or min(box[2:] - box[:2]) < MIN_SIDE / 2:
            return 0.0
        width, height = _compared_at(tuple(box), self.images[index].shape)
        to = (max(width // detail, 1), max(height // detail, 1))
        self._compared += _effort(box, to)
        return explained(_seen(picture, tuple(box), to), self._plain(index, to))

    def _climb(
        self, picture: Image.Image, index: int, box: np.ndarray, unit: float
    ) -> tuple[float, np.ndarray]:
        """Moves the sides of a box, in ever smaller steps, as long as the image fits better."""
        largest = max(round(unit * max(self.images[index].shape) * (SCALE_STEP - 1) / 2), 1)
        for detail, first_step in ((COARSE, largest), (1, min(largest, 2))):
            best, step = self._fit(picture, index, box, detail), first_step
            while step >= 1 and best >= _HOPEFUL:
                for _ in range(_MOST_MOVES):
                    tried = [box + step * move for move in _MOVES]
                    fits = [self._fit(picture, index, each, detail) for each in tried]
                    if max(fits) <= best:
                        break
                    best, box = max(fits), tried[int(np.argmax(fits))]
                step //= 2
        return best, box

    def _slide(
        self, picture: Image.Image, index: int, box: np.ndarray, unit: float
    ) -> tuple[float, np.ndarray]:
        """Tries all places nearby, for a box of the size of images already found."""
        reach = min(int(np.ceil(unit * COARSE / 2)) + 1, _MOST_REACH)
        offsets = range(-reach, reach + 1)
        moves = [np.array((right, down, right, down)) for right in offsets for down in offsets]
        tried = [box + move for move in moves]
        fits = [self._fit(picture, index, each, 1) for each in tried]
        return max(fits), tried[int(np.argmax(fits))]


_MOVES = np.array(
    [
        *((1, 0, 1, 0), (-1, 0, -1, 0), (0, 1, 0, 1), (0, -1, 0, -1)),
        *((-1, -1, 1, 1), (1, 1, -1, -1), (0, 0, 1, 1), (0, 0, -1, -1), (1, 1, 0, 0), (-1, -1, 0, 0)),
        *((1, 0, -1, 0), (-1, 0, 1, 0), (0, 1, 0, -1), (0, -1, 0, 1)),
        *((0, 0, 1, 0), (0, 0, -1, 0), (0, 0, 0, 1), (0, 0, 0, -1)),
        *((1, 0, 0, 0), (-1, 0, 0, 0), (0, 1, 0, 0), (0, -1, 0, 0)),
    ]
)
"""Moves of the four sides of a box."""


def _looks(image: np.ndarray) -> list[Image.Image]:
    """The ways to draw an image: with its values, with overflow of bytes, and clipped to [0, 1]."""
    looks = [image]
    if image.min() < 0 or image.max() > 1:
        bytes_of = (255 * image).astype(np.int64).astype(np.uint8)
        looks += [bytes_of / 255, np.clip(image, 0, 1)]
    return [Image.fromarray(np.asarray(look, np.float32)) for look in looks]


def _centred(pictures: list[Image.Image]) -> np.ndarray:
    """The pixels of each picture with a mean of 0, (n, pixels)."""
    rows = np.stack([np.asarray(picture, np.float32).ravel() for picture in pictures])
    return np.asarray(rows - rows.mean(axis=1, keepdims=True))


def _around(middle: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The box of a size with this middle, in whole pixels."""
    first = np.round(middle - np.asarray(size) / 2)
    return np.concatenate([first, first + np.round(size)])


def _is_in_the_middle(point: np.ndarray, box: Box) -> bool:
    """Whether a point is in the middle half of a box."""
    sides = np.subtract(box[2:], box[:2])
    return bool((np.abs(np.subtract(point, np.add(box[:2], box[2:]) / 2)) < sides / 4).all())


def _grey_if_it_is(picture: Image.Image) -> Image.Image:
    pixels = np.asarray(picture.resize([min(side, 256) for side in picture.size]), np.int16)
    return picture.convert("L") if np.quantile(np.ptp(pixels, axis=-1), 0.98) <= _GREY else picture


def _compared_at(box: Box, shape: tuple[int, ...]) -> tuple[int, int]:
    """The width and height at which an image is compared with a box."""
    height, width = shape
    return max(min(width, round(box[2] - box[0])), 1), max(min(height, round(box[3] - box[1])), 1)


def _effort(box: np.ndarray, compared: tuple[int, int]) -> int:
    """The pixels in a box that are averaged, plus the cost of their comparison in such pixels."""
    width, height = box[2:] - box[:2]
    return int(width * height) + 50 * (1000 + compared[0] * compared[1])


def _seen(picture: Image.Image, box: Box, size: tuple[int, int]) -> np.ndarray:
    seen = np.asarray(picture.resize(size, Image.Resampling.BOX, box), np.float32)
    return seen if seen.ndim == 3 else seen[..., None]


def explained(seen: np.ndarray, versions: np.ndarray) -> float:
    """The largest multiple correlation of a version with a polynomial in the colours.

    seen: colours, (..., channels). versions: centred, (n, pixels).
    """
    colours = seen.reshape(-1, seen.shape[-1])
    colours = (colours - colours.mean(axis=0)) / (colours.std(axis=0) + 1e-3)
    terms = [colours, colours**2, colours**3]
    if colours.shape[1] == 3:
        red, green, blue = colours.T
        mixed = (red * green, red * blue, green * blue, red * green * blue)
        terms.append(np.stack(mixed, axis=-1))
    features = np.concatenate(terms, axis=1)
    features = features - features.mean(axis=0)
    # Normal equations are far quicker than a decomposition of the features.
    products = features.T @ features
    products[np.diag_indices_from(products)] *= 1 + 1e-5
    products[np.diag_indices_from(products)] += 1e-6
    shared = features.T @ versions.T
    explained = (shared * np.linalg.solve(products, shared)).sum(axis=0)
    share = explained / np.maximum((versions**2).sum(axis=1), 1e-9)
    free = max(len(colours) - features.shape[1] - 1, 1)
    adjusted = 1 - (1 - share) * (len(colours) - 1) / free
    return float(np.sqrt(max(adjusted.max(), 0)))
