"""Runs notebooks in this process, prepared just as the grading kernel is, for speed."""

import base64
import copy
import hashlib
import itertools
import os
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from IPython.core.interactiveshell import InteractiveShell
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output
from nbgrader.utils import is_grade
from once import Descriptions

from autograder.judge.shown_pictures import out_of_sight, pictures
from autograder.kernel import prepare, watchers
from autograder.lab import SHORT_STEPS
from autograder.lab.images import Images
from autograder.protocol.evidence import COLLECT, MIME_TYPE, Drawing, Message
from autograder.submissions.notebooks import grade_id

REQUEST = "of no kernel"


class _Shell(InteractiveShell):
    """A shell without a screen, like a kernel's."""

    def enable_gui(self, gui=None):
        """Inline figures need no event loop."""


@dataclass(frozen=True)
class _Start:
    """The cells of a notebook up to the first that trained something, and what there was then."""

    sources: list[str]
    outputs: list[list]
    names: Mapping[str, object]
    drawings: list[Drawing]
    steps: int | None
    """Those of the shortened training."""
    trainings: int
    digest: str
    """Of the arrays and networks among the names: another one if a notebook changed them."""


class PreloadedKernel:
    """An IPython shell with the grading kernel's images, watchers and seeds.

    dataset: the one of the lab, which the notebooks load.
    """

    def __init__(self, images: Images, folder: Path, dataset: str = "mnist") -> None:
        path = folder / f"{dataset}.npz"
        np.savez(path, **images.as_mnist())
        self._folder = folder
        self._start: _Start | None = None
        self._published: list[dict] = []
        prepare.prepare(str(path), dataset=dataset, steps=SHORT_STEPS)
        # Not before: it watches what is trained, in full unless that was prepared for.
        from autograder import check

        self._check, self._descriptions = check, Descriptions(check.describe)
        # Not __main__, which belongs to pytest and is what a spawned process imports.
        self._shell = _Shell.instance(user_module=types.ModuleType("student"))
        self._shell.enable_matplotlib("inline")
        prepare.soften(self._shell)
        self._shell.parent_header = {"header": {"msg_id": REQUEST}}
        self._shell.display_pub.publish = lambda data, **_: self._published.append(data)
        self._shell.displayhook.write_format_data = lambda data, *_: self._published.append(data)

    def run(self, notebook: NotebookNode, steps: int = SHORT_STEPS) -> NotebookNode:
        """Executes the notebook from a clean slate; outputs but evidence, pictures and errors are lost.

        One that starts just as the one before goes on from where that had trained its network.
        steps: those of the shortened training, such as `exercise.short_steps`.
        """
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        before = Path.cwd()
        os.chdir(self._folder)
        watchers.current().fits.steps = steps
        describe, self._check.describe = self._check.describe, self._descriptions.describe
        try:
            self._clean()
            done = self._as_before(cells)
            if not done:
                self._forget()
            for number in range(done, len(cells)):
                self._run_cell(cells[number])
                if self._start is None and watchers.current().fits._all:
                    self._start = self._started(cells[: number + 1])
            last = new_code_cell(COLLECT)
            self._run_cell(last)
            collected = [output.get("data", {}).get(MIME_TYPE, "") for output in last.outputs]
            notebook.metadata[COLLECT] = "".join(collected)
        finally:
            self._check.describe = describe
            os.chdir(before)
        return notebook

    def _clean(self) -> None:
        import matplotlib.pyplot as plt

        self._shell.reset(new_session=False)
        # As in a kernel.
        self._shell.user_ns["__name__"] = "__main__"
        plt.close("all")
        plt.rcdefaults()
        # Which keeps the backend that another notebook, or another test of this process, may have set.
        self._shell.enable_matplotlib("inline")
        watchers.current().screen.drawings.clear()
        watchers.current().incidents.clear()
        prepare.seed()

    def _forget(self) -> None:
        import keras

        self._start = None
        keras.backend.clear_session()
        watchers.current().fits.forget()

    def _started(self, cells: list[NotebookNode]) -> _Start:
        shell = self._shell
        names = {k: v for k, v in shell.user_ns.items() if k not in shell.user_ns_hidden}
        return _Start(
            sources=[cell.source for cell in cells],
            outputs=copy.deepcopy([cell.outputs for cell in cells]),
            names=names,
            drawings=list(watchers.current().screen.drawings),
            steps=watchers.current().fits.steps,
            trainings=len(watchers.current().fits._all),
            digest=_digest(names),
        )

    def _as_before(self, cells: list[NotebookNode]) -> int:
        """How many cells need not run: those of the start of the notebook before, if it is as it was."""
        start = self._start
        if start is None or [cell.source for cell in cells[: len(start.sources)]] != start.sources:
            return 0
        fits = watchers.current().fits
        if (fits.steps, len(fits._all)) != (start.steps, start.trainings):
            return 0
        if _digest(start.names) != start.digest:
            return 0
        for cell, outputs in zip(cells, copy.deepcopy(start.outputs), strict=False):
            cell.outputs, cell.execution_count = outputs, 1
        self._shell.user_ns.update(start.names)
        watchers.current().screen.drawings.extend(start.drawings)
        return len(start.sources)

    def errors(self, *sources: str, steps: int = SHORT_STEPS) -> list[str]:
        """Runs a notebook of such cells; the errors that its cells ended with."""
        notebook = self.run(new_notebook(cells=[new_code_cell(source) for source in sources]), steps)
        outputs = itertools.chain.from_iterable(cell.outputs for cell in notebook.cells)
        return [f"{o.ename}: {o.evalue}" for o in outputs if o.output_type == "error"]

    def _run_cell(self, cell: NotebookNode) -> None:
        if not is_grade(cell):
            self._descriptions.forget()
        self._published.clear()
        result = self._shell.run_cell(cell.source, silent=False)
        error = result.error_before_exec or result.error_in_exec
        cell.execution_count = 1
        cell.outputs = [new_output("display_data", data=_as_sent(data)) for data in self._published]
        cell.outputs = [output for output in cell.outputs if output.data]
        if error is not None:
            cell.outputs.append(
                new_output("error", ename=type(error).__name__, evalue=str(error), traceback=[])
            )

    @staticmethod
    def evidence(notebook: NotebookNode) -> dict[str, list[Message]]:
        """The messages of each test cell of an executed notebook."""
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        sent, unseen = pictures(outputs), out_of_sight(outputs)
        drawn = notebook.metadata[COLLECT]
        return {
            grade_id(cell): [
                Message(REQUEST, o.data[MIME_TYPE], sent, unseen, drawn)
                for o in cell.outputs
                if MIME_TYPE in o.get("data", {})
            ]
            for cell in notebook.cells
            if cell.cell_type == "code"
        }


def _as_sent(data: Mapping) -> dict[str, str]:
    """Evidence and pictures of an output, as text."""
    return {
        kind: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for kind, value in data.items()
        if kind in (MIME_TYPE, "text/html") or kind.startswith("image/")
    }


def _digest(names: Mapping[str, object]) -> str:
    import keras

    sha = hashlib.sha256()
    for name, value in names.items():
        arrays = [value]
        if isinstance(value, keras.Model):
            arrays = value.get_weights()
            # A method that was replaced, or another compilation.
            compiled = id(getattr(value, "_compile_config", None))
            sha.update(repr((sorted(vars(value)), value.trainable, compiled)).encode())
        for array in arrays:
            if isinstance(array, np.ndarray):
                sha.update(name.encode())
                sha.update(array.tobytes())
    return sha.hexdigest()
