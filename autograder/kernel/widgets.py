"""Shows the pictures of widgets in the notebook's outputs, since only a front end draws widgets."""

import base64
import functools
import html
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from autograder.kernel import watchers
from autograder.kernel.after_import import after_import

MOST_PICTURES = 400
"""Most pictures that one output shows."""
_MIME_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "jpg": "image/jpeg", "gif": "image/gif"}


def install() -> None:
    """Changes ipywidgets as soon as it is imported."""
    after_import("ipywidgets.widgets.widget", _with_pictures)


def _with_pictures(module: ModuleType) -> None:
    original = module.Widget._repr_mimebundle_

    @functools.wraps(original)
    def bundle(widget: Any, **options: object) -> dict[str, Any] | None:
        data: dict[str, Any] | None = original(widget, **options)
        pictures = [_tag(image) for image in _images(widget, set())][:MOST_PICTURES]
        return data if data is None or not pictures else data | {"text/html": "".join(pictures)}

    module.Widget._repr_mimebundle_ = bundle


def _images(widget: Any, seen: set[int]) -> Iterator[Any]:
    """Yields the image widgets in a widget, each once; one that is still empty is an incident."""
    if id(widget) in seen:
        return
    seen.add(id(widget))
    if getattr(widget, "_view_name", None) == "ImageView":
        if widget.value:
            yield widget
        else:
            watchers.incident("nobody sees a widget change here: an image widget is empty when shown")
    for child in getattr(widget, "children", ()):
        yield from _images(child, seen)


def _tag(image: Any) -> str:
    kind = _MIME_TYPES.get(str(image.format).lower(), "image/png")
    sides = [
        f'{name}="{html.escape(str(side))}"'
        for name in ("width", "height")
        if (side := getattr(image, name))
    ]
    content = base64.b64encode(bytes(image.value)).decode()
    return f'<img {" ".join([*sides, ""])}src="data:{kind};base64,{content}">'
