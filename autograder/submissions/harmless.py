"""Takes out of a notebook what would run, break or deceive in the browser of whoever opens it.

Feedback and formgrader put a notebook's Markdown and outputs into their pages as they are. So the
autograded notebook itself is made harmless, whatever shows it and however that is configured: HTML
is cleaned, nothing unknown is kept, and whatever could look like the grader's stands in a frame.
"""

import base64
import binascii
import re
import unicodedata
from html import escape

from nbconvert.filters import ansi2html, strip_ansi
from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_markdown_cell, new_output
from nbgrader.utils import compute_checksum

from autograder.submissions.cleaning import MAX_IMAGE, MAX_TEXT, Cleaning, encodable

MAX_ACCENTS = 4
"""Accents on one letter; no language that is written needs more."""

FROM_THE_NOTEBOOK = "From the submitted notebook, not from the grader:"

_SIGNATURES = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
}
_COLOURS = re.compile(r"\x1b\[([^@-~\n]*)m")


def make_harmless(notebook: NotebookNode) -> None:
    """Leaves of an executed notebook what can be shown."""
    notebook.metadata = from_dict(_METADATA)
    clean = Cleaning()
    notebook.cells = [harmless_cell(cell, clean) for cell in notebook.cells]


_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "pygments_lexer": "ipython3"},
}


def harmless_cell(cell: NotebookNode, clean: Cleaning) -> NotebookNode:
    """The cell with nothing in it that a browser would run or that could be taken for the grader's.

    Raw cells, which pages show as HTML, become their text. Attachments become part of the text.
    """
    attachments = cell.pop("attachments", {})
    metadata = {"nbgrader": cell.metadata.nbgrader} if "nbgrader" in cell.metadata else {}
    if cell.cell_type == "raw":
        return new_markdown_cell(_as_markdown(framed(_verbatim(cell.source, clean))), id=cell.id)
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
    """Whether the text is the instructor's, by the checksum that the gradebook has of it."""
    checksum = cell.metadata.get("nbgrader", {}).get("checksum")
    return checksum is not None and checksum == compute_checksum(cell)


def harmless_markdown(source: str, attachments: dict, clean: Cleaning) -> str:
    """The Markdown's rendering, cleaned and framed: as Markdown it could hold the end of its frame."""
    if not source.strip():
        return ""
    try:
        shown = clean(clean.rendered(source, attachments))
    except Exception:
        # Whatever the renderer fails over (nesting, attachments that are not there): shown as text.
        shown = _verbatim(source, clean)
    return _as_markdown(framed(shown))


def framed(html: str) -> str:
    """Cleaned HTML in a frame that says whose it is, and out of which nothing in it can reach."""
    return (
        '<div style="border:2px dashed #8c959f;background-color:#f6f8fa;padding:4px 10px;margin:4px 0">'
        f'<div style="font:11px sans-serif;color:#57606a">{FROM_THE_NOTEBOOK}</div>'
        f'<div style="overflow:auto;contain:content;max-height:2000px">{html}</div></div>'
    )


def harmless_output(
    output: NotebookNode, execution_count: int | None, clean: Cleaning
) -> NotebookNode | None:
    """The output made anew from what is known of it; None if nothing of it can be shown."""
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return new_output(kind, name=name, text=_text(output.get("text"), clean))
    if kind == "error":
        lines = output.get("traceback")
        lines = [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
        traceback = _text("\n".join(lines), clean).split("\n")
        ename, evalue = (_text(output.get(name), clean) for name in ("ename", "evalue"))
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
        shown["text/plain"] = _text(texts["text/plain"], clean)
    if html := _html(texts, clean) or _picture(texts):
        shown["text/html"] = framed(html)
    return shown


def _html(texts: dict[str, str], clean: Cleaning) -> str:
    """What the output has to show as HTML, cleaned; empty if there is nothing to see in it."""
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
    """The drawing as an image, in which no script runs; else why it is not there."""
    try:
        encoded = base64.b64encode(clean.drawn(svg)).decode("ascii")
    except ValueError as error:
        return f"<em>This drawing (SVG) cannot be shown: {escape(str(error))}. Try it as a PNG.</em>"
    return f'<img alt="" src="data:image/svg+xml;base64,{encoded}">'


def _picture(texts: dict[str, str]) -> str:
    """The output's picture as HTML, which a frame can hold; empty if it has none."""
    for name, signature in _SIGNATURES.items():
        if image := _image(texts.get(name, ""), signature):
            return f'<img alt="" src="data:{name};base64,{image}">'
    return ""


def _image(encoded: str, signature: bytes) -> str:
    """The image's data, encoded anew; empty if it is no such image."""
    if len(encoded) > MAX_IMAGE:
        return ""
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(data).decode("ascii") if data.startswith(signature) else ""


def _as_markdown(html: str) -> str:
    """Cleaned HTML as the Markdown that renders to it: a block, which ends at the first blank line."""
    return f"<div>{'&#10;'.join(html.splitlines())}</div>"


def _verbatim(text: str, clean: Cleaning) -> str:
    return f"<pre>{escape(_text(text, clean))}</pre>"


def _source(text: str, clean: Cleaning) -> str:
    """As much of a text as one page shows."""
    text = encodable(text)
    most = min(MAX_TEXT, clean.text_left)
    clean.text_left -= min(len(text), most)
    if len(text) > most:
        text = f"{text[:most]}\n… {len(text) - most:,} more characters are not shown."
    return _without_towers(text)


def _text(value: object, clean: Cleaning) -> str:
    """A text that can be written and shown, in no colours but those of its letters."""
    text = _source(value if isinstance(value, str) else "", clean)
    clean.colours_left -= text.count("\x1b")
    if clean.colours_left < 0:
        return strip_ansi(text)
    text = _COLOURS.sub(_without_background, text)
    try:
        ansi2html(text)
    except Exception:
        # Incomplete colour codes would cost the whole page.
        text = strip_ansi(text)
    return text


def _without_towers(text: str) -> str:
    """With a few accents on each letter, where hundreds would be drawn across the lines above."""
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


def _without_background(colours: re.Match) -> str:
    """Coloured bars are what the grader's panels are known by."""
    try:
        numbers = {int(number or 0) for number in colours[1].split(";")}
    except ValueError:
        return ""
    return "\x1b[0m" if numbers & _BACKGROUNDS else colours[0]


_BACKGROUNDS = {7, *range(40, 50), *range(100, 108)}
"""ANSI's codes for inverse letters and colours behind them."""
