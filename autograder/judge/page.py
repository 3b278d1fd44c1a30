"""Checks which of the images that the kernel reports as drawn can be seen in the pictures on the page.

The kernel reports the picture, place and colours of each image, and could report anything. So each
picture is decoded, and its pixels at that place are compared with the expected ones. Pictures that the
kernel does not report are left for `autograder.judge.search`.
"""

import base64
import binascii
import hashlib
import io
import itertools
import logging
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from autograder.lab import IMAGE_SHAPE
from autograder.protocol.evidence import Array, Drawing

log = logging.getLogger(__name__)

MIN_SIDE = 14
"""Smallest width and height of a digit on the page, in pixels."""
MIN_CONTRAST = 16
"""Smallest difference between the dark and bright parts of a picture, in levels of 256."""
TOLERANCE = 0.3
"""Share of an image's contrast by which a pixel may be off: most renderers smooth images."""
MIN_AGREEMENT = 0.5
"""Share of the pixels that must be as expected; axes' labels may cover some."""
COPY_AGREEMENT = 0.8
"""The same share in a picture other than the figure's own file: any two digits agree in about half."""
MAX_OFF = 64
"""Levels by which an image of a single colour may be off."""
FLAT = 0.01
"""An image with a smaller range of values shows nothing, whatever the colours."""
MAX_WITHOUT_BYTES = 16
"""Largest value in an image that counts as scaled from 0 to 1, not from 0 to 255."""
SAME_PLACE = 0.5
"""Two images that overlap in this share of their joint area are in one place: one hides the other."""

MAX_PICTURE_PIXELS = 16_000_000
MAX_PIXELS = 64_000_000
"""Most pixels of all pictures and of the images in them together."""
MAX_UNKNOWN_PIXELS = 16_000_000
"""Most pixels of all pictures that the kernel does not report; a single one may have a quarter of it."""
MAX_DRAWINGS = 400
MAX_TRIED = 2000
"""Most comparisons of images with pictures other than those that the kernel reports for them."""
MAX_CHUNKS = 5000
"""Most chunks of a PNG: each takes time to read."""
MAX_SCANS = 20
"""Most scans of a JPEG: each goes over all pixels."""
MAX_GIF_BLOCKS = 5000
"""Most blocks of a GIF: each takes time to read."""
_FULL_BLOCK = 0.05
"""Weight of a full block of a GIF's pixels: consecutive full blocks are read in one go."""
MAX_FRAMES = 60
"""Most frames of an animation: each counts as a picture."""
_LEVELS = 3

NOT_SHOWN = "in a figure that is not in the notebook's output: it was only saved, or closed"
SMALL = f"drawn smaller than {MIN_SIDE}×{MIN_SIDE} pixels"
FAINT = (
    "drawn in colours too much alike to be seen: leave out vmin and vmax or let them be the least and "
    "the largest value (0 and 1), and leave out alpha"
)
COVERED = "drawn where something else is seen: another image or figure covers it, or it is cut off"


@dataclass(frozen=True)
class Sight:
    """An image that was drawn, and what can be seen of it on the page."""

    array: Array
    colours: tuple[Array, Array] | None = None
    """The expected colours and those on the page: (height, width, 3), 0 to 255; None if unknown."""
    hidden: str = ""
    """Why nothing of the image can be seen; empty if something can."""

    def why_unseen(self, part: tuple[slice, slice]) -> str:
        """Why these rows and columns of the image cannot be seen; empty if they can."""
        if self.hidden or self.colours is None:
            return self.hidden
        values, (meant, shown) = self.array[part], (colours[part] for colours in self.colours)
        spread = np.ptp(values) / (255 if self.array.max() > MAX_WITHOUT_BYTES else 1)
        if spread <= FLAT:
            # A single value with rounding errors may show any of the image's colours, but no other.
            middle, seen = (np.median(colours, axis=(0, 1)) for colours in (meant, shown))
            return "" if np.abs(middle - seen).max() <= MAX_OFF else COVERED
        # Values that differ little may be shown on the scale from black (0) to white (1).
        if np.ptp(meant, axis=(0, 1)).max() < min(MIN_CONTRAST, 255 * spread / 2):
            return FAINT
        if _agreement(values, meant, shown) >= MIN_AGREEMENT:
            return ""
        # For an RGB image the brightness is known, but not each channel.
        bright = (colours.mean(axis=-1, keepdims=True) for colours in (meant, shown))
        return "" if _agreement(values, *bright) >= MIN_AGREEMENT else COVERED


def look(drawings: Sequence[Drawing], pictures: Sequence[str]) -> tuple[list[Sight], list[Image.Image]]:
    """Returns what can be seen of the drawings, and the pictures that no drawing names.

    pictures: PNG, JPEG or GIF files in base64, as they were sent to the page.
    """
    drawn: dict[str, list[Drawing]] = defaultdict(list)
    for drawing in drawings[:MAX_DRAWINGS]:
        drawn[drawing.picture].append(drawing)
    sights: list[Sight] = []
    unknown: list[Image.Image] = []
    pixels_left: float = MAX_PIXELS
    unknown_left = MAX_UNKNOWN_PIXELS
    for content in dict.fromkeys(map(_bytes, pictures)):
        within = drawn.get(hashlib.sha256(content).hexdigest(), ())
        most = (pixels_left, MAX_PICTURE_PIXELS) if within else (unknown_left, MAX_UNKNOWN_PIXELS // 4)
        frames = _decoded(content, min(most))
        if not frames:
            continue
        pixels = sum(frame.width * frame.height for frame in frames)
        pixels_left -= pixels + sum(min(_area(drawing), pixels) for drawing in within)
        if not within:
            unknown_left -= pixels
            unknown += frames
        elif pixels_left >= 0:
            sights += _seen_in(frames[0], drawn.pop(within[0].picture))
    elsewhere = list(itertools.chain.from_iterable(drawn.values()))
    sights += _seen_in_copies(unknown, elsewhere)
    sights += [Sight(drawing.array, hidden=NOT_SHOWN) for drawing in elsewhere]
    return sights, unknown


def _seen_in_copies(pictures: Sequence[Image.Image], drawings: Sequence[Drawing]) -> list[Sight]:
    """The images of figures whose own files were not sent, found in pictures with the same pixels.

    A figure that was saved, read and shown again is another file, and so is an animation of figures.
    """
    seen: list[Sight] = []
    tried, pixels = 0, 0.0
    for picture in pictures if drawings else ():
        tried += len(drawings)
        whole = picture.width * picture.height
        pixels += sum(min(_area(drawing), whole) for drawing in drawings)
        if tried > MAX_TRIED or pixels > MAX_PIXELS:
            break
        seen += [sight for sight in _seen_in(picture, drawings) if _likeness(sight) >= COPY_AGREEMENT]
    return seen


def _bytes(picture: str) -> bytes:
    try:
        return base64.b64decode(picture)
    except (binascii.Error, ValueError):
        return b""


def _decoded(content: bytes, max_pixels: float) -> list[Image.Image]:
    """The picture, or the frames of an animation; none if it is too large or not a picture."""
    if _laborious(content):
        return []
    frames: list[Image.Image] = []
    try:
        image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "GIF"))
        most = min(MAX_FRAMES, int(max_pixels // (image.width * image.height)))
        count = getattr(image, "n_frames", 1) if image.format == "GIF" else 1
        for number in range(min(most, count)):
            image.seek(number)
            frames.append(_on_paper(image))
    except Exception as error:
        # Pillow raises nearly any exception for a broken file.
        log.info("A picture cannot be read: %r", error)
    return frames


def _on_paper(image: Image.Image) -> Image.Image:
    """The picture on a white background, in RGB."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image).convert("RGB")


def _laborious(content: bytes) -> bool:
    """Whether a file has so many parts that reading it would take long."""
    if content.startswith(b"\xff\xd8"):
        return content.count(b"\xff\xda") > MAX_SCANS
    if content.startswith(b"GIF8"):
        return _blocks(content) > MAX_GIF_BLOCKS
    position, chunks = 8, 0
    while position < len(content) and chunks <= MAX_CHUNKS:
        position += 12 + int.from_bytes(content[position : position + 4])
        chunks += 1
    return chunks > MAX_CHUNKS


def _blocks(gif: bytes) -> int:
    """The number of a GIF's blocks, counted up to a few more than are read; full blocks count less."""
    position, blocks = 13 + _colours(gif, 10), 0.0
    while gif[position : position + 1] in (b"!", b",") and blocks <= MAX_GIF_BLOCKS:
        # An image starts with its place, its colours and the size of its codes.
        position += 2 if gif[position : position + 1] == b"!" else 11 + _colours(gif, position + 9)
        while position < len(gif) and gif[position] and blocks <= MAX_GIF_BLOCKS:
            blocks += 1 if gif[position] < 255 else _FULL_BLOCK
            position += 1 + gif[position]
        position += 1
        blocks += 1
    return math.ceil(blocks)


def _colours(gif: bytes, position: int) -> int:
    """The size in bytes of a colour table, given by the flags at a position of the file."""
    flags = gif[position] if position < len(gif) else 0
    return 3 << (flags % 8 + 1) if flags & 0x80 else 0


def _seen_in(picture: Image.Image, drawings: Sequence[Drawing]) -> list[Sight]:
    """Returns what can be seen of each drawing in the picture."""
    sights = [_sight(picture, drawing) for drawing in drawings]
    boxes = np.array([_upright(drawing.box) for drawing in drawings])
    rivals = [_overlap(box, boxes) > SAME_PLACE for box in boxes]
    # Of several images in one place, only the one that is most like the pixels there is seen.
    likeness = np.array(
        [_likeness(s) if r.sum() > 1 else 1 for s, r in zip(sights, rivals, strict=True)]
    )
    for i in np.argsort(-likeness, kind="stable"):
        for other in np.flatnonzero(rivals[i]):
            if other != i and not sights[i].hidden and likeness[other] <= likeness[i]:
                sights[other] = replace(sights[other], hidden=COVERED)
    return sights


def _sight(picture: Image.Image, drawing: Drawing) -> Sight:
    array = drawing.array
    height, width = array.shape
    left, top, right, bottom = _upright(drawing.box)
    if min((right - left) / width, (bottom - top) / height) * IMAGE_SHAPE[0] < MIN_SIDE:
        return Sight(array, hidden=SMALL)
    # Matplotlib rounds boxes to whole pixels.
    if min(left, top) < -1 or right > picture.width + 1 or bottom > picture.height + 1:
        return Sight(array, hidden=COVERED)
    box = (max(left, 0), max(top, 0), min(right, picture.width), min(bottom, picture.height))
    shown = np.asarray(picture.resize((width, height), Image.Resampling.BOX, box), np.float32)
    shown = shown[:: -1 if drawing.box[1] > drawing.box[3] else 1]
    shown = shown[:, :: -1 if drawing.box[0] > drawing.box[2] else 1]
    steps = np.linspace(array.min(), array.max(), len(drawing.colours))
    meant = np.stack([np.interp(array, steps, channel) for channel in drawing.colours.T], axis=-1)
    return Sight(array, (meant, shown))


def _likeness(sight: Sight) -> float:
    if sight.hidden or sight.colours is None:
        return 0.0
    return _agreement(sight.array, *sight.colours)


def _agreement(values: np.ndarray, meant: np.ndarray, shown: np.ndarray) -> float:
    """The share of pixels that are as expected; dark, middle and bright ones have equal weight.

    Text over a part of an image leaves some pixels of each kind; another image does not.
    """
    tolerance = max(np.ptp(meant, axis=(0, 1)).max() * TOLERANCE, 2)
    agree = (np.abs(shown - meant).max(axis=-1) <= tolerance).ravel()
    levels = (values - values.min()) / max(np.ptp(values), 1e-9)
    level = np.minimum(levels * _LEVELS, _LEVELS - 1).astype(int).ravel()
    counts = np.bincount(level, minlength=_LEVELS)
    shares = np.bincount(level, agree, _LEVELS)[counts > 0] / counts[counts > 0]
    return float(shares.mean())


def _area(drawing: Drawing) -> float:
    left, top, right, bottom = _upright(drawing.box)
    return (right - left) * (bottom - top)


def _upright(box: Sequence[float]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a box, which may be mirrored or upside down."""
    return min(box[::2]), min(box[1::2]), max(box[::2]), max(box[1::2])


def _overlap(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """The intersection over union of a box with each of several."""
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    both = np.prod(np.maximum(sides, 0), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return np.asarray(both / np.maximum(areas + np.prod(box[2:] - box[:2]) - both, 1e-9))
