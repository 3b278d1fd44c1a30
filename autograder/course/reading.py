"""Reads what was handed in. What cannot be read is graded too: as a notebook that says so."""

import json
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook
from traitlets import Integer

UNREADABLE = "autograder_unreadable"
"""Key of the metadata of a notebook that stands for one which could not be read: the reason."""


class UnreadableNotebook(Exception):
    """The file holds no notebook; the text says why."""


class SubmissionExporter(NotebookExporter):
    """Takes the place of the exporter with which nbgrader reads and writes notebooks.

    With nbgrader's own, a file that is no notebook leaves the submission without any grade.
    """

    max_bytes = Integer(50 * 2**20, help="Size of a notebook's file above which it is not read.").tag(
        config=True
    )

    def from_filename(self, filename, resources=None, **kwargs):
        """Converts the notebook in a file, or its stand-in."""
        try:
            read_submission(Path(filename), self.max_bytes)
        except UnreadableNotebook as error:
            self.log.error("%s cannot be read: %s", filename, error)
            resources = resources or {}
            resources["metadata"] = dict(
                resources.get("metadata", {}),
                name=Path(filename).stem,
                path=str(Path(filename).parent),
            )
            return self.from_notebook_node(stand_in(str(error)), resources, **kwargs)
        return super().from_filename(filename, resources, **kwargs)


def read_submission(path: Path, max_bytes: int) -> NotebookNode:
    """The notebook in a file, which may hold anything. Raises UnreadableNotebook."""
    size = path.stat().st_size
    if size > max_bytes:
        raise UnreadableNotebook(f"the file has {size:,} bytes, at most {max_bytes:,} are read")
    try:
        notebook = nbformat.reads(path.read_text("utf-8"), as_version=4)
        for cell in notebook.cells:
            # Outputs are made anew; faults in the old ones harm nobody.
            if cell.cell_type == "code":
                cell.outputs = []
        nbformat.validate(notebook)
    except UnicodeDecodeError:
        raise UnreadableNotebook("the file is not text in UTF-8") from None
    except (json.JSONDecodeError, nbformat.reader.NotJSONError):
        raise UnreadableNotebook("the file is not JSON, as a notebook is") from None
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise UnreadableNotebook(f"the file is not a valid notebook ({reason})") from None
    return notebook


def stand_in(reason: str) -> NotebookNode:
    """An empty notebook in place of one that cannot be read."""
    text = f"**This notebook could not be read**: {reason}. The file as it was handed in is kept."
    notebook = new_notebook(cells=[new_markdown_cell(text, id="unreadable")])
    notebook.metadata[UNREADABLE] = reason
    return notebook
