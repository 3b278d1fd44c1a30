"""Removes from a notebook what would run, break or deceive in the browser of whoever opens it.

Feedback and formgrader put a notebook's Markdown and outputs into their pages unchanged. So the
autograded notebook itself is made harmless: HTML is cleaned, nothing unknown is kept, and all that could
look like the grader's own words is framed. Then it does not matter what shows the notebook, or how.
"""

import base64
import binascii
import re
import unicodedata
from html import escape
from typing import Any

from nbconvert.filters import ansi2html, strip_ansi
from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_markdown_cell, new_output
from nbgrader.utils import compute_checksum

from autograder.submissions.cleaning import MAX_IMAGE, MAX_TEXT, Cleaning, encodable

MAX_ACCENTS = 4
"""Most accents on one letter; no written language needs more."""

FROM_THE_NOTEBOOK = "From the submitted notebook, not from the grader:"

_SIGNATURES = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
}
_COLOURS = re.compile(r"\x1b\[([^@-~\n]*)m")


def make_harmless(notebook: NotebookNode) -> None:
    """Removes from an executed notebook all that cannot be shown safely."""
    notebook.metadata = from_dict(_METADATA)
    clean = Cleaning()
    notebook.cells = [harmless_cell(cell, clean) for cell in notebook.cells]


_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "pygments_lexer": "ipython3"},
}


def harmless_cell(cell: NotebookNode, clean: Cleaning) -> NotebookNode:
    """Makes a cell harmless: a browser runs nothing of it, and nobody takes it for the grader's words.

    A raw cell, which pages would show as HTML, is shown as text. Attached pictures move into the text.
    """
    attachments = cell.pop("attachments", {})
    metadata = {"nbgrader": cell.metadata.nbgrader} if "nbgrader" in cell.metadata else {}
    if cell.cell_type == "raw":
        text = _as_markdown(framed(_verbatim(cell.source, clean)))
        shown_as_text: NotebookNode = new_markdown_cell(text, id=cell.id)
        return shown_as_text
    cell.metadata = from_dict(metadata)
    if cell.cell_type == "code":
        if not _is_as_given(cell):
            cell.source = _source(cell.source, clean)
        count = cell.execution_count
        cell.execution_count = count if type(count) is int and count >= 0 else None
        shown = (harmless_output(output, cell.execution_count, clean) for output in cell.outputs)
        cell.outputs = [output for output in shown if output]
    elif not _is_as_given(cell):
        cell.source = harmless_markdown(cell.source, attachments, clean)
    return cell


def _is_as_given(cell: NotebookNode) -> bool:
    """Whether the text is the instructor's, which its checksum in the gradebook shows."""
    checksum = cell.metadata.get("nbgrader", {}).get("checksum")
    return checksum is not None and checksum == compute_checksum(cell)


def harmless_markdown(source: str, attachments: dict[str, Any], clean: Cleaning) -> str:
    """Renders Markdown, cleans and frames it. If it were not rendered, it could close its own frame."""
    if not source.strip():
        return ""
    try:
        shown = clean(clean.rendered(source, attachments))
    except Exception:
        # The renderer fails on deep nesting or missing attachments, for instance.
        shown = _verbatim(source, clean)
    return _as_markdown(framed(shown))


def framed(html: str) -> str:
    """Puts cleaned HTML into a frame that names the notebook as its source, and confines it."""
    return (
        '<div style="border:2px dashed #8c959f;background-color:#f6f8fa;padding:4px 10px;margin:4px 0">'
        f'<div style="font:11px sans-serif;color:#57606a">{FROM_THE_NOTEBOOK}</div>'
        f'<div style="overflow:auto;contain:content;max-height:2000px">{html}</div></div>'
    )


def harmless_output(
    output: NotebookNode, execution_count: int | None, clean: Cleaning
) -> NotebookNode | None:
    """Returns a new output with the known parts of one; None if nothing of it can be shown."""
    kind = output.get("output_type")
    result: NotebookNode | None = None
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        result = new_output(kind, name=name, text=_text(output.get("text"), clean))
    elif kind == "error":
        lines = output.get("traceback")
        lines = [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
        traceback = _text("\n".join(lines), clean).split("\n")
        ename, evalue = (_text(output.get(name), clean) for name in ("ename", "evalue"))
        result = new_output(kind, ename=ename, evalue=evalue, traceback=traceback)
    elif kind in ("display_data", "execute_result") and isinstance(data := output.get("data"), dict):
        count = {"execution_count": execution_count} if kind == "execute_result" else {}
        if shown := _harmless_data(data, clean):
            result = new_output(kind, data=shown, **count)
    return result


def _harmless_data(data: dict[str, Any], clean: Cleaning) -> dict[str, str]:
    """Returns an output's data that can be shown: its text, and its HTML or a picture in a frame."""
    texts = {name: value for name, value in data.items() if isinstance(value, str)}
    shown = {}
    if "text/plain" in texts:
        shown["text/plain"] = _text(texts["text/plain"], clean)
    if html := _html(texts, clean) or _picture(texts):
        shown["text/html"] = framed(html)
    return shown


def _html(texts: dict[str, str], clean: Cleaning) -> str:
    """The output's HTML, Markdown, drawing or formula as cleaned HTML; empty if it shows nothing."""
    try:
        if "text/html" in texts:
            html = clean(texts["text/html"])
        elif "text/markdown" in texts:
            html = clean(clean.rendered(texts["text/markdown"], {}))
        elif "<svg" in texts.get("image/svg+xml", ""):
            return _drawing(texts["image/svg+xml"], clean)
        else:
            html = clean(escape(texts.get("text/latex", "")))
    except Exception:
        return ""
    return html if "<img" in html or re.sub(r"<[^>]*>", "", html).strip() else ""


def _drawing(svg: str, clean: Cleaning) -> str:
    """The drawing as an image, in which no script runs, or why it cannot be shown."""
    try:
        encoded = base64.b64encode(clean.drawn(svg)).decode("ascii")
    except ValueError as error:
        return f"<em>This drawing (SVG) cannot be shown: {escape(str(error))}. Try it as a PNG.</em>"
    return f'<img alt="" src="data:image/svg+xml;base64,{encoded}">'


def _picture(texts: dict[str, str]) -> str:
    """The output's picture as HTML; empty if it has none."""
    for name, signature in _SIGNATURES.items():
        if image := _image(texts.get(name, ""), signature):
            return f'<img alt="" src="data:{name};base64,{image}">'
    return ""


def _image(encoded: str, signature: bytes) -> str:
    """The image's data, decoded and encoded again; empty if they do not have the signature."""
    if len(encoded) > MAX_IMAGE:
        return ""
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(data).decode("ascii") if data.startswith(signature) else ""


def _as_markdown(html: str) -> str:
    """Markdown that renders to cleaned HTML; without line breaks, as a blank line would end the HTML."""
    return f"<div>{'&#10;'.join(html.splitlines())}</div>"


def _verbatim(text: str, clean: Cleaning) -> str:
    """HTML that shows a text as it was written."""
    return f"<pre>{escape(_text(text, clean))}</pre>"


def _source(text: str, clean: Cleaning) -> str:
    """The beginning of a text, within the limits of one notebook."""
    text = encodable(text)
    most = min(MAX_TEXT, clean.text_left)
    clean.text_left -= min(len(text), most)
    if len(text) > most:
        text = f"{text[:most]}\n… {len(text) - most:,} more characters are not shown."
    return _without_towers(text)


def _text(value: object, clean: Cleaning) -> str:
    """A text that can be shown, within the limits of one notebook, with colours for its letters only."""
    text = _source(value if isinstance(value, str) else "", clean)
    clean.colours_left -= text.count("\x1b")
    if clean.colours_left < 0:
        return str(strip_ansi(text))
    text = _COLOURS.sub(_without_background, text)
    try:
        ansi2html(text)
    except Exception:
        # A page with incomplete colour codes could not be made at all.
        text = strip_ansi(text)
    return text


def _without_towers(text: str) -> str:
    """The text with few accents on each letter: hundreds of them would cover the lines above."""
    if text.isascii() or not any(map(_is_accent, set(text))):
        return text
    kept, height = [], 0
    for character in text:
        height = height + 1 if _is_accent(character) else 0
        if height <= MAX_ACCENTS:
            kept.append(character)
    return "".join(kept)


def _is_accent(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me")


def _without_background(colours: re.Match[str]) -> str:
    """The colour code, or a reset if it colours the background, as only the grader's panels may."""
    try:
        numbers = {int(number or 0) for number in colours[1].split(";")}
    except ValueError:
        return ""
    return "\x1b[0m" if numbers & _BACKGROUNDS else colours[0]


_BACKGROUNDS = {7, *range(40, 50), *range(100, 108)}
"""ANSI's codes for inverse letters and coloured backgrounds."""
