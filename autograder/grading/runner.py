"""Runs a notebook in the grading kernel. No failure of the notebook loses the submission."""

import asyncio
import contextlib
import copy
import functools
import os
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from nbclient.util import run_sync
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from nbgrader.preprocessors import Execute

from autograder.grading.kernel_manager import GradingKernelManager
from autograder.grading.kernels import Kernels
from autograder.grading.options import MIB, Grading
from autograder.grading.outputs import Outputs, in_one_piece
from autograder.grading.result import CellRun, Result
from autograder.protocol.evidence import COLLECT, DRAWINGS, MAX_MESSAGE_BYTES
from autograder.sandbox.clock import INTERVAL, TimeLimit, clock_of
from autograder.sandbox.memory_watch import memory_watched
from autograder.sandbox.provisioner import AVAILABLE
from autograder.sandbox.relay import Relay
from autograder.submissions.job import Job
from autograder.submissions.notebooks import cell_name, grade_id

LOG_BYTES = 256 * 1024
_COLLECT_SECONDS = 30
_PAUSE = 0.05
"""Least seconds between two looks at the time that is left."""


class NotebookTimeout(Exception):
    """The notebook as a whole took longer than it may."""


class Starved(Exception):
    """The notebook took many times as long as it may, and most of that time others had the processor."""


_CUT_OFF = "the kernel stopped answering, or put out more at once than is read"
_INCIDENTS = {
    "DeadKernelError": "the kernel died",
    "CellTimeoutError": _CUT_OFF,
    "Again": _CUT_OFF,
    "NotebookTimeout": "the time for the whole notebook was over",
    "Starved": "others used the processor for too long, so that the notebook did not get its time",
}
_CUT = "\n[grading] What this notebook put out from here on is left out: there is too much of it.\n"
_INTERRUPTED = "the cell took too long and was interrupted"


class Runner(Execute):
    """nbgrader's Execute for one run: the grading kernel, time limits, and a result for every outcome.

    requests: the ids of the requests to run cells.
    """

    # Times would differ from run to run.
    record_timing = False
    # No code of the student's runs when the notebook is over.
    shutdown_kernel = "immediate"

    def __init__(self, options: Grading, kernels: Kernels, requests: Iterator[str]) -> None:
        super().__init__(
            kernel_manager_class=GradingKernelManager,
            startup_timeout=options.startup_timeout,
            iopub_timeout=options.iopub_timeout,
            error_on_timeout={
                "ename": "TimeoutError",
                "evalue": _INTERRUPTED,
                "traceback": [f"TimeoutError: {_INTERRUPTED}"],
            },
        )
        self._options, self._kernels, self._requests = options, kernels, requests
        # How long nbclient waits until it asks `_async_handle_timeout` what to do.
        self.timeout_func = lambda cell: INTERVAL
        self._running: str | None = None
        self._ended_because = ""
        self._interrupted: set[int] = set()
        self._outputs = Outputs(options.max_output_mib * MIB)

    def run(self, job: Job, fingerprint: str, steps: int | None) -> Result:
        """Runs the job on a private copy of its files; the result is not judged.

        steps: those that its training is shortened to; None to train in full.
        """
        self._steps = steps
        notebook, incident, timed_out = copy.deepcopy(job.content), "", False
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        with self._kernels.new_run() as self._folder, contextlib.ExitStack() as self._until_the_end:
            files = self._folder / "files"
            job.write_files(files)
            try:
                with _log_file() as self._kernel_log:
                    self.preprocess(notebook, {"metadata": {"path": str(files)}})
            except Exception as error:
                if self._running is None:
                    # No code of the student's ran yet: a zero for this failure would be unfair.
                    raise
                what = _INCIDENTS.get(type(error).__name__, f"{type(error).__name__}: {error}"[:500])
                incident = f"{self._ended_because or what}, in {self._running}"
                timed_out = isinstance(error, Starved | NotebookTimeout)
                self.log.error("Execution ended early: %s", incident)
        cells = tuple(
            CellRun(cell.execution_count, tuple(cell.outputs), index in self._interrupted)
            for index, cell in enumerate(notebook.cells)
            if cell.cell_type == "code"
        )
        language = notebook.metadata.get("language_info", {})
        return Result(fingerprint, cells, self._outputs.evidence, language, incident, timed_out)

    def create_kernel_manager(self) -> GradingKernelManager:
        """The manager of the kernel, which runs in a folder of its own."""
        manager: GradingKernelManager = super().create_kernel_manager()
        manager.kernels, manager.run, manager.steps = self._kernels, self._folder, self._steps
        manager.session.requests = self._requests
        if AVAILABLE:
            relay = Relay(self._folder / "relay", MAX_MESSAGE_BYTES, self._end_kernel)
            manager.relay = self._until_the_end.enter_context(relay)
        manager.fork_server = self._until_the_end.enter_context(self._kernels.forking())
        return manager

    async def async_start_new_kernel(self, **kwargs: Any) -> None:
        """Starts the kernel with its own log: TensorFlow's remarks are not the instructor's."""
        await super().async_start_new_kernel(stderr=self._kernel_log, **kwargs)
        limit = self._options.kernel_memory_mib * MIB
        exceeded = functools.partial(self._end_kernel, "the notebook took more memory than it may")
        provisioner = self.km.provisioner
        self._kernel_process = provisioner.process
        self._until_the_end.enter_context(memory_watched(provisioner.pid, limit, exceeded))

    start_new_kernel = run_sync(async_start_new_kernel)

    async def async_start_new_kernel_client(self) -> AsyncKernelClient:
        """Connects to the kernel; if it does not start, its log is shown."""
        try:
            client: AsyncKernelClient = await super().async_start_new_kernel_client()
        except Exception:
            self._kernel_log.seek(0)
            log = self._kernel_log.read().rstrip("\0")
            self.log.error("The grading kernel did not start:\n%s", log[-4000:])
            raise
        # Only now: the grader's own start, long on a busy machine, is not the notebook's time.
        self._clock = self._until_the_end.enter_context(clock_of(self.km.provisioner.pid))
        self._time = TimeLimit(self._clock, self._options.notebook_timeout)
        return client

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> Any:
        """Lets through what a notebook may show; evidence never becomes an output."""
        if msg["msg_type"].startswith("comm"):
            # Widgets: nothing here talks back to them.
            return None
        if msg["msg_type"] != "status":
            was_full = self._outputs.full
            if not self._outputs.admit(msg, grade_id(cell)):
                if self._outputs.full and not was_full:
                    cell.outputs.append(new_output("stream", name="stdout", text=_CUT))
                if self._outputs.flood:
                    self._end_kernel("the notebook's output did not end")
                return None
        return super().process_message(msg, cell, cell_index)

    def _end_kernel(self, why: str) -> None:
        if not self._ended_because:
            self._ended_because = why
            self._kernel_process.kill()

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Runs a cell, for as long as it and the notebook may take."""
        if cell.cell_type == "code":
            if self._time.left <= 0:
                raise NotebookTimeout
            if self._time.lasts_too_long:
                raise Starved
            most = min(self._options.cell_timeout, self._time.left)
            self._cell_time = TimeLimit(self._clock, max(1, most))
            self._index, self._running = index, cell_name(cell, index)
        cell, resources = super().preprocess_cell(cell, resources, index)
        if cell.cell_type == "code":
            cell.outputs = in_one_piece(cell.outputs)
        if index == len(self.nb.cells) - 1:
            self._collect_drawings()
        return cell, resources

    def _collect_drawings(self) -> None:
        """Asks the kernel for all drawings of the notebook, as no cell of the notebook asks for them."""
        cells, interrupted = self.nb.cells, set(self._interrupted)
        cells.append(new_code_cell(COLLECT, metadata={"nbgrader": {"grade_id": DRAWINGS}}))
        self._cell_time = TimeLimit(self._clock, _COLLECT_SECONDS)
        # Even if this fails, the notebook has run to its end.
        with contextlib.suppress(Exception):
            self.execute_cell(cells[-1], len(cells) - 1, store_history=False)
        cells.pop()
        self._interrupted = interrupted

    async def _async_handle_timeout(self, timeout: int, cell: NotebookNode | None = None) -> Any:
        """Called by nbclient every INTERVAL: lets a cell go on while it has time of its own left."""
        if cell is not None:
            if self._time.lasts_too_long or self._cell_time.lasts_too_long:
                raise Starved
            if self._cell_time.left > 0:
                # nbclient may ask again at once, after a late message of another cell.
                await asyncio.sleep(_PAUSE)
                return None
            self._interrupted.add(self._index)
            timeout = round(self._cell_time.seconds)
        return await super()._async_handle_timeout(timeout, cell)


def _log_file() -> IO[str]:
    """A file for the kernel's output outside of its notebook; on Linux, the file's size is fixed."""
    if not hasattr(os, "memfd_create"):
        return tempfile.TemporaryFile("w+", errors="replace")
    import fcntl

    handle = os.memfd_create("kernel-log", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(handle, LOG_BYTES)
    fcntl.fcntl(handle, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return os.fdopen(handle, "r+", errors="replace")
