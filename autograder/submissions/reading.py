"""Reads a notebook's file, which may hold anything. A stand-in replaces a file that cannot be read."""

import json
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from autograder.submissions.folder import shown
from autograder.submissions.notebooks import NewCell, grade_id

MAX_CELLS = 5_000


class UnreadableNotebook(Exception):
    """The file does not hold a notebook; the text says why."""


def read_submission(path: Path, max_bytes: int) -> tuple[NotebookNode, list[str]]:
    """Reads the notebook in a file, which may hold anything, with remarks. Raises UnreadableNotebook.

    The result is a new notebook with what grading needs: each cell's type, text, pictures and nbgrader
    id. So faults in the rest do no harm, and nothing else that the file says is trusted.
    """
    remarks: list[str] = []
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise UnreadableNotebook(f"the file has {size:,} bytes, at most {max_bytes:,} are read")
        content = _parsed(path.read_bytes(), remarks)
        found = _submitted_cells(content, remarks)
        if len(found) > MAX_CELLS:
            raise UnreadableNotebook(f"it has {len(found):,} cells, at most {MAX_CELLS:,} are read")
        cells = [_cell(cell, f"cell-{i}") for i, cell in enumerate(found) if isinstance(cell, dict)]
        if len(cells) < len(found):
            remarks.append(f"{len(found) - len(cells)} entries of the notebook are no cells")
        notebook: NotebookNode = new_notebook(cells=cells)
        nbformat.validate(notebook)
    except UnreadableNotebook:
        raise
    except RecursionError:
        raise UnreadableNotebook("the file is nested too deeply for a notebook") from None
    except Exception as error:
        # A fault that nobody foresaw shall cost only this student the grade, not the whole class.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UnreadableNotebook(f"the file is not a valid notebook ({shown(reason)})") from None
    return notebook, remarks


def cell_ids(path: Path, max_bytes: int) -> frozenset[str]:
    """Returns the nbgrader ids of the cells in a file; none if it cannot be read."""
    try:
        return frozenset(filter(None, map(grade_id, read_submission(path, max_bytes)[0].cells)))
    except UnreadableNotebook:
        return frozenset()


def stand_in(reason: str) -> NotebookNode:
    """Returns a notebook that takes the place of an unreadable one, and gives the reason."""
    text = f"**There was no notebook to grade**: {reason}. What was handed in is kept as it is."
    notebook: NotebookNode = new_notebook(cells=[new_markdown_cell(text, id="unreadable")])
    return notebook


def _parsed(content: bytes, remarks: list[str]) -> dict[str, Any]:
    """The JSON in a file, which may be in any of Unicode's encodings or else in Latin-1."""
    if not content.strip():
        raise UnreadableNotebook("the file is empty")
    try:
        text = content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        text = content.decode("latin-1")
        remarks.append("the file is not text in UTF-8; it was read as Latin-1")
    try:
        # Not strict, so that strings may hold null bytes and line breaks.
        parsed = json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        raise UnreadableNotebook(
            f"the file is not JSON, as a notebook is (line {error.lineno}, column {error.colno})"
        ) from None
    if not isinstance(parsed, dict):
        raise UnreadableNotebook("the file is not a valid notebook (it is JSON, but no object)")
    return parsed


def _submitted_cells(content: dict[str, Any], remarks: list[str]) -> list[object]:
    """The entries in a notebook's list of cells, whatever they are."""
    if "worksheets" in content and "cells" not in content:
        # The notebook is in one of the formats 1 to 3.
        content = nbformat.convert(nbformat.from_dict(content), 4)
    elif content.get("nbformat") != 4:
        said = shown(content.get("nbformat"))
        remarks.append(f"the file says it is in format {said}; it was read as format 4")
    cells = content.get("cells")
    if not isinstance(cells, list):
        raise UnreadableNotebook("the file is not a valid notebook (it has no list of cells)")
    return cells


_NEW_CELLS = {"code": new_code_cell, "markdown": new_markdown_cell}


def _cell(submitted: dict[str, Any], cell_id: str) -> NotebookNode:
    new_cell: NewCell = _NEW_CELLS.get(str(submitted.get("cell_type")), new_raw_cell)
    cell = new_cell(_text(submitted.get("source")), id=cell_id)
    metadata = submitted.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    if isinstance(name, str):
        cell.metadata["nbgrader"] = {"grade_id": name}
    pictures = submitted.get("attachments")
    if cell.cell_type == "markdown" and isinstance(pictures, dict):
        cell.attachments = {_text(name): _picture(data) for name, data in pictures.items()}
    return cell


def _picture(submitted: object) -> dict[str, str]:
    """A picture's data in base64 by MIME type, without any entry that could be something else."""
    if not isinstance(submitted, dict):
        return {}
    data = {mime: _text(text) for mime, text in submitted.items() if mime in _PICTURES}
    return {mime: text for mime, text in data.items() if re.fullmatch(r"[A-Za-z0-9+/=\s]*", text)}


_PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}


def _text(source: object) -> str:
    """The text, which may be a list of lines; without lone surrogates, which files cannot hold."""
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return source.encode("utf-8", "replace").decode() if isinstance(source, str) else ""
