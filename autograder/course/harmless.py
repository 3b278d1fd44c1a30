"""Takes out of a notebook what would run, or break, in the browser of whoever opens it.

Feedback and formgrader put a notebook's Markdown and outputs into their pages as they are. So the
autograded notebook itself is made harmless, whatever shows it and however that is configured: HTML
is cleaned by nh3 with a short list of what is allowed, and nothing unknown is kept.
"""

import base64
import binascii
import functools
import re
from html import escape

import nh3
from nbconvert.filters import ansi2html, strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_markdown_cell, new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import compute_checksum

from autograder.course.reading import REMARKS, UNREADABLE

MAX_TEXT = 100_000
"""Characters of a text that are shown; longer HTML is not shown at all."""

MAX_MARKDOWN = 20_000
"""Characters of Markdown above which it is shown as it was written."""

MAX_TAGS = 2000
"""Tags in one piece of HTML: where they are nested, reading takes time by the square of their number."""

MAX_EFFORT = 2_000_000
"""Characters of HTML, a tag counted as fifty, that are cleaned in one notebook: a second or two."""

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

# No ids or names: they could stand in for what the formgrader's own scripts look up.
ATTRIBUTES = (
    *("align", "alt", "border", "colspan", "height", "open", "rowspan", "span", "start"),
    *("style", "title", "valign", "width"),
)

# None that takes a URL, and none that could cover or move other parts of the page.
STYLES = (
    *("background-color", "border", "border-bottom", "border-collapse", "border-color"),
    *("border-left", "border-right", "border-spacing", "border-style", "border-top"),
    *("border-width", "color", "font-family", "font-size", "font-style", "font-weight"),
    *("line-height", "max-width", "overflow-x", "padding", "text-align", "text-decoration"),
    *("text-decoration-color", "text-decoration-line", "vertical-align"),
    *("white-space", "width"),
)

# In full: `http:page.html` and `files/javascript:…` would become something else in the page.
_LINK = re.compile(r"https?://[^\s\\]+|mailto:[^\s\\]+|#[^\s\\]*")
# Others would be fetched when the page is opened: from anywhere, with the reader's cookies.
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|svg\+xml);base64,[A-Za-z0-9+/=]+")
# What pandas, Pygments and nbconvert's headings use; others belong to the pages' scripts.
_CLASS = r"(?:dataframe|highlight|anchor-link|[a-z][a-z0-9]{0,2})"
_CLASSES = re.compile(rf"{_CLASS}(?: {_CLASS})*")

# Of other tags that are not allowed, what is between them is shown.
_UNSEEN = {"script", "style", "template", "title"}

# MathJax makes links of these, and lets `http:page.html` pass: a page of the formgrader's own.
_LINKING = re.compile(r"\\(?=href|mmlToken)")

_SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


def _allowed(tag: str, name: str, value: str) -> str | None:
    """The value of an attribute; None if it may not be there."""
    wanted = {"href": _LINK, "src": _PICTURE, "class": _CLASSES}.get(name)
    return value if wanted is None or wanted.fullmatch(value) else None


_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags=_UNSEEN,
    attributes={"*": {*ATTRIBUTES, "class"}, "a": {"href"}, "img": {"src"}},
    attribute_filter=_allowed,
    filter_style_properties=set(STYLES),
    url_schemes={"http", "https", "mailto", "data"},
    link_rel=None,
)


class Cleaning:
    """Cleans the HTML of one notebook, in bounded time."""

    def __init__(self) -> None:
        self.effort_left = MAX_EFFORT

    def __call__(self, html: str) -> str:
        """The HTML with allowed tags and attributes only. Raises ValueError if it is too much."""
        length, tags = len(_PICTURE.sub("", html)), html.count("<")
        self.effort_left -= length + 50 * tags
        if length > MAX_TEXT or len(html) > MAX_IMAGE or tags > MAX_TAGS or self.effort_left < 0:
            raise ValueError("too much to be cleaned")
        return (_kept if len(html) <= MAX_KEPT else _cleaned)(html)

    def rendered(self, markdown: str, attachments: dict) -> str:
        """The HTML of Markdown as nbconvert's pages will make it, not cleaned. Raises as a call does."""
        if len(markdown) > MAX_MARKDOWN or self.effort_left < 0:
            raise ValueError("too much to be rendered")
        return MarkdownWithMath(IPythonRenderer(escape=False, attachments=attachments)).render(markdown)


def _cleaned(html: str) -> str:
    return _LINKING.sub(r"\\backslash ", _CLEANER.clean(_encodable(html)))


# Much of what is shown is in every notebook of the class: the task's text, panels of full credit.
_kept = functools.lru_cache(512)(_cleaned)


class MakeHarmless(NbGraderPreprocessor):
    """Leaves of an executed notebook what can be shown."""

    def preprocess(self, nb, resources):
        ours = {key: nb.metadata[key] for key in (REMARKS, UNREADABLE) if key in nb.metadata}
        nb.metadata = from_dict(_METADATA | ours)
        clean = Cleaning()
        nb.cells = [harmless_cell(cell, clean) for cell in nb.cells]
        return nb, resources


_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "pygments_lexer": "ipython3"},
}


def harmless_cell(cell: NotebookNode, clean: Cleaning) -> NotebookNode:
    """The cell with nothing in it that a browser would run.

    Raw cells, which pages show as HTML, become their text. Attachments become part of the text.
    """
    attachments = cell.pop("attachments", {})
    metadata = {"nbgrader": cell.metadata.nbgrader} if "nbgrader" in cell.metadata else {}
    if cell.cell_type == "raw":
        cell = new_markdown_cell(_as_markdown(_verbatim(cell.source)), id=cell.id)
    cell.metadata = from_dict(metadata)
    if cell.cell_type == "code":
        count = cell.execution_count
        cell.execution_count = count if type(count) is int and count >= 0 else None
        shown = (harmless_output(output, cell.execution_count, clean) for output in cell.outputs)
        cell.outputs = [output for output in shown if output]
    elif not _is_as_given(cell):
        cell.source = harmless_markdown(cell.source, attachments, clean)
    return cell


def _is_as_given(cell: NotebookNode) -> bool:
    """Whether the text is the instructor's, by the checksum that the gradebook has of it."""
    checksum = cell.metadata.get("nbgrader", {}).get("checksum")
    return checksum is not None and checksum == compute_checksum(cell)


def harmless_markdown(source: str, attachments: dict, clean: Cleaning) -> str:
    """The Markdown itself if nothing in it needs cleaning, else its rendering, cleaned."""
    try:
        rendered = clean.rendered(source, attachments)
        cleaned = clean(rendered)
    except Exception:
        # Whatever the renderer fails over (nesting, attachments that are not there): shown as text.
        return _as_markdown(_verbatim(source))
    # Attachments do not stay in the cell, so that a text which shows them cannot stay as it is.
    unchanged = not attachments and cleaned == _plainly_written(rendered)
    return source if unchanged else _as_markdown(cleaned)


def _plainly_written(rendered: str) -> str:
    """The renderer's HTML as the cleaner would write it: it escapes less, and leaves slashes out.

    Where they agree, a browser makes the same of both.
    """
    for escaped, plain in (
        (" />", ">"),
        ("&quot;", '"'),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("\xa0", "&nbsp;"),
    ):
        rendered = rendered.replace(escaped, plain)
    return rendered


def harmless_output(
    output: NotebookNode, execution_count: int | None, clean: Cleaning
) -> NotebookNode | None:
    """The output made anew from what is known of it; None if nothing of it can be shown."""
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return new_output(kind, name=name, text=_text(output.get("text")))
    if kind == "error":
        lines = output.get("traceback")
        lines = [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
        traceback = _text("\n".join(lines)).split("\n")
        ename, evalue = _text(output.get("ename")), _text(output.get("evalue"))
        return new_output(kind, ename=ename, evalue=evalue, traceback=traceback)
    data = output.get("data")
    if kind not in ("display_data", "execute_result") or not isinstance(data, dict):
        return None
    shown = _harmless_data(data, clean)
    count = {"execution_count": execution_count} if kind == "execute_result" else {}
    return new_output(kind, data=shown, **count) if shown else None


def _harmless_data(data: dict, clean: Cleaning) -> dict[str, str]:
    texts = {name: value for name, value in data.items() if isinstance(value, str)}
    shown = {}
    if "text/plain" in texts:
        shown["text/plain"] = _text(texts["text/plain"])
    for name, signature in _SIGNATURES.items():
        if image := _image(texts.get(name, ""), signature):
            shown[name] = image
    if html := _html(texts, clean):
        shown["text/html"] = html
    return shown


def _html(texts: dict[str, str], clean: Cleaning) -> str:
    """What the output has to show as HTML, cleaned; empty if there is nothing to see in it."""
    try:
        if "text/html" in texts:
            html = clean(texts["text/html"])
        elif "text/markdown" in texts:
            html = clean(clean.rendered(texts["text/markdown"], {}))
        elif "<svg" in texts.get("image/svg+xml", ""):
            html = _svg(texts["image/svg+xml"])
        else:
            html = clean(escape(texts.get("text/latex", "")))
    except Exception:
        return ""
    return html if "<img" in html or re.sub(r"<[^>]*>", "", html).strip() else ""


def _as_markdown(html: str) -> str:
    """Cleaned HTML as the Markdown that renders to it: a block, which ends at the first blank line."""
    return f"<div>{'&#10;'.join(html.splitlines())}</div>"


def _verbatim(text: str) -> str:
    return f"<pre>{escape(_text(text))}</pre>"


def _text(value: object) -> str:
    """A text that can be written and shown."""
    text = _encodable(value) if isinstance(value, str) else ""
    if len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]}\n… {len(text) - MAX_TEXT:,} more characters are not shown."
    try:
        ansi2html(text)
    except Exception:
        # Incomplete colour codes would cost the whole page.
        text = strip_ansi(text)
    return text


def _encodable(text: str) -> str:
    """Without lone surrogates, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _svg(drawing: str) -> str:
    """The drawing as an image, in which no script runs."""
    encoded = base64.b64encode(drawing.encode("utf-8", "replace")).decode("ascii")
    return f'<img alt="" src="data:image/svg+xml;base64,{encoded}">' if len(encoded) <= MAX_IMAGE else ""


def _image(encoded: str, signature: bytes) -> str:
    """The image's data, encoded anew; empty if it is no such image."""
    if len(encoded) > MAX_IMAGE:
        return ""
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(data).decode("ascii") if data.startswith(signature) else ""
