"""Shows Plotly's heatmaps and images as pixels, which feedback can show and the judge can see.

Plotly's own outputs are programs, which no feedback runs.
"""

import base64
import functools
import io
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
from IPython.display import Image, display
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image as Pixels

from autograder.kernel.after_import import after_import

MOST_DRAWN = 200
COLUMNS = 10


def install() -> None:
    """Changes Plotly as soon as it is imported."""
    after_import("plotly.basedatatypes", _replace)


def _replace(module: ModuleType) -> None:
    for name in ("show", "_ipython_display_"):
        setattr(module.BaseFigure, name, _in_pixels(getattr(module.BaseFigure, name)))


def _in_pixels(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def show(figure: Any, *args: Any, **kwargs: Any) -> Any:
        images = list(_images(figure))[:MOST_DRAWN]
        if not images:
            return original(figure, *args, **kwargs)
        display(Image(_drawn(images)))
        return None

    return show


def _images(figure: Any) -> Iterator[tuple[NDArray[Any], bool]]:
    """Yields the arrays of a figure, in all its frames, and whether each is drawn from below."""
    # Where there are facets, only one axis is reversed, and the others follow it.
    axes = [figure.layout[name] for name in figure.layout if name.startswith("yaxis")]
    from_below = not any(axis.autorange == "reversed" for axis in axes)
    traces = [trace for frame in figure.frames for trace in frame.data] or figure.data
    for trace in traces:
        if trace.type == "image":
            yield _of_image(trace), False
        elif trace.type == "heatmap" and np.ndim(trace.z) == 2:
            yield np.asarray(trace.z, float), from_below


def _of_image(trace: Any) -> NDArray[np.uint8]:
    if trace.source is None:
        return np.asarray(trace.z, np.uint8)[..., :3]
    content = base64.b64decode(trace.source.partition(",")[2])
    return np.asarray(Pixels.open(io.BytesIO(content)).convert("RGB"))


def _drawn(images: list[tuple[NDArray[Any], bool]]) -> bytes:
    """Returns one figure of all images, as PNG."""
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
