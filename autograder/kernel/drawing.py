"""Remembers which images are in each figure that was rendered, and where in its file."""

import contextlib
import functools
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from IPython.core import pylabtools
from matplotlib.artist import Artist
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure

from autograder.protocol.evidence import MAX_COORDINATE, Drawing

MAX_DRAWINGS = 400
MAX_PIXELS = 1_000_000
STEPS = 32
"""Of the values whose colours are noted."""

_VECTOR_FORMATS = {"svg", "pdf"}


class ScreenRecorder:
    """Collects the images of every figure rendered while it is installed.

    Whether the figure's file was shown, and what can be seen in it, is for the judge to find out.
    """

    def __init__(self) -> None:
        self.drawings: list[Drawing] = []
        self._places: list[tuple[Artist, tuple[float, ...]]] | None = None
        """Of the figure being rendered, as it was drawn last; None while none is."""

    def install(self) -> None:
        """Wraps Matplotlib's canvas, where a figure becomes a file, and the drawing of a figure."""
        FigureCanvasBase.print_figure = self._recording(FigureCanvasBase.print_figure)
        Figure.draw = self._noting_places(Figure.draw)

    def _recording(self, print_figure: Callable) -> Callable:
        @functools.wraps(print_figure)
        def recording(canvas, filename, *args, **kwargs):
            self._places = []
            try:
                result = print_figure(canvas, filename, *args, **kwargs)
                places = self._places
            finally:
                self._places = None
            if places:
                self._add(_content(filename), places)
            return result

        return recording

    def _noting_places(self, draw: Callable) -> Callable:
        @functools.wraps(draw)
        def noting(figure, renderer):
            result = draw(figure, renderer)
            # A layout is tried out first: what counts is where all is when it is drawn last.
            if self._places is not None:
                self._places = list(_places(figure, renderer))
            return result

        return noting

    def _add(self, picture: bytes, places: list[tuple[Artist, tuple[float, ...]]]) -> None:
        digest = hashlib.sha256(picture).hexdigest()
        if any(known.picture == digest for known in self.drawings):
            return
        for artist, box in places:
            drawn = np.ma.filled(np.ma.asarray(artist.get_array(), dtype=np.float32), 0)
            array = drawn[..., :3].mean(axis=-1) if drawn.ndim == 3 else drawn
            pixels = sum(drawing.array.size for drawing in self.drawings) + array.size
            if array.ndim == 2 and len(self.drawings) < MAX_DRAWINGS and pixels <= MAX_PIXELS:
                colours = np.asarray(_colours(artist, drawn, array), np.float32)
                self.drawings.append(Drawing(digest, box, np.array(array, np.float32), colours))


def render_as_pixels() -> None:
    """Lets figures become PNG where SVG or PDF was asked for: only in pixels can the judge see."""
    select = pylabtools.select_figure_formats

    @functools.wraps(select)
    def select_figure_formats(shell, formats, **kwargs):
        asked = {formats} if isinstance(formats, str) else set(formats)
        return select(shell, asked - _VECTOR_FORMATS or {"png"}, **kwargs)

    # The inline backend takes it from there. It must not be imported yet: with no shell to register
    # with, it would not show figures at the end of a cell.
    pylabtools.select_figure_formats = select_figure_formats


def _places(figure: Figure, renderer: object) -> Iterator[tuple[Artist, tuple[float, ...]]]:
    """The images of a figure, each with its box: see `Drawing`."""
    for artist in figure.findobj(_is_image):
        # No artist of the student's own may stop the figure from being shown.
        with contextlib.suppress(Exception):
            (left, first), (right, last) = _corners(artist, renderer)
            box = (left, renderer.height - first, right, renderer.height - last)
            if all(abs(side) < MAX_COORDINATE for side in box):
                yield artist, tuple(map(float, box))


def _is_image(artist: Artist) -> bool:
    array = artist.get_array() if hasattr(artist, "get_array") else None
    return array is not None and np.ndim(array) >= 2


def _corners(artist: Artist, renderer: object) -> np.ndarray:
    """Where the array begins and ends: the outer corners of its first and its last pixel."""
    if hasattr(artist, "get_coordinates"):
        # A mesh.
        return artist.get_transform().transform(artist.get_coordinates()[[0, -1], [0, -1]])
    upright = getattr(artist, "origin", "upper") != "upper"
    if hasattr(artist, "get_extent"):
        left, right, bottom, top = artist.get_extent()
        transform = artist.get_transform()
    else:
        (left, bottom), (right, top) = artist.get_window_extent(renderer).get_points()
        transform = None
    first, last = (bottom, top) if upright else (top, bottom)
    corners = np.array([(left, first), (right, last)])
    return corners if transform is None else transform.transform(corners)


def _colours(artist: Artist, drawn: np.ndarray, array: np.ndarray) -> np.ndarray:
    """See `Drawing`. drawn: as the artist has it, array: its values."""
    values = np.linspace(array.min(), array.max(), STEPS)
    if drawn.ndim == 3:
        # Colours already: near enough a multiple of their mean.
        scale = 255 if drawn.max() <= 1 else 1
        slope, offset = np.polyfit(array.ravel(), scale * drawn[..., :3].reshape(-1, 3), 1)
        return values[:, None] * slope + offset
    alpha = artist.get_alpha()
    rgba = artist.to_rgba(values, alpha=None if alpha is None else float(np.mean(alpha)))
    axes = artist.axes
    behind = axes.get_facecolor() if axes and axes.axison else artist.figure.get_facecolor()
    paper = np.multiply(behind[:3], behind[3]) + 1 - behind[3]
    return 255 * (rgba[:, :3] * rgba[:, 3:] + paper * (1 - rgba[:, 3:]))


def _content(file: object) -> bytes:
    """What was written to a file; nothing where that cannot be read again."""
    if isinstance(file, io.BytesIO):
        return file.getvalue()
    if isinstance(file, str | os.PathLike):
        path = Path(file)
        with contextlib.suppress(OSError):
            # As Matplotlib names it.
            return (path if path.suffix else path.with_name(f"{path.name}.png")).read_bytes()
    return b""
