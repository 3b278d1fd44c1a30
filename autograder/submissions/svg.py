"""Makes a drawing anew of its shapes, texts and pictures, if a browser draws them in a few seconds.

SVG is a language of its own: a kilobyte of it, which uses one group ten times in the next, keeps a
browser busy for minutes. So what is drawn is counted as often as it is drawn.
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
"""Of elements within elements, and within what these refer to."""

MAX_EFFORT = 30_000
"""What is drawn, in shapes: a long outline, a layer or a picture counts as many."""

GROUP, CLIP, GRADIENT, LAYER = 0.25, 8, 15, 25
"""What each takes in Chromium, where a shape as large as the drawing takes half a millisecond."""

MAX_SIDE = 4000
"""Of the whole drawing, in any unit; beyond, it has the size that the page gives it."""

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}"

_SHAPES = {"circle", "ellipse", "line", "path", "polygon", "polyline", "rect"}
_TEXTS = {"desc", "text", "title", "tspan"}
# Neither scripts, links nor HTML, and nothing that repeats, blends or moves what is drawn.
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
    "cx",
    "cy",
    "d",
    "height",
    "points",
    "r",
    "rx",
    "ry",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
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
    """An SVG of the known kind, and what drawing it takes."""

    data: bytes
    effort: float


def harmless_svg(drawing: str) -> Drawing:
    """The drawing with nothing else in it. Raises ValueError if it is none, or holds too much."""
    if len(drawing) > MAX_CHARACTERS or drawing.count("<") > 2 * MAX_ELEMENTS:
        raise ValueError("too much to be drawn")
    try:
        # A declaration of an encoding says nothing of a text.
        root = _made_anew(fromstring(drawing.encode()), 0, set())
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


def _made_anew(element: Element, depth: int, names: set[str]) -> Element | None:
    """The element with what is known of it; None if it is not known. names: the ids so far."""
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
        if (kept := _made_anew(child, depth + 1, names)) is not None:
            kept.tail = child.tail if name in _TEXTS else None
            made.append(kept)
        elif name in _TEXTS and child.tail:
            # What stood behind an element that is left out stays.
            if len(made):
                made[-1].tail = (made[-1].tail or "") + child.tail
            else:
                made.text = (made.text or "") + child.tail
    return made


def _attributes(element: Element, name: str) -> Iterator[tuple[str, str]]:
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
    for declaration in style.split(";"):
        key, _, value = declaration.partition(":")
        key, value = key.strip().lower(), value.strip()
        if _is_allowed(key, value, name, _PROPERTIES):
            yield key, value


def _is_allowed(key: str, value: str, name: str, known: set[str]) -> bool:
    """Whether an element of that name may have a property with that value."""
    if key == _DASHES:
        # Groups hand dashes down to what is in them: they would have to be counted there.
        return name in _SHAPES and re.fullmatch(r"none|[\d.,\s]+|(?:[\d.]+px[,\s]*)+", value) is not None
    if key not in known or "\\" in value:
        return False
    return "(" not in value or key in _BRACKETED or (key in _REFERRING and _refers(value))


_BRACKETED = {"gradientTransform", "transform"}


def _refers(value: str) -> bool:
    """Whether what stands in brackets is a colour, or something in the same drawing."""
    return _COLOUR.fullmatch(_REFERENCE.sub("", value)) is not None


def _rules(sheet: str) -> Iterator[str]:
    """The rules of a style sheet, which refer to nothing: what they apply to is not known here."""
    for rule in re.sub(r"/\*.*?\*/", "", sheet[:20_000], flags=re.DOTALL).split("}"):
        selector, _, style = rule.partition("{")
        if _SELECTOR.fullmatch(selector.strip()):
            kept = [f"{k}: {v}" for k, v in _declarations(style, "style") if "url" not in v.lower()]
            yield f"{selector.strip()} {{{'; '.join(kept)}}}"


class _Effort:
    """What drawing an element takes: all that is in it and all that it refers to, each time anew."""

    def __init__(self, root: Element) -> None:
        self._named = {e.get("id"): e for e in root.iter() if e.get("id")}
        self._known: dict[Element, float] = {}
        self._open: set[Element] = set()

    def of(self, element: Element, depth: int = 0) -> float:
        """Raises ValueError if it is part of itself."""
        if element in self._known:
            return self._known[element]
        if element in self._open or depth > MAX_DEPTH:
            raise ValueError("a drawing within itself")
        self._open.add(element)
        # Definitions are drawn where something refers to them.
        drawn = () if element.tag == "defs" else element
        effort = _own_effort(element) + sum(self.of(child, depth + 1) for child in drawn)
        for key, name in _references(element):
            if name in self._named:
                effort += self._through(key, self._named[name], element, depth + 1)
        self._open.remove(element)
        self._known[element] = effort
        return effort

    def _through(self, key: str, used: Element, element: Element, depth: int) -> float:
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
    """In its attributes and in its style, which goes before them."""
    yield from element.items()
    yield from _declarations(element.get("style", ""), element.tag)


def _own_effort(element: Element) -> float:
    """Shapes that take as long as the element without all that it holds and refers to."""
    properties = dict(_properties(element))
    effort = 1 if element.tag in _SHAPES or element.tag in _TEXTS else GROUP
    # Lines that cross one another take time by the square of their number.
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
    """At most how many corners an element has."""
    return max(len(_NUMBER.findall(element.get(key, ""))) for key in ("d", "points")) + 2


def _largest(numbers: str) -> float:
    return max((abs(float(number)) for number in _NUMBER.findall(numbers)), default=0)


def _pixels(picture: str) -> int:
    """Of a PNG as it says, which is what a browser decodes; of another, the most its bytes may hold."""
    data = picture.partition(",")[2]
    head = base64.b64decode(data[:32] + "=" * (-len(data[:32]) % 4))
    if head.startswith(b"\x89PNG") and len(head) >= 24:
        return int.from_bytes(head[16:20], "big") * int.from_bytes(head[20:24], "big")
    return 50 * len(data)
