"""Collects the pictures that a page shows of a notebook's outputs, which may hide or fake some."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

MOST_PICTURES = 400
MOST_PICTURE_CHARACTERS = 24 * 2**20

_PREFERRED = ("text/markdown", "text/latex")
"""MIME types that a page prefers to pixels."""
_PIXELS = ("image/png", "image/jpeg", "image/gif")
_HOLDS_PICTURES = ("data:image/", "<video", "<canvas")
_DRAWN_BY_SCRIPTS = ("application/javascript", "application/vnd.bokehjs", "application/vnd.vega")
_EMBEDDED = re.compile(r"data:image/(?:png|jpeg|gif);base64,([\w+/=\s]+)", re.ASCII)
_HARMLESS_STYLE = re.compile(
    r"(?:\s*(?:margin|padding|border|float|text-align|vertical-align|image-rendering|color|font|background"
    r"|display: ?(?:flex|grid|block|inline)|gap|flex|justify|align|grid|max-width|max-height)[\w-]*"
    r"(?:\s*:[^;:()]*)?;?|\s*(?:width|height)\s*:\s*(?:[2-9]\d|\d{3,4})(?:px|%)\s*;?)*\s*"
)
"""Declarations that neither hide a picture nor make it small."""
_STYLE = re.compile(r"""\bstyle=(["'])([^"'<>]*)\1""")
_MAY_HIDE = re.compile(
    r"<(?:style|script|template|details|noscript|iframe|svg|textarea|link|!)|hidden|:[^;\"']{0,40}-\d"
)
_SIDES = re.compile(r"""\b(?:width|height)=(["']?)([^"'\s]*)\1""")
_SIDE = re.compile(r"(?:[2-9]\d|\d{3,4})(?:px|%)?")
_INVISIBLE_SVG = re.compile(r"opacity\W{1,4}0|display|visibility|<(?:defs|symbol)[^>]*>\s*<image")


def pictures(outputs: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The PNG, JPEG and GIF files, in base64, that a page shows of these outputs, up to a limit."""
    found: list[str] = []
    left = MOST_PICTURE_CHARACTERS
    for output in outputs:
        for picture in _pictures(output.get("data") or {}):
            left -= len(picture)
            if left < 0 or len(found) >= MOST_PICTURES:
                return tuple(found)
            found.append(picture)
    return tuple(found)


def out_of_sight(outputs: Iterable[Mapping[str, Any]]) -> int:
    """How many of these outputs may show pictures that `pictures` cannot find."""
    return sum(_draws_out_of_sight(output.get("data") or {}) for output in outputs)


def _draws_out_of_sight(data: Mapping[str, Any]) -> bool:
    if any(kind.startswith(_DRAWN_BY_SCRIPTS) for kind in data):
        return True
    return any(
        isinstance(page, str)
        and any(mark in page for mark in _HOLDS_PICTURES)
        and not _pictures({kind: page})
        for kind, page in data.items()
        if kind in ("text/html", "image/svg+xml")
    )


def _pictures(data: Mapping[str, Any]) -> list[str]:
    html = data.get("text/html")
    if html:
        return _of_html(html) if isinstance(html, str) and "data:image/" in html else []
    if any(kind in data for kind in _PREFERRED):
        return []
    svg = data.get("image/svg+xml")
    if svg:
        return _of_svg(svg) if isinstance(svg, str) else []
    return [data[kind] for kind in _PIXELS if isinstance(data.get(kind), str)][:1]


def _of_html(html: str) -> list[str]:
    """The pictures in HTML; none if something in it may hide a picture or make it small."""
    styles = [value for _, value in _STYLE.findall(html)]
    if _MAY_HIDE.search(html) or len(styles) != html.count("style"):
        return []
    if not all(map(_HARMLESS_STYLE.fullmatch, styles)):
        return []
    tags = [tag[1] for tag in re.finditer(r"<img\s([^<>]*)>", html)]
    if not all(_SIDE.fullmatch(side) for tag in tags for _, side in _SIDES.findall(tag)):
        return []
    return [embedded[1] for tag in tags if (embedded := _EMBEDDED.search(tag))]


def _of_svg(svg: str) -> list[str]:
    """The pictures in an SVG drawing; none if something in it may be invisible."""
    if _INVISIBLE_SVG.search(svg):
        return []
    images = (tag[1] for tag in re.finditer(r"<image\s([^<>]*)>", svg))
    return [embedded[1] for each in images if (embedded := _EMBEDDED.search(each))]
