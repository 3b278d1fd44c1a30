"""Remembers which images were on screen: those in figures and pictures that were rendered."""

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.transforms import Bbox
from PIL import Image

MAX_DRAWINGS = 400
MAX_PIXELS = 1_000_000


class ScreenRecorder:
    """Collects the arrays behind every picture rendered while it is installed."""

    def __init__(self) -> None:
        self.drawings: list[np.ndarray] = []

    def install(self) -> None:
        """Wraps the two places through which a notebook renders pictures: Matplotlib's canvas,
        when a figure becomes an output, and Pillow's, when an image does."""
        print_figure = FigureCanvasBase.print_figure
        repr_png = Image.Image._repr_png_
        recorder = self

        def recording_print_figure(canvas, filename, *args, **kwargs):
            # A figure saved to a file is not on screen; the inline backend renders into memory.
            if isinstance(filename, io.BytesIO):
                recorder.figure(canvas.figure)
            return print_figure(canvas, filename, *args, **kwargs)

        def recording_repr_png(image):
            recorder.add(np.asarray(image.convert("L"), np.float32) / 255)
            return repr_png(image)

        FigureCanvasBase.print_figure = recording_print_figure
        Image.Image._repr_png_ = recording_repr_png

    def figure(self, figure: Figure) -> None:
        """Adds the images of one figure that can be seen: those in its axes, and those laid on it."""
        for image in figure.images:
            self._artist(image)
        for axes in filter(Axes.get_visible, figure.axes):
            covered: list[Bbox] = []
            drawn = enumerate([*axes.images, *axes.collections])
            # From the topmost down: an image under another of its size is not on screen.
            for _, image in sorted(drawn, key=_height, reverse=True):
                if not image.get_visible() or not hasattr(image, "get_array"):
                    continue
                area = _area(image)
                if area is None or not any(_inside(area, above) for above in covered):
                    self._artist(image)
                if area is not None and image.get_alpha() in (None, 1):
                    covered.append(area)

    def _artist(self, image: object) -> None:
        array = image.get_array()
        if array is not None and array.ndim >= 2:
            self.add(np.ma.filled(np.ma.asarray(array, dtype=np.float32), 0))

    def add(self, array: np.ndarray) -> None:
        """Adds an image (height, width) or (height, width, channels), the latter as its mean."""
        if array.ndim == 3:
            array = array[..., :3].mean(axis=-1)
        pixels = sum(a.size for a in self.drawings) + array.size
        if array.ndim == 2 and len(self.drawings) < MAX_DRAWINGS and pixels <= MAX_PIXELS:
            self.drawings.append(np.array(array, np.float32))


def _height(numbered: tuple[int, object]) -> tuple[float, int]:
    """Of two artists at the same level the later one is on top."""
    position, artist = numbered
    return artist.get_zorder(), position


def _area(artist: object) -> Bbox | None:
    """Where an image lies in its axes' coordinates; None for what is no image."""
    if isinstance(artist, AxesImage):
        left, right, bottom, top = artist.get_extent()
        return Bbox.from_extents(min(left, right), min(bottom, top), max(left, right), max(bottom, top))
    if isinstance(artist, QuadMesh):
        return artist.get_datalim(artist.axes.transData)
    return None


def _inside(area: Bbox, other: Bbox) -> bool:
    return all(other.min <= area.min) and all(area.max <= other.max)
