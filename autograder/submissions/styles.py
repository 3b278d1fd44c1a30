"""What a style or an attribute of a student's HTML may say: looks, in sizes that cover nothing."""

import re

MAX_SIZES = {"px": 2000, "pt": 1500, "em": 100, "rem": 100, "ex": 200, "ch": 200, "%": 100}
"""Of widths, by unit."""

_NUMBER = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})(px|pt|em|rem|ex|ch|%)?")
# Percentages and ems of a font multiply where tags are nested: they only make it smaller.
_FONT_SIZES = {"px": 32, "pt": 24, "em": 1, "rem": 2, "%": 100}
_SPACES = {"px": 64, "pt": 48, "em": 4, "rem": 4, "ex": 8, "ch": 8}
_BORDERS = {"px": 16, "pt": 12, "em": 1, "rem": 1}

_WORDS = r"[a-z]{1,20}(?:-[a-z]{1,20}){0,3}"
_COLOUR = r"#[0-9a-f]{3,8}|(?:rgb|hsl)a?\([0-9., %]{1,60}\)|[a-z]{1,30}"
_TEXT = re.compile(_WORDS)
_COLOURS = re.compile(_COLOUR)
_DECORATIONS = re.compile(rf"(?:{_COLOUR})(?: (?:{_COLOUR})){{0,3}}")
_FONTS = re.compile(r"""(?:[\w-]+|'[\w .-]{1,60}'|"[\w .-]{1,60}"|[ ,]){1,40}""", re.ASCII)


def _size(value: str, bounds: dict[str, int]) -> bool:
    """Whether it is a number that is not negative, in a known unit, and no more than is allowed."""
    parts = _NUMBER.fullmatch(value)
    if parts is None:
        return False
    number, unit = float(parts[1]), parts[2]
    return number == 0 if unit is None else number <= bounds.get(unit, 0)


def _each(value: str, most: int, allowed) -> bool:
    """Whether it has one to `most` parts, all of which are allowed."""
    # Spaces within the brackets of a colour separate nothing.
    parts = re.sub(r"\s*,\s*", ",", value).split()
    return 0 < len(parts) <= most and all(map(allowed, parts))


def _is_font_size(value: str) -> bool:
    return _size(value, _FONT_SIZES) or value in _NAMED_SIZES


def _is_weight(value: str) -> bool:
    return re.fullmatch(r"[1-9]00|[a-z]{1,10}", value) is not None


def _is_width(value: str) -> bool:
    return value in ("auto", "none", "min-content", "max-content") or _size(value, MAX_SIZES)


def _is_space(value: str) -> bool:
    return _each(value, 4, lambda part: _size(part, _SPACES))


def _is_border(value: str) -> bool:
    return _each(value, 3, lambda part: _size(part, _BORDERS) or _COLOURS.fullmatch(part) is not None)


def _is_border_width(value: str) -> bool:
    return _each(value, 4, lambda part: _size(part, _BORDERS) or part in ("thin", "medium", "thick"))


def _is_colours(value: str) -> bool:
    return _each(value, 4, lambda part: _COLOURS.fullmatch(part) is not None)


def _is_words(value: str) -> bool:
    return _each(value, 4, lambda part: _TEXT.fullmatch(part) is not None)


def _is_decoration(value: str) -> bool:
    return _DECORATIONS.fullmatch(value) is not None


def _is_font(value: str) -> bool:
    return _FONTS.fullmatch(value) is not None


_NAMED_SIZES = {"xx-small", "x-small", "small", "smaller", "medium", "large", "x-large"}

# None that takes a URL, and none that could cover or move other parts of the page.
STYLES = {
    "background-color": _is_colours,
    **dict.fromkeys(
        ("border", "border-bottom", "border-left", "border-right", "border-top"), _is_border
    ),
    "border-collapse": _is_words,
    "border-color": _is_colours,
    "border-spacing": _is_space,
    "border-style": _is_words,
    "border-width": _is_border_width,
    "color": _is_colours,
    "font-family": _is_font,
    "font-size": _is_font_size,
    "font-style": _is_words,
    "font-weight": _is_weight,
    # What rich writes; any number would let a line cover its neighbours.
    "line-height": lambda value: value == "normal",
    "max-width": _is_width,
    "overflow-x": _is_words,
    "padding": _is_space,
    "text-align": _is_words,
    "text-decoration": _is_decoration,
    "text-decoration-color": _is_colours,
    "text-decoration-line": _is_words,
    "vertical-align": lambda value: value in ("baseline", "bottom", "middle", "sub", "super", "top"),
    "white-space": _is_words,
    "width": _is_width,
}


def harmless_style(style: str) -> str | None:
    """The declarations of a style that are allowed; None if there are none."""
    kept = []
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        # Case matters in the names of fonts only, and they are found in any.
        if name in STYLES and STYLES[name](value if name == "font-family" else value.lower()):
            kept.append(f"{name}:{value}")
    return ";".join(kept) or None


def _number_up_to(most: int):
    return lambda value: re.fullmatch(r"[0-9]{1,6}", value) is not None and int(value) <= most


def _is_length(value: str) -> bool:
    number, percent = value.removesuffix("px").removesuffix("%"), value.endswith("%")
    return re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", number) is not None and float(number) <= (
        100 if percent else MAX_SIZES["px"]
    )


# No ids or names: they could stand in for what the formgrader's own scripts look up.
ATTRIBUTES = {
    "align": _is_words,
    "alt": lambda value: True,
    "border": _number_up_to(16),
    "colspan": _number_up_to(100),
    "height": _is_length,
    "open": lambda value: True,
    "rowspan": _number_up_to(100),
    "span": _number_up_to(100),
    "start": _number_up_to(999_999),
    "title": lambda value: True,
    "valign": _is_words,
    "width": _is_length,
}
"""Names of attributes that any tag may have, and which values each may have."""
