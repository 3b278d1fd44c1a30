"""Gives each Dask worker a `Grader`. A worker needs no course directory and no gradebook.

Jobs and results are sent as bytes.
"""

import logging
import multiprocessing
import pickle
import signal
import zlib
from dataclasses import dataclass
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker
from nbgrader.converters import NbGraderException

from autograder.course.faults import in_words
from autograder.grading import fingerprints
from autograder.grading.grader import Grader
from autograder.grading.options import Grading
from autograder.grading.result import Result
from autograder.lab import Lab
from autograder.lab.images import Images
from autograder.sandbox.bubblewrap import SandboxError
from autograder.submissions.job import Job

NAME = "autograder"
"""The plugin's name on a worker."""


class WorkerError(NbGraderException):
    """A worker cannot grade anything; the text says why, and what to do."""


@dataclass(frozen=True)
class Settings:
    """What a worker needs to grade as the driver would."""

    options: dict[str, Any]
    """The values of `Grading`."""
    lab: Lab
    images: bytes
    """The grading images, packed: not every machine may have them."""
    secret: bytes
    """The secret from which the ids of the requests to run cells are made."""
    package: str
    """Fingerprint of the driver's code."""

    @classmethod
    def of(cls, grader: Grader) -> "Settings":
        """The settings with which workers grade as this grader does."""
        images = zlib.compress(pickle.dumps(grader.images), level=1)
        options = grader.options.trait_values(config=True)
        return cls(options, grader.lab, images, grader.secret, fingerprints.of_package())


class GradingPlugin(WorkerPlugin):
    """Starts a grader when a worker joins, and closes it when the worker leaves."""

    name = NAME

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def setup(self, worker: Worker) -> None:
        """Starts the grader: kernels and judge import TensorFlow before they are needed."""
        # Ctrl-C at the terminal is for the driver, which then closes its workers.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._problem = self._why_not()
        if self._problem:
            return
        images: Images = pickle.loads(zlib.decompress(self._settings.images))
        options = Grading(**self._settings.options)
        try:
            self._grader = Grader(options, self._settings.lab, images, self._settings.secret)
            self._grader.kernels.containment.tell(logging.getLogger("distributed.worker"))
            self._grader.start()
        except (SandboxError, OSError) as error:
            self._problem = in_words(error)

    def teardown(self, worker: Worker) -> None:
        """Closes the grader."""
        if not self._problem:
            self._grader.close()

    def grade(self, job: bytes, earlier: bytes | None) -> bytes:
        """Returns the result of a job. earlier: an earlier result of it. Raises WorkerError."""
        if self._problem:
            raise WorkerError(self._problem)
        known = Result.from_bytes(earlier) if earlier else None
        return self._grader.grade(Job.from_bytes(job), known).to_bytes()

    @property
    def sandboxed(self) -> bool:
        """Whether submissions run in the sandbox here."""
        return not self._problem and self._grader.kernels.sandboxed

    def _why_not(self) -> str:
        if multiprocessing.current_process().daemon:
            return (
                "A daemonic worker cannot start the processes that grading needs. Start workers with "
                "`autograder worker`, or set DASK_DISTRIBUTED__WORKER__DAEMON=False where they start."
            )
        if self._settings.package != fingerprints.of_package():
            return (
                "A worker has another version of autograder, or of a library that grading depends on, "
                "than this machine. Install the same (constraints.txt) on both; restart the worker."
            )
        return ""


def grade(job: bytes, earlier: bytes | None) -> bytes:
    """Grades a job on the worker that Dask has chosen; returns the result."""
    return _plugin(get_worker()).grade(job, earlier)


def is_sandboxed(dask_worker: Worker) -> bool:
    """Whether submissions run in the sandbox on a worker."""
    return _plugin(dask_worker).sandboxed


def _plugin(worker: Worker) -> GradingPlugin:
    plugin = worker.plugins[NAME]
    if not isinstance(plugin, GradingPlugin):
        raise TypeError(f"the plugin {NAME} is {plugin!r}")
    return plugin
