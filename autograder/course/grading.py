"""The options of a course, and what a whole grading run shares: images and the judge."""

import atexit
import functools
import tempfile
from pathlib import Path

import numpy as np
from traitlets import Float, Unicode
from traitlets.config import SingletonConfigurable

from autograder.course.provisioner import AVAILABLE, ForkServer
from autograder.images import Images, load
from autograder.judge.worker import Judge


class Grading(SingletonConfigurable):
    """How submissions are graded; set from nbgrader_config.py as `c.Grading.<name>`."""

    images = Unicode(
        "embedded",
        help="The digits to grade on: 'embedded' (scikit-learn's, no download), 'mnist' (the copy "
        "in Keras's cache) or the path of an .npz file with MNIST's arrays.",
    ).tag(config=True)

    judge_timeout = Float(120, help="Seconds the judge may take over the evidence of one notebook.").tag(
        config=True
    )

    @functools.cached_property
    def loaded_images(self) -> Images:
        """The grading images. Raises ImagesError if they are not there."""
        return load(self.images)

    @functools.cached_property
    def kernel_images(self) -> Path:
        """The file that stands in for MNIST in the kernels; the held-out digits are not in it."""
        folder = tempfile.TemporaryDirectory(prefix="autograder-images-")
        atexit.register(folder.cleanup)
        path = Path(folder.name) / "mnist.npz"
        np.savez(path, **self.loaded_images.as_mnist())
        return path

    @functools.cached_property
    def fork_server(self) -> ForkServer:
        """The process that kernels are forked from, started at the first use."""
        server = ForkServer(str(self.kernel_images.with_name("fork-server.log")))
        atexit.register(server.close)
        return server

    def start(self) -> None:
        """Lets kernels and judge import TensorFlow, before either is needed."""
        if AVAILABLE:
            self.fork_server  # noqa: B018
        self.judge  # noqa: B018

    @functools.cached_property
    def judge(self) -> Judge:
        """The judge's process, started at the first use."""
        judge = Judge(self.loaded_images, self.judge_timeout)
        atexit.register(judge.close)
        return judge

    def say_what_is_not_contained(self, log) -> None:
        """Tells the instructor, once in a run, what grading does not protect from."""
        if not self._said:
            self._said = True
            log.warning(
                "Submissions run unsandboxed: students' code has your rights on this machine. "
                "Grade on an account or a machine that holds nothing else of value."
            )

    _said = False


def grading(config) -> Grading:
    """The run's one `Grading`, configured by whoever asks first."""
    return Grading.instance(config=config)
