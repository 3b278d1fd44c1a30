"""Provides what kernels need: a folder for their runs and a fork server, in the sandbox or not."""

import contextlib
import functools
import logging
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autograder.grading.options import MIB, Grading
from autograder.lab.images import Images
from autograder.sandbox import bubblewrap
from autograder.sandbox.fork_server import SANDBOXED
from autograder.sandbox.isolation import Confinement
from autograder.sandbox.provisioner import AVAILABLE, ForkServer
from autograder.sandbox.run_folder import RunFolder, remove_left_behind


@dataclass(frozen=True)
class Containment:
    """Whether submissions run in the sandbox, and what the instructor is told of it."""

    sandboxed: bool
    remark: str

    def tell(self, log: logging.Logger) -> None:
        """Logs the remark: as a warning where submissions run unsandboxed."""
        log.log(logging.INFO if self.sandboxed else logging.WARNING, self.remark)


def containment(options: Grading) -> Containment:
    """Decides on the sandbox. Raises SandboxError if the sandbox is required and does not work."""
    problem = bubblewrap.problem() if options.sandbox != "off" else "c.Grading.sandbox is 'off'"
    if not problem:
        return Containment(True, "Submissions run in a sandbox (bubblewrap)")
    if options.sandbox == "required":
        raise bubblewrap.SandboxError(
            f"c.Grading.sandbox is 'required', but {problem}. Install or mend it, or set 'auto' or "
            "'off' to let submissions run with your own rights."
        )
    return Containment(
        False,
        f"Submissions run unsandboxed, as {problem}: students' code has your rights on this machine. "
        "Grade on an account or a machine that holds nothing else of value.",
    )


class Kernels:
    """Starts kernels until it is closed; everything is made at its first use.

    Raises SandboxError if the sandbox is required and does not work.
    """

    def __init__(self, options: Grading, images: Images, dataset: str) -> None:
        self._options, self._images, self._dataset = options, images, dataset
        self.containment = containment(options)
        self._until_closed = contextlib.ExitStack()

    @property
    def sandboxed(self) -> bool:
        """Whether kernels run in the sandbox."""
        return self.containment.sandboxed

    def close(self) -> None:
        """Ends the kernels and removes the folder."""
        self._until_closed.close()

    def start(self) -> None:
        """Lets the process that kernels are forked from import TensorFlow, before it is needed."""
        # Several threads may ask for kernels afterwards; what they share is made once, here.
        self._runs, self._images_file  # noqa: B018
        if AVAILABLE and self._options.preloaded:
            self.fork_server  # noqa: B018

    @functools.cached_property
    def folder(self) -> Path:
        """A folder for all that is temporary."""
        remove_left_behind()
        folder = RunFolder()
        self._until_closed.callback(folder.cleanup)
        return Path(folder.name)

    @functools.cached_property
    def fork_server(self) -> ForkServer:
        """The process that all kernels are forked from."""
        server = self._new_fork_server(self.folder / "fork-server.log")
        return self._until_closed.enter_context(contextlib.closing(server))

    @contextlib.contextmanager
    def new_run(self) -> Iterator[Path]:
        """A folder for one notebook's run: `files` holds its files, `ipc` its sockets."""
        with tempfile.TemporaryDirectory(dir=self._runs, ignore_cleanup_errors=True) as run:
            for name in ("files", "ipc"):
                Path(run, name).mkdir()
            yield Path(run)

    @contextlib.contextmanager
    def forking(self) -> Iterator[ForkServer | None]:
        """The server to fork one kernel from, while the kernel runs; None without a fork server."""
        if not AVAILABLE:
            yield None
        elif self._options.preloaded:
            yield self.fork_server
        else:
            with (
                tempfile.TemporaryDirectory(dir=self.folder) as own,
                contextlib.closing(self._new_fork_server(Path(own) / "fork-server.log")) as server,
            ):
                yield server

    def arguments(self, steps: int | None) -> list[str]:
        """The arguments of `autograder.kernel`. steps: those of the shortened training, if it is."""
        images = bubblewrap.IMAGES if self.sandboxed else str(self._images_file)
        shortened = [] if steps is None else ["--steps", str(steps)]
        return ["--images", images, "--dataset", self._dataset, *shortened]

    def confinement(self, run: Path) -> Confinement | None:
        """The confinement of the kernel of a run; None without the sandbox."""
        if not self.sandboxed:
            return None
        return bubblewrap.confinement(
            run,
            memory=self._options.kernel_memory_mib * MIB,
            processes=self._options.kernel_processes,
            disk=self._options.kernel_disk_mib * MIB,
        )

    def give_to_student_user(self, run: Path) -> None:
        """Gives the folder of a run to the user who runs the submission."""
        if self.sandboxed:
            bubblewrap.give_to_student_user(run)

    @functools.cached_property
    def _runs(self) -> Path:
        runs = self.folder / "runs"
        runs.mkdir()
        runs.chmod(0o711)
        return runs

    @functools.cached_property
    def _images_file(self) -> Path:
        """The file that stands in for the dataset in the kernels; the held-out images are not in it."""
        path = self.folder / "images.npz"
        np.savez_compressed(path, allow_pickle=False, **self._images.as_mnist())
        return path

    def _new_fork_server(self, log: Path) -> ForkServer:
        program = ["-m", "autograder.sandbox.fork_server", "autograder.kernel.prepare"]
        if self.sandboxed:
            command = bubblewrap.command(self._runs, self._images_file, *program, SANDBOXED)
        else:
            # -P: a file beside the notebook, such as keras.py, must not be what the kernel imports.
            command = [sys.executable, "-P", *program]
        return ForkServer(command, log)
