"""What is seen on the page: of the images that the kernel says it drew, those in the pictures sent.

The kernel names the pictures, places and colours of its images, and could name any. So each picture is
decoded, and where an image is said to be its pixels are compared with what they should be. Pictures of
which the kernel knows nothing are left for `autograder.judge.search`.
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
"""Pixels on the page that a digit has to be wide and high."""
MIN_CONTRAST = 16
"""Levels, of 256, between the dark and the bright parts of what is seen."""
TOLERANCE = 0.3
"""Share of an image's contrast by which a pixel may differ from what is meant: most smooth it."""
MIN_AGREEMENT = 0.5
"""Share of the pixels that are as meant; axes' labels may cover some."""
COPY_AGREEMENT = 0.8
"""The same in a picture that is not the figure's own file: two digits agree in about half."""
MAX_OFF = 64
"""Levels by which something flat may differ from what is meant."""
FLAT = 0.01
"""Range of values in which nothing can be seen, whatever colours they are given."""
MAX_WITHOUT_BYTES = 16
"""Values beyond are on the scale from 0 to 255, not on that from 0 to 1."""
SAME_PLACE = 0.5
"""Share of their joint area over which two images are in one place, where one hides the other."""

MAX_PICTURE_PIXELS = 16_000_000
MAX_PIXELS = 64_000_000
"""Of all pictures and the images in them together."""
MAX_DRAWINGS = 400
MAX_CHUNKS = 5000
"""Of a PNG, each of which takes its time to read."""
MAX_SCANS = 20
"""Of a JPEG, each of which goes over all pixels."""
MAX_UNKNOWN_PIXELS = 16_000_000
"""Of all pictures together of which the kernel knows nothing; a quarter of them for one."""
MAX_TRIED = 2000
"""Images that are looked for in pictures other than that which the kernel drew them for."""
MAX_GIF_BLOCKS = 5000
"""Of a GIF, each of which takes its time to read."""
_FULL_BLOCK = 0.05
"""What a full block of a GIF's pixels counts: they are read in one go."""
MAX_FRAMES = 60
"""Of a film, each of which is a picture of its own."""
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
    """An image that was drawn, and what is seen of it on the page."""

    array: Array
    meant: Array | None = None
    """The colours it was given, (height, width, 3) from 0 to 255."""
    shown: Array | None = None
    """The colours on the page where it should be."""
    hidden: str = ""
    """Why nothing of it can be seen; empty if something can."""

    def why_unseen(self, part: tuple[slice, slice]) -> str:
        """Why a part of it, rows and columns, cannot be seen; empty if it can."""
        if self.hidden or self.meant is None:
            return self.hidden
        values, meant, shown = self.array[part], self.meant[part], self.shown[part]
        spread = np.ptp(values) / (255 if self.array.max() > MAX_WITHOUT_BYTES else 1)
        if spread <= FLAT:
            # Whatever becomes of rounding errors, it is somewhere in these colours.
            middle, seen = (np.median(colours, axis=(0, 1)) for colours in (meant, shown))
            return "" if np.abs(middle - seen).max() <= MAX_OFF else COVERED
        # Values that differ little may be shown on the scale from black (0) to white (1).
        if np.ptp(meant, axis=(0, 1)).max() < min(MIN_CONTRAST, 255 * spread / 2):
            return FAINT
        if _agreement(values, meant, shown) >= MIN_AGREEMENT:
            return ""
        # Of an image in colours of its own the brightness is known, but not each colour.
        bright = (colours.mean(axis=-1, keepdims=True) for colours in (meant, shown))
        return "" if _agreement(values, *bright) >= MIN_AGREEMENT else COVERED


def look(drawings: Sequence[Drawing], pictures: Sequence[str]) -> tuple[list[Sight], list[Image.Image]]:
    """What can be seen of the drawings, and the pictures of which nothing is known.

    pictures: PNG, JPEG or GIF files in base64, as they were sent to the page.
    """
    drawn = defaultdict(list)
    for drawing in drawings[:MAX_DRAWINGS]:
        drawn[drawing.picture].append(drawing)
    sights, unknown = [], []
    pixels_left, unknown_left = MAX_PIXELS, MAX_UNKNOWN_PIXELS
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
    """The images of figures whose own files were not sent, in pictures that show the same pixels.

    A figure that was saved, read and shown by another library is another file; so is a film of many.
    """
    seen, tried, pixels = [], 0, 0
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


def _decoded(content: bytes, max_pixels: int) -> list[Image.Image]:
    """The picture, or the frames of a film; none where it is too large, or no picture at all."""
    if _laborious(content):
        return []
    frames: list[Image.Image] = []
    try:
        image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "GIF"))
        most = min(MAX_FRAMES, max_pixels // (image.width * image.height))
        for number in range(min(most, image.n_frames if image.format == "GIF" else 1)):
            image.seek(number)
            frames.append(_on_paper(image))
    except Exception as error:
        # Over what is broken Pillow raises nearly anything.
        log.info("A picture cannot be read: %r", error)
    return frames


def _on_paper(image: Image.Image) -> Image.Image:
    """A picture as it is on white paper."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image).convert("RGB")


def _laborious(content: bytes) -> bool:
    """Whether a file is made of so many parts that reading it would take long."""
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
    """The parts of a GIF, at most a few more than are read; full ones hold 255 bytes and count less."""
    position, blocks = 13 + _colours(gif, 10), 0.0
    while gif[position : position + 1] in (b"!", b",") and blocks <= MAX_GIF_BLOCKS:
        # Of an image, its place, its colours and the size of its codes come first.
        position += 2 if gif[position : position + 1] == b"!" else 11 + _colours(gif, position + 9)
        while position < len(gif) and gif[position] and blocks <= MAX_GIF_BLOCKS:
            blocks += 1 if gif[position] < 255 else _FULL_BLOCK
            position += 1 + gif[position]
        position += 1
        blocks += 1
    return math.ceil(blocks)


def _colours(gif: bytes, position: int) -> int:
    """The bytes of a table of colours, as the flags at a position of the file tell."""
    flags = gif[position] if position < len(gif) else 0
    return 3 << (flags % 8 + 1) if flags & 0x80 else 0


def _seen_in(picture: Image.Image, drawings: Sequence[Drawing]) -> list[Sight]:
    """Each drawing, as it is seen in the picture."""
    sights = [_sight(picture, drawing) for drawing in drawings]
    areas = np.array([_upright(drawing.box) for drawing in drawings])
    rivals = [_shares(area, areas) > SAME_PLACE for area in areas]
    # In one place there is one image: that which is most like what is seen there.
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
    # Matplotlib rounds to whole pixels.
    if min(left, top) < -1 or right > picture.width + 1 or bottom > picture.height + 1:
        return Sight(array, hidden=COVERED)
    box = (max(left, 0), max(top, 0), min(right, picture.width), min(bottom, picture.height))
    shown = _pixels(picture.resize((width, height), Image.Resampling.BOX, box))
    shown = shown[:: -1 if drawing.box[1] > drawing.box[3] else 1]
    shown = shown[:, :: -1 if drawing.box[0] > drawing.box[2] else 1]
    steps = np.linspace(array.min(), array.max(), len(drawing.colours))
    meant = np.stack([np.interp(array, steps, channel) for channel in drawing.colours.T], axis=-1)
    return Sight(array, meant, shown)


def _pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture, np.float32)


def _likeness(sight: Sight) -> float:
    return 0.0 if sight.hidden else _agreement(sight.array, sight.meant, sight.shown)


def _agreement(values: np.ndarray, meant: np.ndarray, shown: np.ndarray) -> float:
    """The share of pixels that are seen as meant; dark, middle and bright ones count alike.

    What is written over a part of an image leaves some of each; another image does not.
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
    """Left, top, right and bottom of a box, in whatever direction its image runs."""
    return min(box[::2]), min(box[1::2]), max(box[::2]), max(box[1::2])


def _shares(area: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Of each area the share of what it covers together with this one that both cover."""
    sides = np.minimum(area[2:], areas[:, 2:]) - np.maximum(area[:2], areas[:, :2])
    both = np.prod(np.maximum(sides, 0), axis=1)
    own = np.prod(areas[:, 2:] - areas[:, :2], axis=1)
    return both / np.maximum(own + np.prod(area[2:] - area[:2]) - both, 1e-9)
