"""Runs a notebook in the grading kernel and lets no failure of it lose the submission."""

import asyncio
import contextlib
import copy
import functools
import os
import tempfile
from pathlib import Path

from nbclient.util import run_sync
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader.preprocessors import Execute
from traitlets import Dict, Enum, Integer
from traitlets.config import Config

from autograder.grading import fingerprints, request_ids
from autograder.grading.kernel_manager import GradingKernelManager
from autograder.grading.options import MIB, grading
from autograder.grading.outputs import Outputs, in_one_piece
from autograder.grading.result import EVIDENCE, INCIDENT, RESULT, Result, Work, files_in, work_on
from autograder.protocol.evidence import COLLECT, DRAWINGS, MAX_MESSAGE_BYTES
from autograder.sandbox.clock import INTERVAL, TimeLimit, clock_of
from autograder.sandbox.memory_watch import memory_watched
from autograder.sandbox.provisioner import AVAILABLE
from autograder.sandbox.relay import Relay
from autograder.submissions.notebooks import cell_name, grade_id
from autograder.submissions.reading import UNREADABLE

STAMP = "autograder_stamp"
"""Key of the resources, and of the metadata of an autograded notebook: `stamp`."""
LOG_BYTES = 256 * 1024


class ExecuteSubmission(Execute):
    """Replaces nbgrader's Execute: the grading kernel, time limits, and a grade for every outcome."""

    # Of the notebook's own clock, see `autograder.sandbox.clock`.
    timeout = Integer(
        300,
        help="Seconds that one cell may take, not counting those in which others have the processor.",
    ).tag(config=True)
    notebook_timeout = Integer(900, help="Seconds that one notebook may take, counted likewise.").tag(
        config=True
    )
    startup_timeout = Integer(180, help="Seconds that the kernel may take to start.").tag(config=True)
    iopub_timeout = Integer(30, help="Seconds to wait for a cell's last outputs.").tag(config=True)

    max_output_mib = Integer(
        20, help="Output that a notebook may show, in MiB; what is more is left out."
    ).tag(config=True)

    shutdown_kernel = Enum(
        ["graceful", "immediate"],
        "immediate",
        help="Whether a kernel may still run code of the student's when the notebook is over.",
    ).tag(config=True)

    # Nothing that differs from run to run.
    record_timing = False

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
        # How long nbclient waits until it asks `_async_handle_timeout` what to do.
        self.timeout_func = lambda cell: INTERVAL

    def create_kernel_manager(self):
        """The manager of the kernel, which runs in a folder of its own."""
        manager = super().create_kernel_manager()
        manager.run = self._run
        manager.session.requests = self._requests
        if AVAILABLE:
            relay = Relay(self._run / "relay", MAX_MESSAGE_BYTES, self._end_kernel)
            manager.relay = self._until_the_end.enter_context(relay)
        manager.fork_server = self._until_the_end.enter_context(grading(self.config).forking())
        return manager

    def preprocess(self, nb, resources, *args, **kwargs):
        """Executes the notebook, unless it is known what came of just this before."""
        about = resources.get("nbgrader", {})
        folder = resources.get("metadata", {}).get("path")
        files = files_in(Path(folder)) if folder else []
        work = work_on(about.get("notebook", ""), nb, files)
        resources[STAMP] = stamp(work, Path(folder or "."), self.config)
        if UNREADABLE in nb.metadata:
            resources[INCIDENT] = nb.metadata[UNREADABLE]
            return nb, resources
        run = self.digest(work)
        kept = getattr(self.parent, "kept", None)
        result = kept and kept.find(about["student"], work.notebook)
        if result and result.run == run:
            result.show(nb, resources)
        else:
            nb, resources = self._execute(nb, resources, work, *args, **kwargs)
            result = Result.of(run, nb, resources, self._interrupted, self._timed_out)
        resources[RESULT] = result
        return nb, resources

    def digest(self, work: Work) -> str:
        """Of the work, and of all that decides what comes of it."""
        limits = (self.timeout, self.notebook_timeout, self.iopub_timeout, self.max_output_mib)
        return fingerprints.digest(
            work.digest, fingerprints.of_run(), grading(self.config).surroundings, limits
        )

    def _execute(self, nb, resources, work: Work, *args, **kwargs):
        """On a private copy of the files."""
        run = grading(self.config)
        run.start()
        path = resources.get("metadata", {}).get("path")
        self._running = None
        self._ended_because = ""
        self._interrupted: set[int] = set()
        self._timed_out = False
        self._outputs = Outputs(self.max_output_mib * MIB)
        self._requests = request_ids.ids(run.secret, work.digest)
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        with run.new_run() as self._run, contextlib.ExitStack() as self._until_the_end:
            work.write_files(self._run / "files")
            resources = copy.copy(resources)
            resources["metadata"] = dict(resources.get("metadata", {}), path=str(self._run / "files"))
            try:
                with _log_file() as self._kernel_log:
                    nb, resources = super().preprocess(nb, resources, *args, **kwargs)
            except Exception as error:
                if self._running is None:
                    # Nothing of the student's ran yet: the fault is not theirs, nor should a zero be.
                    raise
                what = _INCIDENTS.get(type(error).__name__, f"{type(error).__name__}: {error}"[:500])
                resources[INCIDENT] = f"{self._ended_because or what}, in {self._running}"
                self._timed_out = isinstance(error, Starved | NotebookTimeout)
                self.log.error("Execution ended early: %s", resources[INCIDENT])
        resources["metadata"]["path"] = path
        resources[EVIDENCE] = self._outputs.evidence
        return nb, resources

    async def async_start_new_kernel(self, **kwargs):
        """Starts the kernel with its own log: TensorFlow's remarks are not the instructor's."""
        await super().async_start_new_kernel(stderr=self._kernel_log, **kwargs)
        limit = grading(self.config).kernel_memory_mib * MIB
        exceeded = functools.partial(self._end_kernel, "the notebook took more memory than it may")
        provisioner = self.km.provisioner
        self._kernel_process = provisioner.process
        self._until_the_end.enter_context(memory_watched(provisioner.pid, limit, exceeded))

    start_new_kernel = run_sync(async_start_new_kernel)

    async def async_start_new_kernel_client(self):
        """Connects to the kernel; if it does not start, its log is shown."""
        try:
            client = await super().async_start_new_kernel_client()
        except Exception:
            self._kernel_log.seek(0)
            log = self._kernel_log.read().rstrip("\0")
            self.log.error("The grading kernel did not start:\n%s", log[-4000:])
            raise
        # Only now: the grader's own start, long on a busy machine, is not the notebook's time.
        self._clock = self._until_the_end.enter_context(clock_of(self.km.provisioner.pid))
        self._time = TimeLimit(self._clock, self.notebook_timeout)
        return client

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    def process_message(self, msg, cell, cell_index):
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

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type == "code":
            if self._time.left <= 0:
                raise NotebookTimeout
            if self._time.lasts_too_long:
                raise Starved
            self._cell_time = TimeLimit(self._clock, max(1, min(self.timeout, self._time.left)))
            self._index, self._running = index, cell_name(cell, index)
        cell, resources = super().preprocess_cell(cell, resources, index)
        if cell.cell_type == "code":
            cell.outputs = in_one_piece(cell.outputs)
        if index == len(self.nb.cells) - 1:
            self._collect_drawings()
        return cell, resources

    def _collect_drawings(self) -> None:
        """Asks the kernel for what was drawn in all of the notebook, of which this is no cell."""
        cells, interrupted = self.nb.cells, set(self._interrupted)
        cells.append(new_code_cell(COLLECT, metadata={"nbgrader": {"grade_id": DRAWINGS}}))
        self._cell_time = TimeLimit(self._clock, _COLLECT_SECONDS)
        # Whatever comes of it, the notebook has run to its end.
        with contextlib.suppress(Exception):
            self.execute_cell(cells[-1], len(cells) - 1, store_history=False)
        cells.pop()
        self._interrupted = interrupted

    async def _async_handle_timeout(self, timeout, cell=None):
        """Called by nbclient every INTERVAL: lets a cell go on while it has time of its own left."""
        if cell is not None:
            if self._time.lasts_too_long or self._cell_time.lasts_too_long:
                raise Starved
            if self._cell_time.left > 0:
                # nbclient may ask again at once, after a late message of another cell's.
                await asyncio.sleep(_PAUSE)
                return None
            self._interrupted.add(self._index)
            timeout = round(self._cell_time.seconds)
        return await super()._async_handle_timeout(timeout, cell)


class ExecuteSolution(ExecuteSubmission):
    """Runs a sample solution with all of its training, for instructors and TAs."""

    timeout = Integer(3600, help="As for submissions; training in full takes longer.").tag(config=True)
    notebook_timeout = Integer(7200, help="As for submissions.").tag(config=True)

    def create_kernel_manager(self):
        manager = super().create_kernel_manager()
        manager.full_training = True
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


def stamp(work: Work, folder: Path, config: Config) -> str:
    """A digest of all that makes a difference to what is recorded of a notebook.

    folder: the one with the submission's timestamp.
    """
    timestamp = folder / "timestamp.txt"
    return fingerprints.digest(
        work.recorded_digest,
        timestamp.read_bytes() if timestamp.is_file() else b"",
        fingerprints.of_package(),
        grading(config).surroundings,
        [_settings(config, section) for section in _RECORDED_BY],
    )


def _settings(config: Config, section: str) -> list[str]:
    """Those of a section, but what only says which submissions to grade."""
    return sorted(repr(item) for item in config.get(section, {}).items() if item[0] != "force")


_RECORDED_BY = (
    "Autograde",
    "ExecuteSubmission",
    "SubmissionExporter",
    "LimitOutput",
    "AssignLatePenalties",
)
"""Sections of the configuration on which it depends what is recorded."""


class NotebookTimeout(Exception):
    """The notebook as a whole took longer than it may."""


class Starved(Exception):
    """The notebook took many times as long as it may, and most of that time others had the processor."""


_COLLECT_SECONDS = 30
_PAUSE = 0.05
"""Seconds between two looks at what time is left, at least."""


_CUT_OFF = "the kernel stopped answering, or put out more at once than is read"
_INCIDENTS = {
    "DeadKernelError": "the kernel died",
    "CellTimeoutError": _CUT_OFF,
    "Again": _CUT_OFF,
    "NotebookTimeout": "the time for the whole notebook was over",
    "Starved": "others used the processor for too long, so that the notebook did not get its time",
}


_CUT = "\n[grading] What this notebook put out from here on is left out: there is too much of it.\n"


def _log_file():
    """A file for what the kernel writes past its notebook; on Linux one that cannot grow on."""
    if not hasattr(os, "memfd_create"):
        return tempfile.TemporaryFile("w+", errors="replace")
    import fcntl

    handle = os.memfd_create("kernel-log", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(handle, LOG_BYTES)
    fcntl.fcntl(handle, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return os.fdopen(handle, "r+", errors="replace")
