"""Rebuilds an SVG from its shapes, texts and pictures, if a browser can draw them in a few seconds.

A kilobyte of SVG can keep a browser busy for minutes, if each of its groups uses the one before ten
times. So an element counts as often as it is drawn.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, tostring

from defusedxml.ElementTree import fromstring

MAX_CHARACTERS = 5_000_000
MAX_ELEMENTS = 50_000
MAX_DEPTH = 100
"""Most levels of elements within elements, and within elements that these refer to."""

MAX_EFFORT = 30_000
"""Most shapes that are drawn; a long outline, a layer or a picture counts as several."""

GROUP, CLIP, GRADIENT, LAYER = 0.25, 8, 15, 25
"""Shapes that each of these counts as, by its time in Chromium. A shape takes half a millisecond."""

MAX_SIDE = 4000
"""Longest side of the whole drawing in any unit; a larger drawing gets its size from the page."""

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}"

_SHAPES = {"circle", "ellipse", "line", "path", "polygon", "polyline", "rect"}
_TEXTS = {"desc", "text", "title", "tspan"}
# No scripts, links or HTML, and nothing that repeats, blends or moves what is drawn.
_TAGS = (
    _SHAPES
    | _TEXTS
    | {
        *("clipPath", "defs", "g", "image", "linearGradient", "marker", "radialGradient", "stop"),
        *("style", "svg", "symbol", "use"),
    }
)

_REFERRING = {"clip-path", "fill", "marker-end", "marker-mid", "marker-start", "stroke"}
_DASHES = "stroke-dasharray"
_PROPERTIES = _REFERRING | {
    *("alignment-baseline", "background", "clip-rule", "color", "display", "dominant-baseline"),
    *("fill-opacity", "fill-rule", "font", "font-family", "font-size", "font-stretch", "font-style"),
    *("font-variant", "font-weight", "letter-spacing", "opacity", "overflow", "paint-order"),
    *("shape-rendering", "stop-color", "stop-opacity", "stroke-dashoffset", "stroke-linecap"),
    *("stroke-linejoin", "stroke-miterlimit", "stroke-opacity", "stroke-width", "text-anchor"),
    *("text-decoration", "text-rendering", "visibility", "white-space"),
}
_GEOMETRY = {
    *("cx", "cy", "d", "height", "points", "r", "rx", "ry", "width", "x", "x1", "x2", "y", "y1", "y2")
}
_ATTRIBUTES = _GEOMETRY | _PROPERTIES | {
    *("class", "clipPathUnits", "dx", "dy", "fx", "fy", "gradientTransform", "gradientUnits"),
    *("markerHeight", "markerUnits", "markerWidth", "offset", "orient", "preserveAspectRatio"),
    *("refX", "refY", "rotate", "spreadMethod", "transform", "version", "viewBox"),
}  # fmt: skip

_NAME = re.compile(r"[\w:.-]{1,200}")
_REFERENCE = re.compile(r"""url\(\s*["']?#([\w:.-]{1,200})["']?\s*\)""")
_PICTURE = re.compile(r"data:image/(?:png|jpe?g);base64,[A-Za-z0-9+/=]+")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
_SELECTOR = re.compile(r"[\w\s.,#*>:-]{1,500}")
_COLOUR = re.compile(r"[\w\s#.%-]*(?:(?:rgb|hsl)a?\([\d\s.,%/-]*\))?")


@dataclass(frozen=True)
class Drawing:
    """An SVG with known parts only, and the effort of drawing it."""

    data: bytes
    effort: float


def harmless_svg(drawing: str) -> Drawing:
    """Rebuilds an SVG from its known parts. Raises ValueError if it is no SVG, or too large."""
    if len(drawing) > MAX_CHARACTERS or drawing.count("<") > 2 * MAX_ELEMENTS:
        raise ValueError("too much to be drawn")
    try:
        # An encoding that the drawing declares no longer applies to its text.
        root = _rebuilt(fromstring(drawing.encode()), 0, set())
    except Exception as error:
        raise ValueError(f"not a drawing: {error}") from None
    if root is None or root.tag != "svg":
        raise ValueError("not a drawing: it has no <svg>")
    root.set("xmlns", _SVG.strip("{}"))
    root.set("xmlns:xlink", _XLINK.strip("{}"))
    for side in ("width", "height"):
        if _largest(root.get(side, "")) > MAX_SIDE:
            del root.attrib[side]
    effort = _Effort(root).of(root)
    if effort > MAX_EFFORT:
        raise ValueError("too much to be drawn")
    return Drawing(tostring(root), effort)


def _rebuilt(element: Element, depth: int, names: set[str]) -> Element | None:
    """A new element with an element's known parts; None if it is unknown itself. names: ids so far."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    name = element.tag.removeprefix(_SVG) if isinstance(element.tag, str) else ""
    if name not in _TAGS:
        return None
    made = Element(name, dict(_attributes(element, name)))
    if (own := element.get("id", "")) and _NAME.fullmatch(own) and own not in names:
        names.add(own)
        made.set("id", own)
    if name == "style":
        made.text = "\n".join(_rules(element.text or ""))
        return made
    if name in _TEXTS:
        made.text = element.text
    for child in element:
        if (kept := _rebuilt(child, depth + 1, names)) is not None:
            kept.tail = child.tail if name in _TEXTS else None
            made.append(kept)
        elif name in _TEXTS and child.tail:
            # The text after an element that is left out stays.
            if len(made):
                made[-1].tail = (made[-1].tail or "") + child.tail
            else:
                made.text = (made.text or "") + child.tail
    return made


def _attributes(element: Element, name: str) -> Iterator[tuple[str, str]]:
    """The attributes of an element that are allowed."""
    for key, value in element.items():
        if key == "style":
            declarations = [f"{key}: {value}" for key, value in _declarations(value, name)]
            yield key, "; ".join(declarations)
        elif key in ("href", f"{_XLINK}href"):
            link = "".join(value.split())
            is_picture = name == "image" and _PICTURE.fullmatch(link)
            if is_picture or (name != "image" and link[:1] == "#" and _NAME.fullmatch(link[1:])):
                yield "xlink:href", link
        elif _is_allowed(key, value, name, _ATTRIBUTES):
            yield key, value
    if space := element.get("{http://www.w3.org/XML/1998/namespace}space"):
        yield "xml:space", space


def _declarations(style: str, name: str) -> Iterator[tuple[str, str]]:
    """The declarations of an element's style that are allowed."""
    for declaration in style.split(";"):
        key, _, value = declaration.partition(":")
        key, value = key.strip().lower(), value.strip()
        if _is_allowed(key, value, name, _PROPERTIES):
            yield key, value


def _is_allowed(key: str, value: str, name: str, known: set[str]) -> bool:
    """Whether an element of this name may have a property with this value."""
    if key == _DASHES:
        # Elements would inherit the dashes of a group, so that their effort would change.
        return name in _SHAPES and re.fullmatch(r"none|[\d.,\s]+|(?:[\d.]+px[,\s]*)+", value) is not None
    if key not in known or "\\" in value:
        return False
    return "(" not in value or key in _BRACKETED or (key in _REFERRING and _refers(value))


_BRACKETED = {"gradientTransform", "transform"}


def _refers(value: str) -> bool:
    """Whether a value with brackets is a colour or refers to an element of the same drawing."""
    return _COLOUR.fullmatch(_REFERENCE.sub("", value)) is not None


def _rules(sheet: str) -> Iterator[str]:
    """The rules of a style sheet that refer to no element: its effort could not be counted."""
    # An unfinished comment lasts to the end: to search for its end at each "/*" takes quadratic time.
    for rule in re.sub(r"/\*.*?(?:\*/|\Z)", "", sheet[:20_000], flags=re.DOTALL).split("}"):
        selector, _, style = rule.partition("{")
        if _SELECTOR.fullmatch(selector.strip()):
            kept = [f"{k}: {v}" for k, v in _declarations(style, "style") if "url" not in v.lower()]
            yield f"{selector.strip()} {{{'; '.join(kept)}}}"


class _Effort:
    """Estimates the effort of drawing an element, with all that is in it and all that it refers to."""

    def __init__(self, root: Element) -> None:
        self._named = {e.get("id"): e for e in root.iter() if e.get("id")}
        self._known: dict[Element, float] = {}
        self._open: set[Element] = set()

    def of(self, element: Element, depth: int = 0) -> float:
        """Returns the effort for an element. Raises ValueError if the element contains itself."""
        if element in self._known:
            return self._known[element]
        if element in self._open or depth > MAX_DEPTH:
            raise ValueError("a drawing within itself")
        self._open.add(element)
        # Definitions are only drawn where an element refers to them.
        drawn = () if element.tag == "defs" else element
        effort = _own_effort(element) + sum(self.of(child, depth + 1) for child in drawn)
        for key, name in _references(element):
            if name in self._named:
                effort += self._through(key, self._named[name], element, depth + 1)
        self._open.remove(element)
        self._known[element] = effort
        return effort

    def _through(self, key: str, used: Element, element: Element, depth: int) -> float:
        """The effort for what an element refers to with one of its properties."""
        effort = self.of(used, depth)
        if key.startswith("marker"):
            return effort * _points(element)
        if key == "clip-path":
            return effort + (0 if all(child.tag == "rect" for child in used) else CLIP)
        return effort + (GRADIENT if used.tag.endswith("Gradient") else 0)


def _references(element: Element) -> Iterator[tuple[str, str]]:
    """The properties by which an element refers to others, and their ids."""
    link = element.get("xlink:href", "")
    if link.startswith("#"):
        yield "href", link[1:]
    for key, value in _properties(element):
        if key in _REFERRING:
            for name in _REFERENCE.findall(value):
                yield key, name


def _properties(element: Element) -> Iterator[tuple[str, str]]:
    """An element's properties: its attributes, and then its style, which overrides them."""
    yield from element.items()
    yield from _declarations(element.get("style", ""), element.tag)


def _own_effort(element: Element) -> float:
    """The effort for an element without all that it holds and refers to, as a number of shapes."""
    properties = dict(_properties(element))
    effort = 1 if element.tag in _SHAPES or element.tag in _TEXTS else GROUP
    # The time for lines that cross one another grows with the square of their number.
    effort += _points(element) / 50 + (_points(element) / 400) ** 2
    effort += (len(element.text or "") + len(element.tail or "")) / 2
    if "opacity" in properties and element.tag not in _SHAPES:
        effort += LAYER
    if element.tag == "image":
        effort += _pixels(element.get("xlink:href", "")) / 10_000
    period = sum(map(float, _NUMBER.findall(properties.get(_DASHES, ""))))
    if period:
        length = 2 * _points(element) * max(_largest(element.get(key, "")) for key in _GEOMETRY)
        effort += length / period / 1000
    return effort


def _points(element: Element) -> int:
    """The most corners that an element can have."""
    return max(len(_NUMBER.findall(element.get(key, ""))) for key in ("d", "points")) + 2


def _largest(numbers: str) -> float:
    """The largest absolute value among the numbers in a text."""
    return max((abs(float(number)) for number in _NUMBER.findall(numbers)), default=0)


def _pixels(picture: str) -> int:
    """A picture's pixels: of a PNG, as many as it declares; else, the most that its bytes can encode."""
    data = picture.partition(",")[2]
    head = base64.b64decode(data[:32] + "=" * (-len(data[:32]) % 4))
    if head.startswith(b"\x89PNG") and len(head) >= 24:
        return int.from_bytes(head[16:20], "big") * int.from_bytes(head[20:24], "big")
    return 50 * len(data)
