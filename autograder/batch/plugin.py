"""What a worker does: runs a notebook in the grading kernel and judges it. Bytes come in, bytes go out.

A Dask worker holds one `Grader`, with kernels and a judge of its own, but no course and no gradebook.
"""

import logging
import multiprocessing
import pickle
import signal
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from distributed import Worker, WorkerPlugin, get_worker
from nbgrader.converters import NbGraderException
from traitlets.config import Config

from autograder.course.faults import in_words
from autograder.grading import fingerprints
from autograder.grading.options import Grading, grading
from autograder.grading.result import RESULT, Result, Work
from autograder.grading.runner import ExecuteSubmission
from autograder.lab.images import Images
from autograder.submissions.reading import UNREADABLE

NAME = "autograder"
"""Of the plugin."""


class WorkerError(NbGraderException):
    """A worker cannot grade at all; the text says what to do about it."""


@dataclass(frozen=True)
class Settings:
    """What a grader must know besides its work."""

    config: dict
    """The sections of nbgrader_config.py for `Grading` and `ExecuteSubmission`."""
    images: bytes
    """The grading images: not every machine may have them."""
    secret: bytes
    """What requests to run cells follow from."""
    package: str
    """Digest of the code that the driver runs."""

    @classmethod
    def of_course(cls, config: Config) -> "Settings":
        """Those of a course. Raises ImagesError."""
        sections = {name: dict(config.get(name, {})) for name in ("Grading", "ExecuteSubmission")}
        course = grading(config)
        images = zlib.compress(pickle.dumps(course.loaded_images), level=1)
        return cls(sections, images, course.secret, fingerprints.of_package())


class Grader(WorkerPlugin):
    """Starts what a worker needs to grade, when it joins."""

    name = NAME

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def setup(self, worker: Worker) -> None:
        """Lets kernels and judge import TensorFlow, before either is needed."""
        # An interrupt at the terminal is for the driver, which then closes its workers.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._problem = self._why_not()
        if self._problem:
            return
        self._config = Config(self._settings.config)
        images: Images = pickle.loads(zlib.decompress(self._settings.images))
        Grading.clear_instance()
        self._grading = grading(self._config)
        self._grading.loaded_images = images
        self._grading.secret = self._settings.secret
        try:
            self._grading.say_what_is_contained(logging.getLogger("distributed.worker"))
            self._grading.start()
        except (NbGraderException, OSError) as error:
            self._problem = in_words(error)

    def teardown(self, worker: Worker) -> None:
        """Ends them."""
        if not self._problem:
            self._grading.close()

    def carry_out(self, work: bytes, known: bytes | None) -> bytes:
        """The result of some work, or of judging what is known of it. Raises WorkerError."""
        if self._problem:
            raise WorkerError(self._problem)
        task = Work.from_bytes(work)
        result = Result.from_bytes(known) if known else self._run(task)
        return self._grading.judged(task.notebook, result).to_bytes()

    @property
    def sandboxed(self) -> bool:
        """Whether submissions run in the sandbox here."""
        return not self._problem and self._grading.sandboxed

    def _run(self, task: Work) -> Result:
        with tempfile.TemporaryDirectory(dir=self._grading.folder) as folder:
            task.write_files(Path(folder))
            resources = {"metadata": {"path": folder}, "nbgrader": {"notebook": task.notebook}}
            execute = ExecuteSubmission(config=self._config)
            return execute.preprocess(task.content, resources)[1][RESULT]

    def _why_not(self) -> str:
        if multiprocessing.current_process().daemon:
            return (
                "A daemonic worker may start no processes, but grading needs some. Start workers with "
                "`autograder worker`, or set DASK_DISTRIBUTED__WORKER__DAEMON=False where they start."
            )
        if self._settings.package != fingerprints.of_package():
            return (
                "A worker has another version of autograder, or of the libraries that grading depends "
                "on, than this machine. Install the same on both (constraints.txt), and start it anew."
            )
        return ""


def carry_out(work: bytes, known: bytes | None = None) -> bytes:
    """The task as Dask runs it on a worker."""
    return get_worker().plugins[NAME].carry_out(work, known)


def is_sandboxed(dask_worker: Worker) -> bool:
    """Whether submissions run in the sandbox on a worker."""
    return dask_worker.plugins[NAME].sandboxed


def can_be_run(content) -> bool:
    """Whether a notebook is one, not the stand-in of a file that could not be read."""
    return UNREADABLE not in content.metadata
