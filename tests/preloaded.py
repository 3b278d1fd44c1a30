"""Runs notebooks in this process, prepared just as the grading kernel is, for speed."""

import os
import types
from pathlib import Path

import numpy as np
from IPython.core.interactiveshell import InteractiveShell
from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.course.notebooks import grade_id
from autograder.evidence import MIME_TYPE
from autograder.images import Images
from autograder.kernel import prepare, session


class _Shell(InteractiveShell):
    """A shell without a screen, like a kernel's."""

    def enable_gui(self, gui=None):
        """Inline figures need no event loop."""


class PreloadedKernel:
    """An IPython shell with the grading kernel's images, watchers and seeds."""

    def __init__(self, images: Images, folder: Path) -> None:
        path = folder / "mnist.npz"
        np.savez(path, **images.as_mnist())
        self._folder = folder
        self._published: list[dict] = []
        prepare.prepare(str(path), shorten=True)
        # Not __main__, which belongs to pytest and is what a spawned process imports.
        self._shell = _Shell.instance(user_module=types.ModuleType("student"))
        self._shell.enable_matplotlib("inline")
        self._shell.parent_header = {"header": {"msg_id": "of no kernel"}}
        self._shell.display_pub.publish = lambda data, **_: self._published.append(data)

    def run(self, notebook: NotebookNode) -> NotebookNode:
        """Executes the notebook from a clean slate; outputs other than evidence and errors are lost."""
        import keras
        import matplotlib.pyplot as plt

        self._shell.reset(new_session=False)
        plt.close("all")
        plt.rcdefaults()
        # Nobody looks at the figures: what counts is what is in them.
        plt.rcParams["figure.dpi"] = 20
        keras.backend.clear_session()
        session.current().screen.drawings.clear()
        session.current().fits.forget()
        prepare.seed()
        before = Path.cwd()
        os.chdir(self._folder)
        try:
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    self._run_cell(cell)
        finally:
            os.chdir(before)
        return notebook

    def _run_cell(self, cell: NotebookNode) -> None:
        self._published.clear()
        result = self._shell.run_cell(cell.source, silent=False)
        error = result.error_before_exec or result.error_in_exec
        cell.execution_count = 1
        cell.outputs = [
            new_output("display_data", data=data) for data in self._published if MIME_TYPE in data
        ]
        if error is not None:
            cell.outputs.append(
                new_output("error", ename=type(error).__name__, evalue=str(error), traceback=[])
            )

    @staticmethod
    def evidence(notebook: NotebookNode) -> dict[str, list]:
        """The messages of each test cell of an executed notebook."""
        return {
            grade_id(cell): [o.data[MIME_TYPE] for o in cell.outputs if MIME_TYPE in o.get("data", {})]
            for cell in notebook.cells
            if cell.cell_type == "code"
        }
