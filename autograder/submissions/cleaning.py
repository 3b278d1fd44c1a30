"""Cleans a notebook's HTML with nh3, and renders its Markdown, in bounded time."""

import contextlib
import functools
import re
import time
from collections.abc import Iterator
from typing import Any

import nh3
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments.token import STANDARD_TYPES

from autograder.submissions import svg
from autograder.submissions.styles import ATTRIBUTES, STYLES, harmless_style

MAX_TEXT = 100_000
"""Most characters of a text that are shown; longer HTML is not shown at all."""

MAX_ALL_TEXT = 2_000_000
"""Most characters of code and printed text of one notebook that are shown."""

MAX_COLOURS = 20_000
"""Most changes of colour in the printed text of one notebook; what follows has no colours."""

MAX_MARKDOWN = 20_000
"""Most characters of a piece of Markdown that is rendered; a longer one is shown as it was written."""

MAX_SPACES = 100
"""Most spaces in a row in Markdown: the renderer's time grows with the square of their number."""

MAX_OPENINGS = 200
"""Most starts of formulas in a piece of Markdown: from each, the renderer searches all the rest."""

MAX_TAGS = 2000
"""Most tags in a piece of HTML: the time for nested tags grows with the square of their number."""

MAX_EFFORT = 2_000_000
"""Most characters of HTML that are cleaned in one notebook, which takes a second or two."""
TAG_EFFORT = 50
"""Characters that a tag counts as."""

MAX_SECONDS = 10
"""Most processor time for one notebook; an honest one takes a tenth of a second."""

MAX_CACHED = 10_000
"""Most characters of HTML whose cleaned form is cached."""

MAX_IMAGE = 20 * 2**20
"""Most characters of an encoded image that is shown."""

TAGS = (
    *("a", "abbr", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "dd"),
    *("del", "details", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr"),
    *("i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small"),
    *("span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th"),
    *("thead", "tr", "u", "ul", "var"),
)

# Only complete addresses: in the page, `http:page.html` would be an address in the formgrader.
_LINK = re.compile(r"https?://[^\s\\]+|mailto:[^\s\\]+|#[^\s\\]*")
# A picture from elsewhere would be fetched when the page is opened, with the reader's cookies. An SVG
# here would escape the limits on drawings.
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=]+")
# Classes of pandas, Pygments and nbconvert's headings. The styles and scripts of pages use others.
_CLASSES = {"anchor-link", "dataframe", "highlight", *filter(None, STANDARD_TYPES.values())}

# Tags whose content is removed with them. The content of other tags that are not allowed stays.
_UNSEEN = {"script", "style", "template", "title"}

# MathJax turns some of these into links, even to `http:page.html`. Others change what formulas mean in
# the whole page, also in the given text.
_MACROS = re.compile(
    r"\\(?=href|mmlToken|g?def|let|global|(?:re)?new(?:command|environment)|Newextarrow|DeclareMath|require|definecolor)"
)

_SPACES = re.compile(rf"[^\S\n]{{{MAX_SPACES},}}")
_OPENING = re.compile(r"\\\\[\[(]|\\begin\{|\$\$")


def _allowed(tag: str, name: str, value: str) -> str | None:
    """Returns the value that an attribute of any name may keep; None if it must go."""
    if name == "style":
        return harmless_style(value)
    if name == "class":
        return value if _CLASSES.issuperset(value.split(" ")) else None
    if pattern := {"href": _LINK, "src": _PICTURE}.get(name):
        return value if pattern.fullmatch(value) else None
    check = ATTRIBUTES.get(name)
    return value if check and check(value) else None


_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags=_UNSEEN,
    attributes={"*": {*ATTRIBUTES, "class", "style"}, "a": {"href"}, "img": {"src"}},
    attribute_filter=_allowed,
    filter_style_properties=set(STYLES),
    url_schemes={"http", "https", "mailto", "data"},
    link_rel=None,
)


class Cleaning:
    """Cleans one notebook, and keeps count of its limits. Beyond them, all methods raise ValueError."""

    def __init__(self) -> None:
        self.effort_left = MAX_EFFORT
        self.text_left = MAX_ALL_TEXT
        self.colours_left = MAX_COLOURS
        self.drawing_left: float = svg.MAX_EFFORT
        self.seconds_left: float = MAX_SECONDS

    def __call__(self, html: str) -> str:
        """Returns the HTML with allowed tags and attributes only."""
        length, tags = len(_PICTURE.sub("", html)), html.count("<")
        self.effort_left -= length + TAG_EFFORT * tags
        if length > MAX_TEXT or len(html) > MAX_IMAGE or tags > MAX_TAGS or self.effort_left < 0:
            raise ValueError("too much to be cleaned")
        with self._in_time():
            return (_cached if len(html) <= MAX_CACHED else _cleaned)(html)

    def rendered(self, markdown: str, attachments: dict[str, Any]) -> str:
        """Returns the HTML of Markdown as nbconvert makes it; it still has to be cleaned."""
        if len(markdown) > MAX_MARKDOWN or self.effort_left < 0:
            raise ValueError("too much to be rendered")
        if len(_OPENING.findall(markdown)) > MAX_OPENINGS:
            raise ValueError("too many formulas")
        # The links that headings get would lead nowhere, as cleaning removes ids.
        renderer = IPythonRenderer(escape=False, exclude_anchor_links=True, attachments=attachments)
        with self._in_time():
            return str(MarkdownWithMath(renderer).render(_SPACES.sub(" " * MAX_SPACES, markdown)))

    def drawn(self, drawing: str) -> bytes:
        """Returns the SVG with only what is drawn."""
        with self._in_time():
            made = svg.harmless_svg(drawing)
        self.drawing_left -= made.effort
        if self.drawing_left < 0:
            raise ValueError("too much to be drawn")
        return made.data

    @contextlib.contextmanager
    def _in_time(self) -> Iterator[None]:
        if self.seconds_left < 0:
            raise ValueError("too much for one notebook")
        start = time.thread_time()
        try:
            yield
        finally:
            self.seconds_left -= time.thread_time() - start


def _cleaned(html: str) -> str:
    return _MACROS.sub(r"\\backslash ", _CLEANER.clean(encodable(html)))


# The notebooks of a class have much in common: the task's text, panels of full credit.
_cached = functools.lru_cache(512)(_cleaned)


def encodable(text: str) -> str:
    """Returns the text without lone surrogates, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
