"""Records the images in each rendered figure, and their places in its file."""

import contextlib
import functools
import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from IPython.core import pylabtools
from matplotlib.artist import Artist
from matplotlib.backend_bases import FigureCanvasBase, RendererBase
from matplotlib.figure import Figure
from numpy.typing import NDArray

from autograder.protocol.evidence import MAX_COORDINATE, Drawing

MAX_DRAWINGS = 400
MAX_PIXELS = 1_000_000
STEPS = 32
"""Values whose colours are recorded."""

_VECTOR_FORMATS = {"svg", "pdf"}

Place = tuple[Any, tuple[float, ...]]
"""An artist with an array, such as an image or a mesh, and its box: see `Drawing`."""


class ScreenRecorder:
    """Collects the images of every figure that is rendered while it is installed.

    The judge finds out whether the figure's file was shown, and what can be seen in it.
    """

    def __init__(self) -> None:
        self.drawings: list[Drawing] = []
        self._places: list[Place] | None = None
        """Places in the figure being rendered, as it was drawn last; None between figures."""

    def install(self) -> None:
        """Wraps the methods with which Matplotlib draws a figure and turns it into a file."""
        canvas_class: Any = FigureCanvasBase
        figure_class: Any = Figure
        canvas_class.print_figure = self._recording(canvas_class.print_figure)
        figure_class.draw = self._noting_places(figure_class.draw)

    def _recording(self, print_figure: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(print_figure)
        def recording(canvas: Any, filename: Any, *args: Any, **kwargs: Any) -> Any:
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

    def _noting_places(self, draw: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(draw)
        def noting(figure: Figure, renderer: RendererBase) -> Any:
            result = draw(figure, renderer)
            # A figure may be drawn several times to find its layout; the last time counts.
            if self._places is not None:
                self._places = list(_places(figure, renderer))
            return result

        return noting

    def _add(self, picture: bytes, places: list[Place]) -> None:
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
    """Replaces SVG and PDF by PNG as the format of figures, since the judge only sees pixels."""
    select: Callable[..., Any] = pylabtools.select_figure_formats

    @functools.wraps(select)
    def select_figure_formats(shell: Any, formats: str | Iterable[str], **kwargs: Any) -> Any:
        asked = {formats} if isinstance(formats, str) else set(formats)
        return select(shell, asked - _VECTOR_FORMATS or {"png"}, **kwargs)

    # The inline backend looks the function up there. A backend that is imported before there is a
    # shell would not register with the shell, and not show figures at the end of a cell.
    pylabtools.select_figure_formats = select_figure_formats


def _places(figure: Any, renderer: Any) -> Iterator[Place]:
    for artist in figure.findobj(_is_image):
        # An artist of the student's own must not keep the figure from being shown.
        with contextlib.suppress(Exception):
            (left, first), (right, last) = _corners(artist, renderer)
            box = (left, renderer.height - first, right, renderer.height - last)
            if all(abs(side) < MAX_COORDINATE for side in box):
                yield artist, tuple(map(float, box))


def _is_image(artist: Artist) -> bool:
    array = artist.get_array() if hasattr(artist, "get_array") else None
    return array is not None and np.ndim(array) >= 2


def _corners(artist: Any, renderer: RendererBase) -> NDArray[Any]:
    """Returns where the array begins and ends: the outer corners of its first and its last pixel."""
    if hasattr(artist, "get_coordinates"):
        # The artist is a mesh.
        ends = artist.get_coordinates()[[0, -1], [0, -1]]
        return np.asarray(artist.get_transform().transform(ends))
    upright = getattr(artist, "origin", "upper") != "upper"
    if hasattr(artist, "get_extent"):
        left, right, bottom, top = artist.get_extent()
        transform = artist.get_transform()
    else:
        (left, bottom), (right, top) = artist.get_window_extent(renderer).get_points()
        transform = None
    first, last = (bottom, top) if upright else (top, bottom)
    corners = np.array([(left, first), (right, last)])
    return corners if transform is None else np.asarray(transform.transform(corners))


def _colours(artist: Any, drawn: NDArray[Any], array: NDArray[Any]) -> NDArray[Any]:
    """Returns the colours of a `Drawing`. drawn: the artist's own array, array: its values."""
    values = np.linspace(array.min(), array.max(), STEPS)
    if drawn.ndim == 3:
        # The array holds colours already, which are nearly multiples of their mean.
        scale = 255 if drawn.max() <= 1 else 1
        slope, offset = np.polyfit(array.ravel(), scale * drawn[..., :3].reshape(-1, 3), 1)
        return np.asarray(values[:, None] * slope + offset)
    alpha = artist.get_alpha()
    rgba = artist.to_rgba(values, alpha=None if alpha is None else float(np.mean(alpha)))
    axes = artist.axes
    behind = axes.get_facecolor() if axes and axes.axison else artist.figure.get_facecolor()
    paper = np.multiply(behind[:3], behind[3]) + 1 - behind[3]
    return np.asarray(255 * (rgba[:, :3] * rgba[:, 3:] + paper * (1 - rgba[:, 3:])))


def _content(file: object) -> bytes:
    """Returns the content that was written to a file; nothing if it cannot be read again."""
    if isinstance(file, io.BytesIO):
        return file.getvalue()
    if isinstance(file, str | os.PathLike):
        path = Path(file)
        with contextlib.suppress(OSError):
            # Matplotlib adds this suffix.
            return (path if path.suffix else path.with_name(f"{path.name}.png")).read_bytes()
    return b""
