"""The program of the fork server: it imports what every kernel needs, and forks a kernel on request.

`provisioner.ForkServer` starts it: `python -m autograder.sandbox.fork_server ENTRY [--sandboxed]`. ENTRY
is a module with `PRELOADED`, the names of modules to import beforehand, and `serve`, to run a kernel.

Standard input is a socket. The server first sends `ready`. Each message to it then asks for a kernel, as
JSON: `argv` (the arguments of `serve`), `cwd`, and `confinement` (None, or the fields of
`isolation.Confinement`). The file descriptor for the kernel's output comes with it. The answer is
`started` with a pidfd of the kernel, or the text of an error. When the other end closes the socket, the
server ends, and the kernels with it.
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
from typing import Any

from autograder.sandbox import isolation
from autograder.sandbox.quick_imports import quick_imports

Serve = Callable[[list[str], Callable[[], None]], None]
"""The type of an entry's `serve`: takes arguments, and a function to call once its sockets are bound."""

SANDBOXED = "--sandboxed"
MESSAGE_BYTES = 65536
"""Most bytes of a request or an answer."""


def main() -> None:
    """Serves requests until the other end closes the socket."""
    if SANDBOXED in sys.argv:
        isolation.give_up_root()
        importlib.import_module("pyseccomp")
    entry = _imported(sys.argv[1])
    requests = socket.socket(fileno=0)
    # The system reaps kernels that have ended: the grader watches each one through its pidfd.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # An interrupt at the terminal is meant for the grader, which then closes the socket.
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
    """Imports the entry module, and all modules that it wants preloaded."""
    with quick_imports():
        entry = importlib.import_module(name)
        for preloaded in entry.PRELOADED:
            importlib.import_module(preloaded)
        # Caches all modules' files: in a kernel, the first traceback would take a quarter of a second.
        inspect.getmodule(main.__code__)
    return entry


def _become_kernel(serve: Serve, request: dict[str, Any], log: int, requests: socket.socket) -> None:
    """Turns the forked process into the kernel that was asked for; never returns."""
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        sockets_are_bound = _confined(request, requests)
        serve(request["argv"], sockets_are_bound)
        os._exit(0)
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(1)


def _confined(request: dict[str, Any], requests: socket.socket) -> Callable[[], None]:
    """Confines this process and answers the request; returns what to call once its sockets are bound."""

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
