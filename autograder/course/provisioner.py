"""Starts grading kernels by forking a process that has imported TensorFlow already."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from typing import Any

from jupyter_client.provisioning import LocalProvisioner

NAME = "autograder-forked"
"""The entry point under which jupyter_client finds this provisioner."""

AVAILABLE = sys.platform == "linux"
"""Elsewhere a process cannot safely fork once TensorFlow is imported, or not be watched."""


class ForkServerError(RuntimeError):
    """The fork server did not start or went away; the text holds what it wrote."""


class ForkServer:
    """The other end of `autograder.kernel.forkserver`. Constructing it starts the imports."""

    def __init__(self, log: str) -> None:
        self._log = log
        with open(log, "w") as file:
            self._process = subprocess.Popen(
                # -P: nothing beside a notebook must be what the kernel imports.
                [sys.executable, "-P", "-m", "autograder.kernel.forkserver"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )
        self._ready = False

    def fork(self, argv: list[str], cwd: str, env: dict[str, str], log: str) -> "ForkedProcess":
        """A new kernel's process. Raises ForkServerError."""
        if not self._ready:
            self._answer()
            self._ready = True
        request = {"argv": argv, "cwd": cwd, "env": env, "log": log}
        # A broken pipe shows in the missing answer, with what the process wrote.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        return ForkedProcess(int(self._answer()))

    def close(self) -> None:
        """Ends the process, and with it all kernels that it forked."""
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> str:
        answer = self._process.stdout.readline()
        if not answer:
            with open(self._log, errors="replace") as file:
                raise ForkServerError(f"Kernels cannot be started:\n{file.read()[-4000:]}")
        return answer


class ForkedProcess:
    """As much of `subprocess.Popen` as jupyter_client needs, for a process that is not our child."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        try:
            self._handle = os.pidfd_open(pid)
        except ProcessLookupError:
            self.returncode = 1

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


class ForkedProvisioner(LocalProvisioner):
    """jupyter_client's LocalProvisioner, with a fork in place of a new process."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        from autograder.course.grading import grading

        self.process = grading(self.parent.config).fork_server.fork(
            # The command without the interpreter and `-P -m autograder.kernel`.
            argv=cmd[4:],
            cwd=kwargs["cwd"],
            env=kwargs["env"],
            log=kwargs["stderr"].name,
        )
        self.pid = self.pgid = self.process.pid
        return self.connection_info
