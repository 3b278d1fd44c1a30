"""Shows Plotly's heatmaps and images as pixels: its outputs are programs, which no feedback runs.

A picture in pixels is in the student's feedback, and the judge sees what is on it.
"""

import base64
import functools
import io
from collections.abc import Iterator
from types import ModuleType

import numpy as np
from IPython.display import Image, display
from matplotlib.figure import Figure
from PIL import Image as Pixels

from autograder.kernel.after_import import after_import

MOST_DRAWN = 200
COLUMNS = 10


def install() -> None:
    """Waits for Plotly to be imported."""
    after_import("plotly.basedatatypes", _replace)


def _replace(module: ModuleType) -> None:
    for name in ("show", "_ipython_display_"):
        setattr(module.BaseFigure, name, _in_pixels(getattr(module.BaseFigure, name)))


def _in_pixels(original):
    @functools.wraps(original)
    def show(figure, *args, **kwargs):
        images = list(_images(figure))[:MOST_DRAWN]
        if not images:
            return original(figure, *args, **kwargs)
        display(Image(_drawn(images)))
        return None

    return show


def _images(figure) -> Iterator[tuple[np.ndarray, bool]]:
    """The arrays of a figure, in all its frames, and whether each is drawn from below."""
    # Of facets only one axis says so, and the others follow it.
    axes = [figure.layout[name] for name in figure.layout if name.startswith("yaxis")]
    from_below = not any(axis.autorange == "reversed" for axis in axes)
    traces = [trace for frame in figure.frames for trace in frame.data] or figure.data
    for trace in traces:
        if trace.type == "image":
            yield _of_image(trace), False
        elif trace.type == "heatmap" and np.ndim(trace.z) == 2:
            yield np.asarray(trace.z, float), from_below


def _of_image(trace) -> np.ndarray:
    if trace.source is None:
        return np.asarray(trace.z, np.uint8)[..., :3]
    content = base64.b64decode(trace.source.partition(",")[2])
    return np.asarray(Pixels.open(io.BytesIO(content)).convert("RGB"))


def _drawn(images: list[tuple[np.ndarray, bool]]) -> bytes:
    """One figure of all, as a PNG."""
    columns = min(COLUMNS, len(images))
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(max(1.2 * columns, 4), max(1.2 * rows, 4 if columns == 1 else 1.2)))
    for number, (image, from_below) in enumerate(images, start=1):
        axes = figure.add_subplot(rows, columns, number)
        axes.imshow(image, cmap="plasma", origin="lower" if from_below else "upper")
        axes.set_axis_off()
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
