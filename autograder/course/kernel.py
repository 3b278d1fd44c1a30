"""The kernel that submissions run in, whatever kernel their notebooks name."""

import sys
from pathlib import Path

import zmq
import zmq.asyncio
from jupyter_client import AsyncKernelManager
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from traitlets import Bool, Instance, default

from autograder.course.grading import grading
from autograder.course.provisioner import AVAILABLE, ForkServer
from autograder.course.provisioner import NAME as FORKED
from autograder.evidence import MAX_MESSAGE_BYTES
from autograder.kernel.isolation import Confinement

WAITING_MESSAGES = 4
"""How many messages of a kernel's may wait to be read, at most: with their size, a bound on memory."""

SEND_TIMEOUT = 5000
"""Milliseconds."""


class BoundedClient(AsyncKernelClient):
    """Reads from a kernel no more at once than evidence may take."""

    @default("context")
    def _bounded_context(self) -> zmq.asyncio.Context:
        self._created_context = True
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
        context.setsockopt(zmq.RCVHWM, WAITING_MESSAGES)
        # A kernel that sent more is cut off: what is sent to it then must not wait for ever.
        context.setsockopt(zmq.SNDTIMEO, SEND_TIMEOUT)
        return context


class GradingKernelManager(AsyncKernelManager):
    """Starts `autograder.kernel` with this Python, for one run."""

    full_training = Bool(
        False, help="Train all the steps a notebook asks for, as the solution notebooks do."
    ).tag(config=True)

    run = Instance(Path, help="The folder of the run, with `files` and `ipc` in it.")

    fork_server = Instance(
        ForkServer, allow_none=True, help="What forks the kernel; None where nothing can be forked."
    )

    @default("client_factory")
    def _bounded_client(self) -> type[BoundedClient]:
        return BoundedClient

    @default("transport")
    def _no_ports(self) -> str:
        return "ipc" if AVAILABLE else "tcp"

    @default("connection_file")
    def _in_the_run(self) -> str:
        return str(self.run / "ipc" / "k")

    @property
    def kernel_spec(self) -> KernelSpec:
        # -P: a student's keras.py beside the notebook must not be what the kernel imports.
        command = [sys.executable, "-P", "-m", "autograder.kernel"]
        command += ["--images", grading(self.config).images_for_kernels]
        if self.full_training:
            command.append("--full")
        return KernelSpec(
            argv=[*command, "-f", "{connection_file}"],
            display_name="Autograder",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": FORKED}} if AVAILABLE else {},
        )

    @property
    def confinement(self) -> Confinement | None:
        """What the kernel is confined to; None without the sandbox."""
        return grading(self.config).confinement(self.run)

    def write_connection_file(self, **kwargs) -> None:
        """Writes it so that who runs the submission can read it."""
        super().write_connection_file(**kwargs)
        grading(self.config).hand_over(self.run)
