"""The options of a course, and what a whole grading run shares: images, sandbox, kernels and judge."""

import atexit
import contextlib
import dataclasses
import functools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from traitlets import Bool, Enum, Float, Integer, Unicode
from traitlets.config import SingletonConfigurable

from autograder.grading import fingerprints
from autograder.grading.judge_process import Judge, most_seconds
from autograder.grading.request_ids import secret_of
from autograder.grading.result import Result
from autograder.judge.shown_pictures import out_of_sight, pictures
from autograder.lab import EXERCISES, TEST_IMAGES, TRAIN_IMAGES
from autograder.lab.images import Images, load
from autograder.protocol.evidence import DRAWINGS, Message
from autograder.sandbox import bubblewrap
from autograder.sandbox.fork_server import SANDBOXED
from autograder.sandbox.isolation import Confinement
from autograder.sandbox.provisioner import AVAILABLE, ForkServer
from autograder.sandbox.run_folder import RunFolder, remove_left_behind

MIB = 2**20


class Grading(SingletonConfigurable):
    """How submissions are graded; set from nbgrader_config.py as `c.Grading.<name>`."""

    images = Unicode(
        "embedded",
        help="The digits to grade on: 'embedded' (scikit-learn's, no download), 'mnist' (the copy "
        "in Keras's cache) or the path of an .npz file with MNIST's arrays.",
    ).tag(config=True)

    train_images = Integer(
        TRAIN_IMAGES,
        min=1000,
        help="How many images stand in for MNIST's training set. Few make tests fast.",
    ).tag(config=True)
    test_images = Integer(
        TEST_IMAGES, min=500, help="How many images stand in for MNIST's test set."
    ).tag(config=True)

    judge_timeout = Float(120, help="Seconds the judge may take over the evidence of one notebook.").tag(
        config=True
    )

    sandbox = Enum(
        ["auto", "required", "off"],
        "auto",
        help="Whether submissions run in bubblewrap: 'auto' where it works, and saying so where it "
        "does not; 'required' refuses to grade without it; 'off'.",
    ).tag(config=True)

    preloaded = Bool(
        True,
        help="Whether kernels are forked from one process that has imported TensorFlow (Linux), in "
        "place of importing it anew for each notebook.",
    ).tag(config=True)

    kernel_memory_mib = Integer(
        4096, help="Memory that a notebook may use, all its processes together, in MiB."
    ).tag(config=True)
    kernel_processes = Integer(
        300, help="Processes and threads that a notebook may have (in the sandbox)."
    ).tag(config=True)
    kernel_disk_mib = Integer(
        512, help="Files that a notebook may write, in MiB (in the sandbox, where they lie in memory)."
    ).tag(config=True)

    @functools.cached_property
    def loaded_images(self) -> Images:
        """The grading images. Raises ImagesError if they are not there."""
        counts = {"train_count": self.train_images, "test_count": self.test_images}
        return dataclasses.replace(load(self.images), **counts)

    @functools.cached_property
    def secret(self) -> bytes:
        """What the requests to run cells follow from, in this course."""
        return secret_of(Path(self.config.CourseDirectory.get("root", "")))

    @functools.cached_property
    def surroundings(self) -> str:
        """A digest of the images and limits that a notebook meets."""
        limits = (self.kernel_memory_mib, self.kernel_processes, self.kernel_disk_mib)
        return fingerprints.digest(fingerprints.of_images(self.loaded_images), limits)

    @functools.cached_property
    def judge_digest(self) -> str:
        """A digest of what verdicts follow from, besides the evidence."""
        return fingerprints.digest(fingerprints.of_judge(), fingerprints.of_images(self.loaded_images))

    @functools.cached_property
    def sandboxed(self) -> bool:
        """Whether submissions run in the sandbox. Raises SandboxError if they must and cannot."""
        problem = "" if self.sandbox == "off" else bubblewrap.problem()
        if problem and self.sandbox == "required":
            raise bubblewrap.SandboxError(
                f"c.Grading.sandbox is 'required', but {problem}. Install or mend it, or set 'auto' or "
                "'off' to let submissions run with your own rights."
            )
        return self.sandbox != "off" and not problem

    @functools.cached_property
    def folder(self) -> Path:
        """A folder for what the whole run needs, gone when it is over."""
        remove_left_behind()
        folder = RunFolder()
        self._until_the_end.callback(folder.cleanup)
        return Path(folder.name)

    @functools.cached_property
    def images_file(self) -> Path:
        """The file that stands in for MNIST in the kernels; the held-out digits are not in it."""
        path = self.folder / "mnist.npz"
        np.savez_compressed(path, **self.loaded_images.as_mnist())
        return path

    @property
    def images_for_kernels(self) -> str:
        """Where the kernels find that file."""
        return bubblewrap.IMAGES if self.sandboxed else str(self.images_file)

    @functools.cached_property
    def fork_server(self) -> ForkServer:
        """The process that kernels are forked from, started at the first use."""
        server = self._new_fork_server(self.folder / "fork-server.log")
        self._until_the_end.callback(server.close)
        return server

    @contextlib.contextmanager
    def forking(self) -> Iterator[ForkServer | None]:
        """What one kernel is forked from, for as long as it runs; None where nothing can be forked."""
        if not AVAILABLE:
            yield None
        elif self.preloaded:
            yield self.fork_server
        else:
            with (
                tempfile.TemporaryDirectory(dir=self.folder) as own,
                contextlib.closing(self._new_fork_server(Path(own) / "fork-server.log")) as server,
            ):
                yield server

    def _new_fork_server(self, log: Path) -> ForkServer:
        program = ["-m", "autograder.sandbox.fork_server", "autograder.kernel.prepare"]
        if self.sandboxed:
            command = bubblewrap.command(self._runs, self.images_file, *program, SANDBOXED)
        else:
            # -P: nothing beside a notebook must be what the kernel imports.
            command = [sys.executable, "-P", *program]
        return ForkServer(command, log)

    @functools.cached_property
    def judge(self) -> Judge:
        """The judge's process, started at the first use."""
        judge = Judge(self.loaded_images, self.judge_timeout)
        self._until_the_end.callback(judge.close)
        return judge

    @property
    def most_judging_seconds(self) -> float:
        """The longest that judging one notebook can take, with all that the judge fails over."""
        return most_seconds(self.judge_timeout)

    def judged(self, notebook: str, result: Result) -> Result:
        """The result with the verdicts on its evidence, which are given now unless they were before."""
        if result.judged == self.judge_digest:
            return result
        names = {criterion.id for criterion in EXERCISES[notebook].criteria}
        outputs = [output for cell in result.cells for output in cell.outputs]
        drawn = result.evidence.get(DRAWINGS, ())
        seen = {
            "pictures": pictures(outputs),
            "out_of_sight": out_of_sight(outputs),
            "drawn": drawn[0][1] if len(drawn) == 1 else "",
        }
        messages = {
            name: Message(*some[0], **seen if name == "visualization" else {})
            for name, some in result.evidence.items()
            if name in names and len(some) == 1
        }
        verdicts = self.judge.verdicts(notebook, messages)
        return dataclasses.replace(result, judged=self.judge_digest, verdicts=verdicts)

    @functools.cached_property
    def _until_the_end(self) -> contextlib.ExitStack:
        stack = contextlib.ExitStack()
        atexit.register(stack.close)
        return stack

    def close(self) -> None:
        """Ends kernels and judge; done at the end of the process, at the latest."""
        self._until_the_end.close()

    def start(self) -> None:
        """Lets kernels and judge import TensorFlow, before either is needed."""
        if AVAILABLE and self.preloaded:
            self.fork_server  # noqa: B018
        self.judge  # noqa: B018

    @contextlib.contextmanager
    def new_run(self) -> Iterator[Path]:
        """The folder of one notebook's run: `files` is what it works on, `ipc` is for its sockets."""
        with tempfile.TemporaryDirectory(dir=self._runs, ignore_cleanup_errors=True) as run:
            for name in ("files", "ipc"):
                Path(run, name).mkdir()
            yield Path(run)

    @functools.cached_property
    def _runs(self) -> Path:
        runs = self.folder / "runs"
        runs.mkdir()
        runs.chmod(0o711)
        return runs

    def confinement(self, run: Path) -> Confinement | None:
        """What the kernel of a run is confined to; None without the sandbox."""
        if not self.sandboxed:
            return None
        return bubblewrap.confinement(
            run,
            memory=self.kernel_memory_mib * MIB,
            processes=self.kernel_processes,
            disk=self.kernel_disk_mib * MIB,
        )

    def hand_over(self, run: Path) -> None:
        """Gives the folder of a run to who runs the submission."""
        if self.sandboxed:
            bubblewrap.give_to_student_user(run)

    def say_what_is_contained(self, log) -> None:
        """Tells the instructor, once in a run, whether submissions are sandboxed.

        Raises SandboxError, and logs it, if submissions must be sandboxed and cannot.
        """
        try:
            self.sandboxed  # noqa: B018
        except bubblewrap.SandboxError as error:
            log.error(str(error))
            raise
        if self._said:
            return
        self._said = True
        if self.sandboxed:
            log.info("Submissions run in a sandbox (bubblewrap)")
        else:
            why = bubblewrap.problem() if self.sandbox == "auto" else "c.Grading.sandbox is 'off'"
            log.warning(
                "Submissions run unsandboxed, as %s: students' code has your rights on this machine. "
                "Grade on an account or a machine that holds nothing else of value.",
                why,
            )

    _said = False


def grading(config) -> Grading:
    """The run's one `Grading`, configured by whoever asks first."""
    return Grading.instance(config=config)
