"""The kernel that submissions run in, whatever kernel their notebooks name."""

import sys

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from traitlets import Bool

from autograder.course.grading import grading
from autograder.course.provisioner import AVAILABLE
from autograder.course.provisioner import NAME as FORKED


class GradingKernelManager(AsyncKernelManager):
    """Starts `autograder.kernel` with this Python."""

    full_training = Bool(
        False, help="Train all the steps a notebook asks for, as the solution notebooks do."
    ).tag(config=True)

    @property
    def kernel_spec(self) -> KernelSpec:
        # -P: a student's keras.py beside the notebook must not be what the kernel imports.
        command = [sys.executable, "-P", "-m", "autograder.kernel"]
        command += ["--images", str(grading(self.config).kernel_images)]
        if self.full_training:
            command.append("--full")
        return KernelSpec(
            argv=[*command, "-f", "{connection_file}"],
            display_name="Autograder",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": FORKED}} if AVAILABLE else {},
        )
