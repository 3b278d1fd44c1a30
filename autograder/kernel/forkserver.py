"""One process that imports what every grading kernel needs, and forks a kernel for each notebook.

`import tensorflow` costs many seconds of processor time, a fork of a process that has done it well
under one. The process runs no TensorFlow operation of its own: after one, a fork could not.

Each line on standard input asks for a kernel, as JSON: `argv` (the arguments of `autograder.kernel`),
`cwd`, `env` and `log` (a file for what it writes). The answer, a line on standard output, is its
process number. When standard input ends, the kernels are killed.
"""

import contextlib
import json
import os
import signal
import sys

from autograder.kernel.prepare import serve


def main() -> None:
    """Serves requests until standard input ends."""
    import ipykernel.kernelapp  # noqa: F401 – imported for the kernels
    import matplotlib.pyplot  # noqa: F401

    requests, answers = sys.stdin, sys.stdout
    # Reaped by the system: who asked for a kernel watches it by itself.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # An interrupt at the terminal is for the grader, which then closes standard input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    kernels: list[int] = []
    print("ready", file=answers, flush=True)
    for line in requests:
        pid = os.fork()
        if not pid:
            _become_kernel(json.loads(line))
        kernels.append(pid)
        print(pid, file=answers, flush=True)
    for pid in kernels:
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


def _become_kernel(request: dict) -> None:
    """In the child: takes on the request's surroundings and serves a notebook; never returns."""
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _redirect(request["log"])
        os.chdir(request["cwd"])
        os.environ.update(request["env"])
        # ipykernel ends when its parent does; that is this process, not the one that asked.
        os.environ["JPY_PARENT_PID"] = str(os.getppid())
        serve(request["argv"])
        status = 0
    finally:
        os._exit(status)


def _redirect(log: str) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(null, 0)
    os.dup2(file, 1)
    os.dup2(file, 2)


if __name__ == "__main__":
    main()
