"""Finds known images in pictures of which nothing else is known: in any size, place and colours.

An image is found where its values follow from the colours that are seen there: any colormap does, also
one that goes up and down. First the whole of each picture is tried, then a coarse search at many sizes
says where an image may be, and its place is refined. All of this is bounded.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image
from scipy import fft

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""

SAME = 0.99
"""Multiple correlation of an image's values with the colours that are seen where it is."""
CLOSE = 0.002
"""How much less like a place than another image one may be to be taken for what is shown there, too."""
MAX_DOUBT = 0.5
"""The same as a share of what the other lacks itself: beside a perfect fit there is no doubt."""
LEAST_DOUBT = 0.0002
"""What rounding to bytes costs a perfect fit."""
MAX_FLAT = 0.01
"""Range of values in which nothing can be seen, and difference of two pictures of that."""
MIN_SIDE = 14
"""Pixels that 28 of the image's have to take."""
MIN_CONTRAST = 16
"""Levels, of 256, between the dark and the bright parts of what is seen."""

_FILTERS = (
    Image.Resampling.NEAREST,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
    Image.Resampling.BOX,
)
"""What may have enlarged an image, or made it smaller."""
_MOST_ENLARGED = 8
"""Times beyond which it makes no difference any more how much."""
_COARSE = 2
"""Pixels of an image in one of the coarse search."""
_SCALE_STEP = 1.07
_LIKELY, _SURE = 0.75, 0.93
"""Correlations in the coarse search: of what is looked at closely, and of what is at once."""
_HOPEFUL = 0.5
"""Correlation at a coarse place, of colours and all pixels, below which it is left."""
_MOST_MOVES = 6
_MOST_REACH = 6
"""Pixels to each side of a place that is known from the coarse search."""
_SAME_SIZE = 0.1
"""Relative difference up to which two images of one picture are taken for equally large."""
_PEAKS = 3
"""Places of one image in one picture that are looked at."""
_MOST_CELLS = 400
"""Times that an image may fit into a picture: in one that is larger still it is not searched."""
_GREY = 12
"""Levels by which the channels of something grey differ at most, but for a few pixels."""

MAX_SIDE = 128
"""Of an image that is looked for."""
MAX_TRANSFORMED = 120_000_000
"""Pixels of all Fourier transforms of the coarse search: some 5 s."""
MAX_REFINED = 120
"""Places that are refined: some 0.05 s each as measured, up to 0.14 s, or 3 s where made to last."""
MAX_COMPARED = 1_000_000_000
"""Pixels, as `_effort` counts them, that all refinements look at: some 5 to 10 s."""
MAX_SIZES = 30
"""Different sizes at which all images are compared with a whole picture."""


@dataclass
class Search:
    """The images that are looked for, and which of them are found so far."""

    images: Sequence[np.ndarray]
    """Each (height, width), of any values."""
    found: list[bool] = field(default_factory=list)
    _transformed: int = 0
    _refined: int = 0
    _compared: int = 0

    def __post_init__(self) -> None:
        self.found = self.found or [False] * len(self.images)
        self._looks = [_looks(image) for image in self.images]
        self._versions = functools.lru_cache(2000)(self._compute_versions)
        self._sizes: set[tuple[int, int]] = set()

    @property
    def cut_short(self) -> bool:
        """Whether there was more to search than is searched."""
        return self._transformed > MAX_TRANSFORMED or self._is_refined_enough

    @property
    def _is_refined_enough(self) -> bool:
        return self._refined >= MAX_REFINED or self._compared >= MAX_COMPARED

    def look_at(self, pictures: Sequence[Image.Image]) -> None:
        """Looks for the images that are not found yet, in pictures of mode RGB."""
        pictures = [_grey_if_it_is(picture) for picture in pictures]
        # Drawings hold their pictures upside down.
        turned = Image.Transpose.FLIP_TOP_BOTTOM
        for picture in pictures:
            if not self._is_whole(picture) and not self._is_whole(picture.transpose(turned)):
                self._look_around(picture)

    def _is_whole(self, picture: Image.Image) -> bool:
        """Whether the whole picture is one of the images, which is noted."""
        if all(self.found):
            return True
        width, height = picture.size
        seen = False
        for image in {
            image.shape: image for image in self.images if max(image.shape) <= MAX_SIDE
        }.values():
            fits = min(width / image.shape[1], height / image.shape[0]) * 28 >= MIN_SIDE
            if fits and (picture.size in self._sizes or len(self._sizes) < MAX_SIZES):
                self._sizes.add(picture.size)
                seen |= self._note(picture, (0, 0, width, height), image.shape)
        return seen

    def _note(self, picture: Image.Image, box: Box, shape: tuple[int, int]) -> bool:
        """Notes which of the images of a shape is seen in a box, if one is: the one most like it."""
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
        """How well the values of an image follow from the colours seen in a box."""
        if np.ptp(self.images[index]) <= MAX_FLAT:
            grey = seen.mean(axis=-1) / 255
            return float(np.sqrt(np.mean((grey - self.images[index].mean()) ** 2)) <= MAX_FLAT)
        if np.ptp(seen, axis=(0, 1)).max() < min(MIN_CONTRAST, 255 * np.ptp(self.images[index]) / 2):
            return 0.0
        size = (round(box[2] - box[0]), round(box[3] - box[1]))
        return explained(seen, self._versions(index, size))

    def _compute_versions(self, index: int, size: tuple[int, int]) -> np.ndarray:
        """What may be seen of an image that is drawn in a size, flattened and centred, (n, pixels)."""
        height, width = self.images[index].shape
        to = _compared_at((0, 0, *size), (height, width))
        size = (min(size[0], _MOST_ENLARGED * width), min(size[1], _MOST_ENLARGED * height))
        filters = _FILTERS if size != (width, height) else _FILTERS[:1]
        versions = np.stack(
            [
                np.asarray(look.resize(size, each).resize(to, Image.Resampling.BOX), np.float32).ravel()
                for look in self._looks[index]
                for each in filters
            ]
        )
        return versions - versions.mean(axis=1, keepdims=True)

    def _look_around(self, picture: Image.Image) -> None:
        """Searches a picture at many sizes."""
        taken: list[Box] = []
        peaks: dict[int, list[tuple[float, float, int, int]]] = {i: [] for i in range(len(self.images))}
        shapes = [image.shape for i, image in enumerate(self.images) if self._is_searched(i)]
        for unit in _units(picture.size, min(shapes)) if shapes else ():
            missing = [i for i, found in enumerate(self.found) if not found and self._is_searched(i)]
            if not missing or self.cut_short:
                return
            width, height = (max(round(side / (unit * _COARSE)), 1) for side in picture.size)
            channels = len(picture.getbands())
            self._transformed += width * height * channels * (len(missing) + 4)
            if self._transformed > MAX_TRANSFORMED:
                break
            coarse = picture.resize((width, height), Image.Resampling.BOX)
            for i, found in _coarse_peaks(coarse, {i: self._template(i) for i in missing}).items():
                for likeness, x, y in found:
                    if likeness >= _SURE and not self.found[i]:
                        self._refine(picture, i, unit, x, y, taken)
                    else:
                        peaks[i].append((likeness, unit, x, y))
        # The first round tells how large images are here: those with fine detail need that.
        for _ in range(2):
            for i, some in peaks.items():
                tried = 0
                for likeness, unit, x, y in sorted(some, reverse=True):
                    if likeness < _LIKELY or self.found[i] or tried >= _PEAKS:
                        break
                    tried += self._refine(picture, i, unit, x, y, taken)

    def _is_searched(self, index: int) -> bool:
        sides = self.images[index].shape
        return (
            np.ptp(self.images[index]) > MAX_FLAT and min(sides) >= MIN_SIDE and max(sides) <= MAX_SIDE
        )

    @functools.cache  # noqa: B019
    def _template(self, index: int) -> np.ndarray:
        height, width = self.images[index].shape
        size = (max(width // _COARSE, 1), max(height // _COARSE, 1))
        return np.asarray(self._looks[index][-1].resize(size, Image.Resampling.BOX), np.float32)

    def __hash__(self) -> int:
        return id(self)

    def _refine(
        self, picture: Image.Image, index: int, unit: float, x: int, y: int, taken: list[Box]
    ) -> bool:
        """From a coarse place to the box in which the image fits best, and what is seen there.

        Returns whether the place was looked at: not where another image was found.
        """
        shape = self.images[index].shape
        scale = picture.width / max(round(picture.width / (unit * _COARSE)), 1)
        size = np.array(shape[::-1]) * unit
        middle = np.array([x, y]) * scale + size / 2
        if any(_is_in_the_midst(middle, box) for box in taken) or self._is_refined_enough:
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
        """How well an image fits into a box of a picture, seen in less detail where that is above 1."""
        width, height = picture.size
        if (box < 0).any() or (box > (width, height) * 2).any() or min(box[2:] - box[:2]) < MIN_SIDE / 2:
            return 0.0
        compared = _compared_at(tuple(box), self.images[index].shape)
        to = tuple(max(side // detail, 1) for side in compared)
        self._compared += _effort(box, to)
        return explained(_seen(picture, tuple(box), to), self._plain(index, to))

    def _climb(
        self, picture: Image.Image, index: int, box: np.ndarray, unit: float
    ) -> tuple[float, np.ndarray]:
        """Moves the sides of a box, in steps that become smaller, as long as the image fits better."""
        largest = max(round(unit * max(self.images[index].shape) * (_SCALE_STEP - 1) / 2), 1)
        for detail, first_step in ((_COARSE, largest), (1, min(largest, 2))):
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
        """The best of all places nearby for a box of a size at which another image was found."""
        reach = min(int(np.ceil(unit * _COARSE / 2)) + 1, _MOST_REACH)
        offsets = range(-reach, reach + 1)
        moves = [np.array((right, down, right, down)) for right in offsets for down in offsets]
        tried = [box + move for move in moves]
        fits = [self._fit(picture, index, each, 1) for each in tried]
        return max(fits), tried[int(np.argmax(fits))]

    @functools.cache  # noqa: B019
    def _plain(self, index: int, size: tuple[int, int]) -> np.ndarray:
        """As `_compute_versions`, whatever enlarged the image."""
        resized = [look.resize(size, Image.Resampling.BOX) for look in self._looks[index]]
        versions = np.stack([np.asarray(look, np.float32).ravel() for look in resized])
        return versions - versions.mean(axis=1, keepdims=True)


_MOVES = np.array(
    [
        *((1, 0, 1, 0), (-1, 0, -1, 0), (0, 1, 0, 1), (0, -1, 0, -1)),
        *((-1, -1, 1, 1), (1, 1, -1, -1), (0, 0, 1, 1), (0, 0, -1, -1), (1, 1, 0, 0), (-1, -1, 0, 0)),
        *((1, 0, -1, 0), (-1, 0, 1, 0), (0, 1, 0, -1), (0, -1, 0, 1)),
        *((0, 0, 1, 0), (0, 0, -1, 0), (0, 0, 0, 1), (0, 0, 0, -1)),
        *((1, 0, 0, 0), (-1, 0, 0, 0), (0, 1, 0, 0), (0, -1, 0, 0)),
    ]
)
"""Of the four sides of a box."""


def _looks(image: np.ndarray) -> list[Image.Image]:
    """What may be drawn of an image: its values, cut off at 0 and 1, and in bytes without that."""
    looks = [image]
    if image.min() < 0 or image.max() > 1:
        bytes_of = (255 * image).astype(np.int64).astype(np.uint8)
        looks += [bytes_of / 255, np.clip(image, 0, 1)]
    return [Image.fromarray(np.asarray(look, np.float32)) for look in looks]


def _around(middle: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The box of a size, in whole pixels, with this middle."""
    first = np.round(middle - np.asarray(size) / 2)
    return np.concatenate([first, first + np.round(size)])


def _is_in_the_midst(point: tuple[float, float], box: Box) -> bool:
    """Whether a point is in the middle half of a box."""
    sides = np.subtract(box[2:], box[:2])
    return bool((np.abs(np.subtract(point, np.add(box[:2], box[2:]) / 2)) < sides / 4).all())


def _grey_if_it_is(picture: Image.Image) -> Image.Image:
    pixels = np.asarray(picture.resize([min(side, 256) for side in picture.size]), np.int16)
    return picture.convert("L") if np.quantile(np.ptp(pixels, axis=-1), 0.98) <= _GREY else picture


def _compared_at(box: Box, shape: tuple[int, int]) -> tuple[int, int]:
    """Width and height in which an image is compared with what is seen in a box."""
    height, width = shape
    return max(min(width, round(box[2] - box[0])), 1), max(min(height, round(box[3] - box[1])), 1)


def _effort(box: np.ndarray, compared: tuple[int, int]) -> int:
    """Pixels in a box that are averaged, and as many as could be while those it makes are compared."""
    width, height = box[2:] - box[:2]
    return int(width * height) + 50 * (1000 + compared[0] * compared[1])


def _seen(picture: Image.Image, box: Box, size: tuple[int, int]) -> np.ndarray:
    seen = np.asarray(picture.resize(size, Image.Resampling.BOX, box), np.float32)
    return seen if seen.ndim == 3 else seen[..., None]


def explained(seen: np.ndarray, versions: np.ndarray) -> float:
    """The multiple correlation of one of the versions with a smooth function of the colours."""
    colours = seen.reshape(-1, seen.shape[-1])
    colours = (colours - colours.mean(axis=0)) / (colours.std(axis=0) + 1e-3)
    terms = [colours, colours**2, colours**3]
    if colours.shape[1] == 3:
        red, green, blue = colours.T
        mixed = (red * green, red * blue, green * blue, red * green * blue)
        terms.append(np.stack(mixed, axis=-1))
    features = np.concatenate(terms, axis=1)
    features = features - features.mean(axis=0)
    # As the features' products: far quicker than a decomposition of the features themselves.
    products = features.T @ features
    products[np.diag_indices_from(products)] *= 1 + 1e-5
    products[np.diag_indices_from(products)] += 1e-6
    shared = features.T @ versions.T
    explained = (shared * np.linalg.solve(products, shared)).sum(axis=0)
    share = explained / np.maximum((versions**2).sum(axis=1), 1e-9)
    free = max(len(colours) - features.shape[1] - 1, 1)
    adjusted = 1 - (1 - share) * (len(colours) - 1) / free
    return float(np.sqrt(max(adjusted.max(), 0)))


def _units(size: tuple[int, int], shape: tuple[int, int]) -> list[float]:
    """Pixels that one of an image's may take: whole numbers first, which are the most usual."""
    height, width = shape
    least = max(
        MIN_SIDE / 28,
        np.sqrt(size[0] * size[1] / (_MOST_CELLS * width * height)),
    )
    most = min(size[0] / width, size[1] / height)
    whole = [unit for unit in range(1, 33) if least <= unit <= most]
    count = int(np.log(max(most / least, 1)) / np.log(_SCALE_STEP)) + 1 if most >= least else 0
    between = [least * _SCALE_STEP**i for i in range(count)]
    return [*map(float, whole), *between]


def _coarse_peaks(
    picture: Image.Image, templates: dict[int, np.ndarray]
) -> dict[int, list[tuple[float, int, int]]]:
    """For each template its best places: correlation, x and y."""
    pixels = np.asarray(picture, np.float32)
    channels = pixels[..., None] if pixels.ndim == 2 else pixels
    peaks: dict[int, list[tuple[float, int, int]]] = {}
    shape = [fft.next_fast_len(side, real=True) for side in channels.shape[:2]]
    transforms, windows = [], {}
    for channel in np.moveaxis(channels - channels.mean(axis=(0, 1)), -1, 0):
        transforms.append((channel, fft.rfft2(channel, shape)))
    for index, template in templates.items():
        height, width = template.shape
        rows, columns = channels.shape[0] - height + 1, channels.shape[1] - width + 1
        if rows < 1 or columns < 1:
            continue
        centred = template - template.mean()
        turned = np.conj(fft.rfft2(centred, shape))
        likeness = np.zeros((rows, columns), np.float32)
        for number, (channel, transform) in enumerate(transforms):
            spread = windows.setdefault((number, template.shape), None)
            if spread is None:
                spread = windows[number, template.shape] = _spreads(channel, template.shape)
            product = fft.irfft2(transform * turned, shape)[:rows, :columns]
            np.maximum(likeness, np.abs(product) / spread, out=likeness)
        likeness /= np.linalg.norm(centred) + 1e-9
        peaks[index] = []
        for _ in range(_PEAKS):
            y, x = np.unravel_index(likeness.argmax(), likeness.shape)
            if likeness[y, x] < _LIKELY:
                break
            peaks[index].append((float(likeness[y, x]), int(x), int(y)))
            first_row, first_column = max(y - height // 2, 0), max(x - width // 2, 0)
            likeness[first_row : y + height // 2, first_column : x + width // 2] = 0
    return peaks


def _spreads(channel: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The root of the sum of squared deviations from the mean in each window of a shape."""
    sums = []
    for values in (channel.astype(np.float64), channel.astype(np.float64) ** 2):
        total = np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        h, w = shape
        sums.append(total[h:, w:] - total[:-h, w:] - total[h:, :-w] + total[:-h, :-w])
    deviations = sums[1] - sums[0] ** 2 / (shape[0] * shape[1])
    # Where there is no contrast there is nothing to be seen.
    return np.sqrt(np.where(deviations < 4 * shape[0] * shape[1], np.inf, deviations)).astype(np.float32)
