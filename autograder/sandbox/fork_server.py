"""One process that imports what every grading kernel needs, and forks a kernel for each notebook.

`import tensorflow` costs many seconds of processor time, a fork of a process that has done it well
under one. The process runs no TensorFlow operation of its own: after one, a fork could not.

Standard input is a socket. Each message on it asks for a kernel, as JSON: `argv` (the arguments of
`autograder.kernel`), `cwd`, and `confinement` (None, or the fields of `isolation.Confinement`). The
file that its output goes to comes along as a file descriptor. The answer is a pidfd of the kernel, or
the text of an error. When the other end closes, the process ends, and the kernels with it.
"""

import importlib
import inspect
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable

from autograder.sandbox import isolation
from autograder.sandbox.quick_imports import quick_imports

SANDBOXED = "--sandboxed"
MESSAGE_BYTES = 65536

_NEEDED = (
    *("ipykernel.kernelapp", "ipykernel.debugger", "autograder.kernel.prepare"),
    *("IPython.core.completerlib", "IPython.core.pylabtools", "IPython.extensions.storemagic"),
    *("matplotlib.backends.backend_agg", "PIL.JpegImagePlugin", "sqlite3", "stack_data"),
    *("pygments.formatters.terminal256", "tornado.queues"),
)
"""Modules. Not matplotlib_inline, which sets itself up for a notebook when it is imported."""


def main() -> None:
    """Serves requests until the other end closes the socket."""
    if SANDBOXED in sys.argv:
        isolation.give_up_root()
        importlib.import_module("pyseccomp")
    _import_what_kernels_need()
    requests = socket.socket(fileno=0)
    # Reaped by the system: who asked for a kernel watches it by itself.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # An interrupt at the terminal is for the grader, which then closes the socket.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests.send(b"ready")
    while True:
        message, files, _, _ = socket.recv_fds(requests, MESSAGE_BYTES, 1)
        if not message:
            break
        if not os.fork():
            _become_kernel(json.loads(message), files[0], requests)
        os.close(files[0])


def _import_what_kernels_need() -> None:
    """Once for all kernels, which find it ready; also what is imported at its first use otherwise."""
    with quick_imports():
        for name in _NEEDED:
            importlib.import_module(name)
        # Where tracebacks look modules up: to find all their files takes a quarter of a second.
        inspect.getmodule(main.__code__)


def _become_kernel(request: dict, log: int, requests: socket.socket) -> None:
    """In the child: takes on the request's surroundings and serves a notebook; never returns."""
    from autograder.kernel.prepare import serve

    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        sockets_are_bound = _settle(request, requests)
        serve(request["argv"], sockets_are_bound)
        os._exit(0)
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(1)


def _settle(request: dict, requests: socket.socket) -> Callable[[], None]:
    """Goes where the notebook is to run; returns what to call once the kernel's sockets are bound."""

    def started(pidfd: int) -> None:
        socket.send_fds(requests, [b"started"], [pidfd])

    if request["confinement"]:
        try:
            return isolation.confine(isolation.Confinement(**request["confinement"]), started)
        except OSError as error:
            requests.send(str(error).encode())
            raise
    isolation.end_with_parent()
    os.chdir(request["cwd"])
    started(os.pidfd_open(os.getpid()))
    isolation.close_standard_input()
    return lambda: None


if __name__ == "__main__":
    main()
