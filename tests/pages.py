"""Cells as they would be after they ran, made harmless, and the pages that show them."""

import copy
from pathlib import Path

from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from nbgrader.server_extensions.formgrader import handlers
from the_lab import AUTOENCODER

from autograder.submissions.cleaning import Cleaning
from autograder.submissions.harmless import harmless_cell

BOOTSTRAP = Path(handlers.static_path) / "node_modules" / "bootstrap" / "dist" / "css"
FRAME = "div[style*=dashed] > div[style*=contain]"


def cell_with(payload):
    """A cell as it would be after it ran."""
    kind, text = payload["in"], payload["text"]
    if kind == "markdown":
        cell = new_markdown_cell(text)
        if "attachments" in payload:
            cell["attachments"] = payload["attachments"]
        return cell
    if kind == "raw":
        return new_raw_cell(text)
    cell = new_code_cell("1 + 1")
    if kind == "execution_count":
        cell.execution_count = text
    elif kind == "stream":
        cell.outputs = [new_output("stream", text=text)]
    elif kind == "error":
        cell.outputs = [new_output("error", ename=text, evalue=text, traceback=[text])]
    else:
        cell.outputs = [
            new_output("display_data", data={kind: text}, metadata=payload.get("metadata", {}))
        ]
    return cell


def page(cells, template="feedback"):
    """Cells as nbgrader's feedback shows them, or another template of nbconvert's."""
    exporter = HTMLExporter(
        template_name=template,
        extra_template_basedirs=[handlers.template_path],
        extra_template_paths=[str(BOOTSTRAP)],
    )
    about = {"notebook": AUTOENCODER.notebook, "score": 0, "max_score": 50, "late_penalty": 0}
    notebook = new_notebook()
    notebook.cells = cells
    return exporter.from_notebook_node(notebook, {"nbgrader": about})[0]


def cleaned(cell):
    return harmless_cell(copy.deepcopy(cell), Cleaning())
