"""Runs a notebook in the grading kernel and lets no failure of it lose the submission."""

import copy
import shutil
import tempfile
import time
from pathlib import Path

from nbclient.util import run_sync
from nbformat.v4 import new_markdown_cell
from nbgrader.preprocessors import Execute
from traitlets import Bool, Dict, Integer

from autograder.course.grading import grading
from autograder.course.kernel import GradingKernelManager
from autograder.course.reading import UNREADABLE

INCIDENT = "autograder_incident"
"""Key of the resources under which it is told why execution ended early."""


class ExecuteSubmission(Execute):
    """Replaces nbgrader's Execute: the grading kernel, time limits, and a grade for every outcome."""

    timeout = Integer(300, help="Seconds that one cell may take.").tag(config=True)
    notebook_timeout = Integer(900, help="Seconds that one notebook may take.").tag(config=True)
    startup_timeout = Integer(180, help="Seconds that the kernel may take to start.").tag(config=True)
    iopub_timeout = Integer(30, help="Seconds to wait for a cell's last outputs.").tag(config=True)

    coalesce_streams = Bool(True, help="Show what a cell printed in one piece.").tag(config=True)

    error_on_timeout = Dict(
        {
            "ename": "TimeoutError",
            "evalue": "the cell took too long and was interrupted",
            "traceback": ["TimeoutError: the cell took too long and was interrupted"],
        }
    ).tag(config=True)

    def __init__(self, *args, **kwargs):
        # Not configurable in nbgrader: its Execute passes its own class on.
        kwargs["kernel_manager_class"] = GradingKernelManager
        super().__init__(*args, **kwargs)
        self.timeout_func = self._seconds_for_cell

    def preprocess(self, nb, resources, *args, **kwargs):
        """Executes the notebook in a private copy of the submission's folder."""
        if UNREADABLE in nb.metadata:
            resources[INCIDENT] = f"a notebook that could not be read: {nb.metadata[UNREADABLE]}"
            return nb, resources
        run = grading(self.config)
        run.say_what_is_not_contained(self.log)
        run.start()
        folder = Path(resources.get("metadata", {}).get("path") or ".")
        self._deadline = time.monotonic() + self.notebook_timeout
        self._running = None
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        with tempfile.TemporaryDirectory(prefix="autograder-", ignore_cleanup_errors=True) as scratch:
            _copy_support_files(folder, Path(scratch))
            resources = copy.copy(resources)
            resources["metadata"] = dict(resources.get("metadata", {}), path=scratch)
            try:
                with tempfile.NamedTemporaryFile("w+", errors="replace") as self._kernel_log:
                    nb, resources = super().preprocess(nb, resources, *args, **kwargs)
            except Exception as error:
                if self._running is None:
                    # Nothing of the student's ran yet: the fault is not theirs, nor should a zero be.
                    raise
                what = _INCIDENTS.get(type(error).__name__, f"{type(error).__name__}: {error}")
                resources[INCIDENT] = f"{what}, in {self._running}"
                self.log.error("Execution ended early: %s", resources[INCIDENT])
        resources["metadata"]["path"] = str(folder)
        return nb, resources

    async def async_start_new_kernel(self, **kwargs):
        """Starts the kernel with its own log: TensorFlow's remarks are not the instructor's."""
        await super().async_start_new_kernel(stderr=self._kernel_log, **kwargs)

    start_new_kernel = run_sync(async_start_new_kernel)

    async def async_start_new_kernel_client(self):
        """Connects to the kernel; if it does not start, its log is shown."""
        try:
            return await super().async_start_new_kernel_client()
        except Exception:
            self._kernel_log.seek(0)
            self.log.error("The grading kernel did not start:\n%s", self._kernel_log.read()[-4000:])
            raise

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type == "code":
            if time.monotonic() > self._deadline:
                raise NotebookTimeout
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            self._running = f"cell '{name}'" if name else f"cell {index + 1}"
        return super().preprocess_cell(cell, resources, index)

    def _seconds_for_cell(self, cell) -> int:
        return max(1, min(self.timeout, round(self._deadline - time.monotonic())))


class ExecuteSolution(ExecuteSubmission):
    """Runs a sample solution with all of its training, for instructors and TAs."""

    timeout = Integer(3600, help="Seconds that one cell may take.").tag(config=True)
    notebook_timeout = Integer(7200, help="Seconds that one notebook may take.").tag(config=True)

    def create_kernel_manager(self):
        manager = super().create_kernel_manager()
        manager.full_training = True
        self.record_timing = False
        return manager

    def preprocess(self, nb, resources, *args, **kwargs):
        """Executes the notebook, and says in its first cell with what."""
        images = grading(self.config).images
        digits = _DIGITS.get(images, f"the digits in {Path(images).name}")
        nb, resources = super().preprocess(nb, resources, *args, **kwargs)
        if INCIDENT in resources:
            raise RuntimeError(f"The solution did not run to its end: {resources[INCIDENT]}")
        nb.cells.insert(0, new_markdown_cell(_SOLUTION_NOTE.format(digits=digits), id="solution"))
        return nb, resources


_DIGITS = {"embedded": "scikit-learn's handwritten digits, enlarged to 28×28", "mnist": "MNIST"}
_SOLUTION_NOTE = """> **Sample solution, for instructors and TAs.** Executed with the full training, on
> {digits}. Numbers and pictures are those of these digits; on other images they differ a little."""


class NotebookTimeout(Exception):
    """The notebook as a whole took longer than it may."""


_INCIDENTS = {
    "DeadKernelError": "the kernel died",
    "CellTimeoutError": "the kernel stopped answering",
    "NotebookTimeout": "the time for the whole notebook was over",
}


def _copy_support_files(folder: Path, scratch: Path) -> None:
    """What a student handed in beside the notebooks, for the notebook to read and write."""
    if folder.is_dir():
        ignore = shutil.ignore_patterns("*.ipynb", ".ipynb_checkpoints")
        shutil.copytree(folder, scratch, ignore=ignore, symlinks=True, dirs_exist_ok=True)
