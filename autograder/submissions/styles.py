"""Which styles and attributes a student's HTML may have: none whose size could cover other parts."""

import re
from collections.abc import Callable, Mapping

Check = Callable[[str], bool]
"""A function that tells whether a value is allowed."""

MAX_SIZES = {"px": 2000, "pt": 1500, "em": 100, "rem": 100, "ex": 200, "ch": 200, "%": 100}
"""The largest widths, by unit."""

_NUMBER = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})(px|pt|em|rem|ex|ch|%)?")
# Percentages and ems of a font multiply in nested tags, so they may only make it smaller.
_FONT_SIZES = {"px": 32, "pt": 24, "em": 1, "rem": 2, "%": 100}
_SPACES = {"px": 64, "pt": 48, "em": 4, "rem": 4, "ex": 8, "ch": 8}
_BORDERS = {"px": 16, "pt": 12, "em": 1, "rem": 1}
_COLOUR = r"#[0-9a-f]{3,8}|(?:rgb|hsl)a?\([0-9., %]{1,60}\)|[a-z]{1,30}"


def _matches(pattern: str) -> Check:
    """Allows values that match a pattern."""
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: compiled.fullmatch(value) is not None


def _size(limits: Mapping[str, int], *words: str) -> Check:
    """Allows 0, numbers in a known unit that are at most the limit for it, and some words."""

    def allowed(value: str) -> bool:
        parts = _NUMBER.fullmatch(value)
        if parts is None:
            return value in words
        number, unit = float(parts[1]), parts[2]
        return number == 0 if unit is None else number <= limits.get(unit, 0)

    return allowed


def _parts(most: int, *checks: Check) -> Check:
    """Allows one to `most` parts, each of which passes one of the checks."""

    def allowed(value: str) -> bool:
        # Spaces at the commas of a colour do not separate parts. Runs of spaces are replaced beforehand:
        # the time for this search would grow with the square of their length.
        parts = re.sub(" ?, ?", ",", " ".join(value.split())).split()
        return 0 < len(parts) <= most and all(any(check(part) for check in checks) for part in parts)

    return allowed


def _number_up_to(most: int) -> Check:
    """Allows whole numbers up to a limit."""
    return lambda value: re.fullmatch(r"[0-9]{1,6}", value) is not None and int(value) <= most


def _is_length(value: str) -> bool:
    """Whether a value is a percentage or a number of pixels, with or without their unit."""
    number, limit = value.removesuffix("px"), MAX_SIZES["px"]
    if value.endswith("%"):
        number, limit = value.removesuffix("%"), MAX_SIZES["%"]
    return re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", number) is not None and float(number) <= limit


def _is_anything(value: str) -> bool:
    return True


_is_words = _parts(4, _matches(r"[a-z]{1,20}(?:-[a-z]{1,20}){0,3}"))
_is_colours = _parts(4, _matches(_COLOUR))
_is_space = _parts(4, _size(_SPACES))
_is_border = _parts(3, _size(_BORDERS), _matches(_COLOUR))
_is_width = _size(MAX_SIZES, "auto", "none", "min-content", "max-content")
_FONT_WORDS = ("xx-small", "x-small", "small", "smaller", "medium", "large", "x-large")

# None of these styles takes a URL, or could cover or move other parts of the page.
STYLES: dict[str, Check] = {
    "background-color": _is_colours,
    **dict.fromkeys(
        ("border", "border-bottom", "border-left", "border-right", "border-top"), _is_border
    ),
    "border-collapse": _is_words,
    "border-color": _is_colours,
    "border-spacing": _is_space,
    "border-style": _is_words,
    "border-width": _parts(4, _size(_BORDERS, "thin", "medium", "thick")),
    "color": _is_colours,
    # ++ keeps words whole: there are exponentially many ways to split them, and all would be tried.
    "font-family": _matches(r"""(?:[\w-]++|'[\w .-]{1,60}'|"[\w .-]{1,60}"|[ ,]){1,40}"""),
    "font-size": _size(_FONT_SIZES, *_FONT_WORDS),
    "font-style": _is_words,
    "font-weight": _matches("[1-9]00|[a-z]{1,10}"),
    # The library rich writes this value. With a number, a line could cover its neighbours.
    "line-height": _matches("normal"),
    "max-width": _is_width,
    "overflow-x": _is_words,
    "padding": _is_space,
    "text-align": _is_words,
    "text-decoration": _matches(rf"(?:{_COLOUR})(?: (?:{_COLOUR})){{0,3}}"),
    "text-decoration-color": _is_colours,
    "text-decoration-line": _is_words,
    "vertical-align": _matches("baseline|bottom|middle|sub|super|top"),
    "white-space": _is_words,
    "width": _is_width,
}


def harmless_style(style: str) -> str | None:
    """Returns the declarations of a style that are allowed; None if there are none."""
    kept = []
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        # Only fonts may have capital letters in their names.
        if name in STYLES and STYLES[name](value if name == "font-family" else value.lower()):
            kept.append(f"{name}:{value}")
    return ";".join(kept) or None


# No ids or names: the formgrader's scripts could take the student's elements for the page's.
ATTRIBUTES: dict[str, Check] = {
    "align": _is_words,
    "alt": _is_anything,
    "border": _number_up_to(16),
    "colspan": _number_up_to(100),
    "height": _is_length,
    "open": _is_anything,
    "rowspan": _number_up_to(100),
    "span": _number_up_to(100),
    "start": _number_up_to(999_999),
    "title": _is_anything,
    "valign": _is_words,
    "width": _is_length,
}
"""Names of attributes that any tag may have, and which values each may have."""
