"""One process that imports what every kernel needs, and forks a kernel for each notebook.

`python -m autograder.sandbox.fork_server ENTRY [--sandboxed]`. ENTRY is a module with `PRELOADED`, the
names of the modules to import beforehand, and `serve`, which serves one notebook in a forked process.

Standard input is a socket. Each message on it asks for a kernel, as JSON: `argv` (the arguments of
`serve`), `cwd`, and `confinement` (None, or the fields of `isolation.Confinement`). The file descriptor
for the kernel's output comes along. The answer is a pidfd of the kernel, or the text of an error. When
the other end closes, the process ends, and the kernels with it.
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
from types import ModuleType

from autograder.sandbox import isolation
from autograder.sandbox.quick_imports import quick_imports

Serve = Callable[[list[str], Callable[[], None]], None]
"""Serves a notebook. Takes the arguments, and what to call once the kernel's sockets are bound."""

SANDBOXED = "--sandboxed"
MESSAGE_BYTES = 65536


def main() -> None:
    """Serves requests until the other end closes the socket."""
    if SANDBOXED in sys.argv:
        isolation.give_up_root()
        importlib.import_module("pyseccomp")
    entry = _imported(sys.argv[1])
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
            _become_kernel(entry.serve, json.loads(message), files[0], requests)
        os.close(files[0])


def _imported(name: str) -> ModuleType:
    """The entry module, imported with all that it wants preloaded."""
    with quick_imports():
        entry = importlib.import_module(name)
        for preloaded in entry.PRELOADED:
            importlib.import_module(preloaded)
        # Tracebacks look modules up: finding all their files takes a quarter of a second.
        inspect.getmodule(main.__code__)
    return entry


def _become_kernel(serve: Serve, request: dict, log: int, requests: socket.socket) -> None:
    """In the child: takes on the request's surroundings and serves a notebook; never returns."""
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
