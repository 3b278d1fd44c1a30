"""Reads what a text says of a layer, however it is written, and writes a layer as the tables do."""

import re
from collections.abc import Mapping
from typing import Any

from autograder.adapting.wording import plain
from autograder.lab import RequiredLayer, channels_text, times_text
from autograder.lab.file import ANY, allowed

Attributes = Mapping[str, Any]
"""Values by the names of `RequiredLayer`'s attributes."""

ACTIVATIONS = tuple(name for name in allowed("activation") if name != ANY)
"""The activations that a lab file may name."""

_KIND = re.compile(r"\b\w+?2D\b")
_SIDES = r"(?:\(\s*(\d+)\s*,\s*(\d+)\s*\)|(\d+)\s*[×x]\s*(\d+))"
_SIZE = re.compile(_SIDES)
_CHANNELS = re.compile(r"(\d+)[ -](?:output )?(?:channel|filter)s?\b|filters\s*=\s*(\d+)")
_KERNEL = re.compile(rf"kernel(?:[ _]size)?(?:\s*=|\s+of)?\s*(?:{_SIDES}|(\d+))|{_SIDES}(?=[ -]kernel)")
_ACTIVATION = "|".join(
    name.replace("_", "[ _-]?") for name in sorted(ACTIVATIONS, key=len, reverse=True)
)
_NAMED_ACTIVATION = re.compile(
    rf"\b({_ACTIVATION}) activation|activation\W+({_ACTIVATION})\b", re.IGNORECASE
)
_ANY_ACTIVATION = re.compile(rf"\b({_ACTIVATION})\b", re.IGNORECASE)
_NAMED_PADDING = re.compile(r"(same|valid)['\"]?\s+padding|padding\W+(same|valid)\b")
_ANY_PADDING = re.compile(r"\b(same|valid)\b")


def layer_kind(row: str) -> str:
    """Keras's name of the layer that a row of a table is about; empty if there is none."""
    found = _KIND.search(row)
    return found[0] if found else ""


def resolution(text: str) -> tuple[int, ...]:
    """The height and width that a text begins with; empty if there are none."""
    return _numbers(_SIZE.search(text))


def said_of_convolutions(markdown: str) -> dict[str, Any]:
    """The attributes of convolutions that running text states; the first if it states several."""
    return _convolution(plain(markdown), _NAMED_ACTIVATION, _NAMED_PADDING)


def said_in_row(row: str) -> dict[str, Any]:
    """The attributes of its layer that a row of a table states."""
    kind, text = layer_kind(row), _KIND.sub("", row)
    if kind == "Conv2D":
        return _convolution(text, _ANY_ACTIVATION, _ANY_PADDING)
    found: dict[str, Any] = {}
    if size := _numbers(_SIZE.search(text)):
        found["size"] = size
    if kind == "MaxPooling2D" and (padding := _ANY_PADDING.search(text)):
        found["padding"] = padding[0]
    return found


def in_row(layer: RequiredLayer, default: Attributes) -> str:
    """A layer as a row of a table shows it: its kind, and what differs from the default."""
    parts = [f"{layer.kind} {times_text(layer.size)}" if layer.size else layer.kind]
    if layer.filters is not None and layer.filters != default.get("filters"):
        parts.append(channels_text(layer.filters))
    if layer.kernel is not None and layer.kernel != default.get("kernel"):
        parts.append(f"kernel {times_text(layer.kernel)}")
    if layer.activation is not None and layer.activation != default.get("activation"):
        parts.append(layer.activation)
    usual = default.get("padding") if layer.kind == "Conv2D" else "valid"
    if layer.padding is not None and layer.padding != usual:
        parts.append(f"padding='{layer.padding}'")
    return ", ".join(parts)


def _convolution(text: str, activations: re.Pattern[str], paddings: re.Pattern[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if channels := _numbers(_CHANNELS.search(text)):
        found["filters"] = channels[0]
    # In a row, which names no other size, the kernel may stand without its name.
    of_kernel = _KERNEL.search(text) or (activations is _ANY_ACTIVATION and _SIZE.search(text)) or None
    if sides := _numbers(of_kernel):
        found["kernel"] = sides[0], sides[-1]
    if activation := activations.search(text):
        word = next(filter(None, activation.groups())).lower()
        found["activation"] = _ACTIVATION_NAMES[re.sub("[ _-]", "", word)]
    if padding := paddings.search(text):
        found["padding"] = next(filter(None, padding.groups()))
    return found


_ACTIVATION_NAMES = {name.replace("_", ""): name for name in ACTIVATIONS}


def _numbers(found: re.Match[str] | None) -> tuple[int, ...]:
    return tuple(int(number) for number in found.groups() if number) if found else ()
