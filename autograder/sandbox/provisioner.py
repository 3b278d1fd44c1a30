"""Starts kernels by asking the fork server, a process that has imported all they need, to fork them."""

import contextlib
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from autograder.sandbox.fork_server import MESSAGE_BYTES
from autograder.sandbox.isolation import Confinement

NAME = "autograder-forked"
"""The name of the entry point through which jupyter_client finds the provisioner."""

AVAILABLE = sys.platform == "linux"
"""Whether kernels can be forked: other systems have no pidfds, or no safe forks after large imports."""


class ForkServerError(RuntimeError):
    """The fork server could not start a kernel; the text holds the server's output."""


class ForkServerDied(ForkServerError):
    """The fork server's process has ended: the system killed it, or it failed to start."""


class ForkServer:
    """The grader's handle on the process that runs `autograder.sandbox.fork_server`.

    The constructor starts the process. If the process dies, the next request starts it again. Several
    threads may ask for kernels. command: starts the process. log: the file for its output.
    """

    def __init__(self, command: list[str], log: Path) -> None:
        self._command, self._log = command, log
        self._turn = threading.Lock()
        self._start()

    def fork(
        self, argv: list[str], cwd: str, confinement: Confinement | None, log: int
    ) -> "ForkedProcess":
        """Returns a new kernel's process. Raises ForkServerError, also if the server dies twice.

        cwd: the kernel's folder, unless it is confined. log: a file descriptor for its output.
        """
        request = {"argv": argv, "cwd": cwd, "confinement": confinement and asdict(confinement)}
        message = json.dumps(request).encode()
        with self._turn:
            try:
                return self._forked(message, log)
            except ForkServerDied:
                # Often memory ran out. The server's kernels died with it; new ones need not.
                logging.getLogger(__name__).warning(
                    "The fork server died and is started anew. What it wrote last:\n%s", self._wrote
                )
                self._end()
                self._start()
                return self._forked(message, log)

    def close(self) -> None:
        """Ends the server's process, and with it all kernels that it forked."""
        self._requests.close()
        self._process.wait()

    def _start(self) -> None:
        self._requests, child = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with self._log.open("w") as log, child:
            self._process = subprocess.Popen(self._command, stdin=child.fileno(), stdout=log, stderr=log)
        self._ready = False

    def _end(self) -> None:
        """Ends what is left of a server that died, such as bubblewrap around it."""
        self._requests.close()
        self._process.kill()
        self._process.wait()

    def _forked(self, request: bytes, log: int) -> "ForkedProcess":
        if not self._ready:
            self._answer()
            self._ready = True
        # If the server has died, its answer will be missing.
        with contextlib.suppress(ConnectionError):
            socket.send_fds(self._requests, [request], [log])
        (pidfd,) = self._answer()
        return ForkedProcess(pidfd)

    def _answer(self) -> list[int]:
        """Waits for the server's answer; returns the file descriptors that came with it."""
        try:
            message, files, _, _ = socket.recv_fds(self._requests, MESSAGE_BYTES, 1)
        except ConnectionResetError:
            message, files = b"", []
        if message in (b"ready", b"started"):
            return files
        kind = ForkServerError if message else ForkServerDied
        raise kind(f"Kernels cannot be started:\n{message.decode(errors='replace')}\n{self._wrote}")

    @property
    def _wrote(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]


class ForkedProcess:
    """A process known by its pidfd, with the methods of `subprocess.Popen` that jupyter_client uses."""

    stdin = stdout = stderr = None

    def __init__(self, pidfd: int) -> None:
        self._handle = pidfd
        self.pid = _process_number(pidfd)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Returns the exit code, or None while the process lives."""
        if self.returncode is None and select.select([self._handle], [], [], 0)[0]:
            os.close(self._handle)
            # The system tells the exit code only to the process that forked this one.
            self.returncode = 0
        return self.returncode

    def wait(self) -> int:
        """Blocks until the process has ended; returns the exit code."""
        if self.returncode is None:
            select.select([self._handle], [], [])
        return self.poll() or 0

    def send_signal(self, number: int) -> None:
        """Sends a signal to the process unless it has ended; never to a later one of the same number."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def terminate(self) -> None:
        """Asks the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the process."""
        self.send_signal(signal.SIGKILL)


def _process_number(pidfd: int) -> int:
    """The number of a process in the grader's namespace; -1 if the process has ended."""
    lines = Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pid:"))


class ForkedProvisioner(LocalProvisioner):
    """jupyter_client's LocalProvisioner, but kernels are forked."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Has a kernel forked, as the kernel manager says; returns how to connect to it."""
        manager: Any = self.parent
        process = manager.fork_server.fork(
            # The command without the interpreter and its options, `-P -m MODULE`.
            argv=cmd[4:],
            cwd=kwargs["cwd"],
            confinement=manager.confinement,
            log=kwargs["stderr"].fileno(),
        )
        self.process, self.pid = process, process.pid
        # Signals go to the one process: it passes interrupts on to the kernel, and all end with it.
        self.pgid = None
        return self.connection_info
