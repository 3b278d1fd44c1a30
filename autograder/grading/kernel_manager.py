"""The kernel that submissions run in, whatever kernel their notebooks name."""

import sys
import typing
from pathlib import Path

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.session import Session
from traitlets import Any, Instance, Integer, default

from autograder.grading.kernels import Kernels
from autograder.grading.outputs import LEFT_OUT, holds_too_much
from autograder.protocol.evidence import MAX_MESSAGE_BYTES
from autograder.sandbox.isolation import Confinement
from autograder.sandbox.provisioner import AVAILABLE, ForkServer
from autograder.sandbox.provisioner import NAME as FORKED
from autograder.sandbox.relay import Relay

WAITING_MESSAGES = 1
"""Most messages of a kernel that wait to be read. This number times their size bounds the memory."""

SEND_TIMEOUT = 5000
"""Milliseconds after which sending to a kernel is given up."""


def bounded_context() -> zmq.asyncio.Context:
    """Returns a ZeroMQ context whose sockets queue few messages and whose sends time out."""
    context = zmq.asyncio.Context()
    context.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
    context.setsockopt(zmq.RCVHWM, WAITING_MESSAGES)
    # Sending to a kernel that was cut off, as it sent too much, must not wait for ever.
    context.setsockopt(zmq.SNDTIMEO, SEND_TIMEOUT)
    return context


class GradingSession(Session):
    """Reads no message that would grow large in memory, and takes the ids of requests as given."""

    requests = Any(help="An iterator over ids for requests to run a cell; None for any ids.")

    def msg_header(self, msg_type: str) -> dict[str, typing.Any]:
        """Returns the header of a message to send."""
        header = super().msg_header(msg_type)
        if self.requests is not None and msg_type == "execute_request":
            header["msg_id"] = next(self.requests)
        return header

    def deserialize(
        self, msg_list: list[typing.Any], content: bool = True, copy: bool = True
    ) -> dict[str, typing.Any]:
        """Returns the message; one with too many values is empty and marked as LEFT_OUT."""
        _, *about, said = msg_list[:5]
        if any(holds_too_much(part) for part in about):
            raise ValueError("the headers of a message hold more than is read")
        too_much = content and holds_too_much(said)
        message = super().deserialize(msg_list, content and not too_much, copy)
        if too_much:
            message["content"], message[LEFT_OUT] = {}, True
        return message


class BoundedClient(AsyncKernelClient):
    """A client that refuses messages larger than evidence may be."""

    parent: "GradingKernelManager"

    @default("context")
    def _bounded_context(self) -> zmq.asyncio.Context:
        self._created_context = True
        return bounded_context()

    def _make_url(self, channel: str) -> str:
        return self.parent._make_url(channel)


class GradingKernelManager(AsyncKernelManager):
    """Starts `autograder.kernel` with this Python, for one run."""

    kernels = Instance(Kernels, help="Where the kernel comes from.")

    steps = Integer(
        None, allow_none=True, help="Steps that training is shortened to; None to train in full."
    )

    run = Instance(Path, help="The folder of the run, with `files` and `ipc` in it.")

    fork_server = Instance(
        ForkServer, allow_none=True, help="What forks the kernel; None where nothing can be forked."
    )

    relay = Instance(
        Relay, allow_none=True, help="What stands between the sockets of kernel and grader, if anything."
    )

    @default("session")
    def _grading_session(self) -> GradingSession:
        return GradingSession(parent=self)

    @default("context")
    def _bounded_context(self) -> zmq.asyncio.Context:
        self._created_context = True
        return bounded_context()

    def _make_url(self, channel: str) -> str:
        url = super()._make_url(channel)
        if self.transport != "ipc" or self.relay is None:
            return url
        return "ipc://" + self.relay.address(url.removeprefix("ipc://"))

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
        return KernelSpec(
            argv=[*command, *self.kernels.arguments(self.steps), "-f", "{connection_file}"],
            display_name="Autograder",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": FORKED}} if AVAILABLE else {},
        )

    @property
    def confinement(self) -> Confinement | None:
        """The confinement of the kernel; None without the sandbox."""
        return self.kernels.confinement(self.run)

    def write_connection_file(self, **kwargs: typing.Any) -> None:
        """Writes the file so that the user who runs the submission can read it."""
        super().write_connection_file(**kwargs)
        self.kernels.give_to_student_user(self.run)
