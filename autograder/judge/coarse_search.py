"""Finds where known images may be in a picture, by correlating both at a coarse resolution (FFT)."""

import math

import numpy as np
from PIL import Image
from scipy import fft

from autograder.judge.page import MIN_SIDE
from autograder.lab import IMAGE_SHAPE

COARSE = 2
"""Each pixel of the coarse search averages a square of an image with this side."""
SCALE_STEP = 1.07
"""Ratio of one size to the next at which images are looked for."""
LIKELY = 0.75
"""Least coarse correlation of a place that is looked at more closely."""
MAX_PEAKS = 3
"""Most places of one image in one picture that are looked at."""
_MAX_CELLS = 400
"""Images are searched for at sizes of which at most this many fit into the picture."""
_MAX_WHOLE = 32
"""Largest whole number by which an image is enlarged in the search."""


def units(size: tuple[int, int], shape: tuple[int, int]) -> list[float]:
    """Factors by which an image may be enlarged: whole numbers first, as they are the most usual.

    size: width and height of the picture. shape: height and width of the image.
    """
    height, width = shape
    least = max(MIN_SIDE / IMAGE_SHAPE[0], math.sqrt(size[0] * size[1] / (_MAX_CELLS * width * height)))
    most = min(size[0] / width, size[1] / height)
    whole = [float(unit) for unit in range(1, _MAX_WHOLE + 1) if least <= unit <= most]
    count = int(math.log(most / least) / math.log(SCALE_STEP)) + 1 if most >= least else 0
    return [*whole, *(least * SCALE_STEP**i for i in range(count))]


def coarse_peaks(
    picture: Image.Image, templates: dict[int, np.ndarray]
) -> dict[int, list[tuple[float, int, int]]]:
    """Returns, for each template, its best places in a picture: correlation, x and y."""
    pixels = np.asarray(picture, np.float32)
    channels = pixels[..., None] if pixels.ndim == 2 else pixels
    peaks: dict[int, list[tuple[float, int, int]]] = {}
    shape = [fft.next_fast_len(side, real=True) for side in channels.shape[:2]]
    transforms = [
        (channel, fft.rfft2(channel, shape))
        for channel in np.moveaxis(channels - channels.mean(axis=(0, 1)), -1, 0)
    ]
    spreads: dict[tuple[int, ...], list[np.ndarray]] = {}
    for index, template in templates.items():
        height, width = template.shape
        rows, columns = channels.shape[0] - height + 1, channels.shape[1] - width + 1
        if rows < 1 or columns < 1:
            continue
        if template.shape not in spreads:
            spreads[template.shape] = [_spread(channel, template.shape) for channel, _ in transforms]
        centred = template - template.mean()
        turned = np.conj(fft.rfft2(centred, shape))
        likeness = np.zeros((rows, columns), np.float32)
        for (_, transform), spread in zip(transforms, spreads[template.shape], strict=True):
            product = fft.irfft2(transform * turned, shape)[:rows, :columns]
            np.maximum(likeness, np.abs(product) / spread, out=likeness)
        likeness /= np.linalg.norm(centred) + 1e-9
        peaks[index] = []
        for _ in range(MAX_PEAKS):
            y, x = np.unravel_index(likeness.argmax(), likeness.shape)
            if likeness[y, x] < LIKELY:
                break
            peaks[index].append((float(likeness[y, x]), int(x), int(y)))
            first_row, first_column = max(y - height // 2, 0), max(x - width // 2, 0)
            likeness[first_row : y + height // 2, first_column : x + width // 2] = 0
    return peaks


def _spread(channel: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The root of the sum of squared deviations from the mean in each window of a shape."""
    (h, w), sums = shape, []
    for values in (channel.astype(np.float64), channel.astype(np.float64) ** 2):
        total = np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        sums.append(total[h:, w:] - total[:-h, w:] - total[h:, :-w] + total[:-h, :-w])
    deviations = sums[1] - sums[0] ** 2 / (h * w)
    # A window without contrast must not correlate with anything.
    return np.sqrt(np.where(deviations < 4 * h * w, np.inf, deviations)).astype(np.float32)
