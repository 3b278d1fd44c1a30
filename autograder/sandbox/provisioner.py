"""Starts grading kernels by forking a process that has imported TensorFlow already."""

import contextlib
import dataclasses
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import LocalProvisioner

from autograder.sandbox.fork_server import MESSAGE_BYTES
from autograder.sandbox.isolation import Confinement

NAME = "autograder-forked"
"""The entry point under which jupyter_client finds this provisioner."""

AVAILABLE = sys.platform == "linux"
"""Elsewhere a process cannot safely fork once TensorFlow is imported, or not be watched."""


class ForkServerError(RuntimeError):
    """A kernel could not be started; the text holds what the fork server wrote."""


class ForkServerDied(ForkServerError):
    """There is no fork server any more: the system killed it, or it never came up."""


class ForkServer:
    """The other end of `autograder.sandbox.fork_server`. Constructing it starts the imports.

    One that died is started anew for the next kernel. Several threads may ask for kernels.

    command: what starts the process. log: a file for what it writes.
    """

    def __init__(self, command: list[str], log: Path) -> None:
        self._command, self._log = command, log
        self._turn = threading.Lock()
        self._start()

    def fork(
        self, argv: list[str], cwd: str, confinement: Confinement | None, log: int
    ) -> "ForkedProcess":
        """A new kernel's process. Raises ForkServerError, also if the server dies twice over one kernel.

        cwd: where it works; if it is confined, that says where. log: a file descriptor for its output.
        """
        request = {
            "argv": argv,
            "cwd": cwd,
            "confinement": confinement and dataclasses.asdict(confinement),
        }
        message = json.dumps(request).encode()
        with self._turn:
            try:
                return self._forked(message, log)
            except ForkServerDied:
                # Often for want of memory. Its kernels died with it; those to come need not.
                logging.getLogger(__name__).warning(
                    "The fork server died and is started anew. What it wrote last:\n%s", self._wrote
                )
                self._end()
                self._start()
                return self._forked(message, log)

    def close(self) -> None:
        """Ends the process, and with it all kernels that it forked."""
        self._requests.close()
        self._process.wait()

    def _start(self) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with self._log.open("w") as file, theirs:
            self._process = subprocess.Popen(self._command, stdin=theirs, stdout=file, stderr=file)
        self._ready = False

    def _end(self) -> None:
        """Of what is left of a server that died: bubblewrap may still be around it."""
        self._requests.close()
        self._process.kill()
        self._process.wait()

    def _forked(self, request: bytes, log: int) -> "ForkedProcess":
        if not self._ready:
            self._answer()
            self._ready = True
        # That nobody reads it any more shows in the missing answer.
        with contextlib.suppress(ConnectionError):
            socket.send_fds(self._requests, [request], [log])
        return ForkedProcess(self._answer())

    def _answer(self) -> int | None:
        """The file descriptor that came with the answer, if one did."""
        try:
            message, files, _, _ = socket.recv_fds(self._requests, MESSAGE_BYTES, 1)
        except ConnectionResetError:
            message, files = b"", []
        if message in (b"ready", b"started"):
            return files[0] if files else None
        kind = ForkServerError if message else ForkServerDied
        raise kind(f"Kernels cannot be started:\n{message.decode(errors='replace')}\n{self._wrote}")

    @property
    def _wrote(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]


class ForkedProcess:
    """As much of `subprocess.Popen` as jupyter_client needs, for a process known by a pidfd."""

    stdin = stdout = stderr = None

    def __init__(self, pidfd: int) -> None:
        self._handle = pidfd
        self.pid = _process_number(pidfd)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """None while the process lives."""
        if self.returncode is None and select.select([self._handle], [], [], 0)[0]:
            self._ended()
        return self.returncode

    def wait(self) -> int:
        """Blocks until the process has ended."""
        if self.returncode is None:
            select.select([self._handle], [], [])
            self._ended()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Signals the process unless it has ended; never one that got its number later."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def terminate(self) -> None:
        """Asks the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the process."""
        self.send_signal(signal.SIGKILL)

    def _ended(self) -> None:
        os.close(self._handle)
        self.returncode = 0


def _process_number(pidfd: int) -> int:
    """The number that a process has here, in a namespace of its own or not; -1 if it has ended."""
    lines = Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pid:"))


class ForkedProvisioner(LocalProvisioner):
    """jupyter_client's LocalProvisioner, with a fork in place of a new process."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        manager = self.parent
        self.process = manager.fork_server.fork(
            # The command without the interpreter and `-P -m autograder.kernel`.
            argv=cmd[4:],
            cwd=kwargs["cwd"],
            confinement=manager.confinement,
            log=kwargs["stderr"].fileno(),
        )
        self.pid = self.process.pid
        # Interrupts go to the kernel alone, and its end is that of all it started.
        self.pgid = None
        return self.connection_info
