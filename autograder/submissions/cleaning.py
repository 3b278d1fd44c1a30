"""Cleans a notebook's HTML and renders its Markdown, in bounded time.

nh3 does the cleaning, with a short list of what may stay.
"""

import contextlib
import functools
import re
import time
from collections.abc import Iterator

import nh3
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments.token import STANDARD_TYPES

from autograder.submissions import svg
from autograder.submissions.styles import ATTRIBUTES, STYLES, harmless_style

MAX_TEXT = 100_000
"""Characters of a text that are shown; longer HTML is not shown at all."""

MAX_ALL_TEXT = 2_000_000
"""Characters of programs and printed texts of one notebook that are shown."""

MAX_COLOURS = 20_000
"""Changes of colour in all printed texts of one notebook, beyond which they have none."""

MAX_MARKDOWN = 20_000
"""Characters of Markdown above which it is shown as it was written."""

MAX_SPACES = 100
"""Spaces in a row in Markdown: the renderer's time grows with the square of them."""

MAX_OPENINGS = 200
"""Beginnings of formulas in a piece of Markdown: from each, the rest of it is searched for the end."""

MAX_TAGS = 2000
"""Tags in one piece of HTML: where they are nested, reading takes time by the square of their number."""

MAX_EFFORT = 2_000_000
"""Characters of HTML, a tag counted as fifty, that are cleaned in one notebook: a second or two."""

MAX_SECONDS = 10
"""Processor time for all of one notebook; an honest one takes a tenth of one."""

MAX_KEPT = 10_000
"""Characters of a piece of HTML up to which its cleaned form is kept for the next time it is met."""

MAX_IMAGE = 20 * 2**20
"""Characters of an encoded image above which it is not shown."""

TAGS = (
    *("a", "abbr", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "dd"),
    *("del", "details", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr"),
    *("i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small"),
    *("span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th"),
    *("thead", "tr", "u", "ul", "var"),
)

# In full: `http:page.html` and `files/javascript:…` would become something else in the page.
_LINK = re.compile(r"https?://[^\s\\]+|mailto:[^\s\\]+|#[^\s\\]*")
# Others would be fetched when the page is opened: from anywhere, with the reader's cookies. An SVG here
# would not be counted.
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=]+")
# What pandas, Pygments and nbconvert's headings use; others belong to the pages' styles and scripts.
_CLASSES = {"anchor-link", "dataframe", "highlight", *filter(None, STANDARD_TYPES.values())}

# Of other tags that are not allowed, what is between them is shown.
_UNSEEN = {"script", "style", "template", "title"}

# MathJax makes links of some, and lets `http:page.html` pass: a page of the formgrader's own. Others
# change what formulas mean in the whole page, also those of the given text.
_MACROS = re.compile(
    r"\\(?=href|mmlToken|g?def|let|global|(?:re)?new(?:command|environment)|Newextarrow|DeclareMath|require|definecolor)"
)

_SPACES = re.compile(rf"[^\S\n]{{{MAX_SPACES},}}")
_OPENING = re.compile(r"\\\\[\[(]|\\begin\{|\$\$")


def _allowed(tag: str, name: str, value: str) -> str | None:
    """The value of an attribute; None if it may not be there. Also unknown ones are asked for."""
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
    """What is left of the bounds of one notebook. All methods raise ValueError beyond them."""

    def __init__(self) -> None:
        self.effort_left = MAX_EFFORT
        self.text_left = MAX_ALL_TEXT
        self.colours_left = MAX_COLOURS
        self.drawing_left = svg.MAX_EFFORT
        self.seconds_left = MAX_SECONDS

    def __call__(self, html: str) -> str:
        """The HTML with allowed tags and attributes only."""
        length, tags = len(_PICTURE.sub("", html)), html.count("<")
        self.effort_left -= length + 50 * tags
        if length > MAX_TEXT or len(html) > MAX_IMAGE or tags > MAX_TAGS or self.effort_left < 0:
            raise ValueError("too much to be cleaned")
        with self._in_time():
            return (_kept if len(html) <= MAX_KEPT else _cleaned)(html)

    def rendered(self, markdown: str, attachments: dict) -> str:
        """The HTML of Markdown as nbconvert's pages would make it, not cleaned."""
        if len(markdown) > MAX_MARKDOWN or self.effort_left < 0:
            raise ValueError("too much to be rendered")
        if len(_OPENING.findall(markdown)) > MAX_OPENINGS:
            raise ValueError("too many formulas")
        # Links of headings lead nowhere: ids are taken out.
        renderer = IPythonRenderer(escape=False, exclude_anchor_links=True, attachments=attachments)
        with self._in_time():
            return MarkdownWithMath(renderer).render(_SPACES.sub(" " * MAX_SPACES, markdown))

    def drawn(self, drawing: str) -> bytes:
        """The SVG with nothing in it but what is drawn."""
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


# Much of what is shown is in every notebook of the class: the task's text, panels of full credit.
_kept = functools.lru_cache(512)(_cleaned)


def encodable(text: str) -> str:
    """Without lone surrogates, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
