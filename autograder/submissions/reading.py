"""Reads a notebook's file, which may hold anything. What cannot be read has a stand-in that says so."""

import json
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from autograder.submissions.folder import shown
from autograder.submissions.notebooks import grade_id

MAX_CELLS = 5_000


class UnreadableNotebook(Exception):
    """The file holds no notebook; the text says why."""


def read_submission(path: Path, max_bytes: int) -> tuple[NotebookNode, list[str]]:
    """The notebook in a file, which may hold anything, and remarks on it. Raises UnreadableNotebook.

    Made anew of what grading needs: each cell's type, text, pictures and nbgrader id. Faults in
    the rest harm nobody, and what a notebook says of itself there is not believed.
    """
    remarks: list[str] = []
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise UnreadableNotebook(f"the file has {size:,} bytes, at most {max_bytes:,} are read")
        content = _parsed(path.read_bytes(), remarks)
        given = _given_cells(content, remarks)
        if len(given) > MAX_CELLS:
            raise UnreadableNotebook(f"it has {len(given):,} cells, at most {MAX_CELLS:,} are read")
        cells = [_cell(cell, f"cell-{i}") for i, cell in enumerate(given) if isinstance(cell, dict)]
        if len(cells) < len(given):
            remarks.append(f"{len(given) - len(cells)} entries of the notebook are no cells")
        notebook = new_notebook(cells=cells)
        nbformat.validate(notebook)
    except UnreadableNotebook:
        raise
    except RecursionError:
        raise UnreadableNotebook("the file is nested too deeply for a notebook") from None
    except Exception as error:
        # Whatever a file may hold that nobody thought of: its owner alone shall go without a grade.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UnreadableNotebook(f"the file is not a valid notebook ({shown(reason)})") from None
    return notebook, remarks


def cell_ids(path: Path, max_bytes: int) -> frozenset[str]:
    """The nbgrader ids of the cells in a file; none if it cannot be read."""
    try:
        return frozenset(filter(None, map(grade_id, read_submission(path, max_bytes)[0].cells)))
    except UnreadableNotebook:
        return frozenset()


def stand_in(reason: str) -> NotebookNode:
    """An empty notebook in place of one that cannot be read."""
    text = f"**There was no notebook to grade**: {reason}. What was handed in is kept as it is."
    return new_notebook(cells=[new_markdown_cell(text, id="unreadable")])


def _parsed(content: bytes, remarks: list[str]) -> dict:
    """The JSON in a file, in any of Unicode's encodings or, failing that, Latin-1."""
    if not content.strip():
        raise UnreadableNotebook("the file is empty")
    try:
        text = content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        text = content.decode("latin-1")
        remarks.append("the file is not text in UTF-8; it was read as Latin-1")
    try:
        # Not strict: null bytes and line ends within strings are read as they are.
        parsed = json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        raise UnreadableNotebook(
            f"the file is not JSON, as a notebook is (line {error.lineno}, column {error.colno})"
        ) from None
    if not isinstance(parsed, dict):
        raise UnreadableNotebook("the file is not a valid notebook (it is JSON, but no object)")
    return parsed


def _given_cells(content: dict, remarks: list[str]) -> list:
    if "worksheets" in content and "cells" not in content:
        # Formats 1 to 3.
        content = nbformat.convert(nbformat.from_dict(content), 4)
    elif content.get("nbformat") != 4:
        said = shown(content.get("nbformat"))
        remarks.append(f"the file says it is in format {said}; it was read as format 4")
    if not isinstance(content.get("cells"), list):
        raise UnreadableNotebook("the file is not a valid notebook (it has no list of cells)")
    return content["cells"]


_NEW_CELLS = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}


def _cell(given: dict, cell_id: str) -> NotebookNode:
    new_cell = _NEW_CELLS.get(str(given.get("cell_type")), new_raw_cell)
    cell = new_cell(_text(given.get("source")), id=cell_id)
    metadata = given.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    if isinstance(name, str):
        cell.metadata["nbgrader"] = {"grade_id": name}
    pictures = given.get("attachments")
    if cell.cell_type == "markdown" and isinstance(pictures, dict):
        cell.attachments = {_text(name): _picture(data) for name, data in pictures.items()}
    return cell


def _picture(given: object) -> dict[str, str]:
    """The base64 of a picture by its MIME type, and nothing that could be anything else."""
    if not isinstance(given, dict):
        return {}
    data = {mime: _text(text) for mime, text in given.items() if mime in _PICTURES}
    return {mime: text for mime, text in data.items() if re.fullmatch(r"[A-Za-z0-9+/=\s]*", text)}


_PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}


def _text(source: object) -> str:
    """A text, or a list of lines as files hold it; half a surrogate pair could not be written."""
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return source.encode("utf-8", "replace").decode() if isinstance(source, str) else ""
