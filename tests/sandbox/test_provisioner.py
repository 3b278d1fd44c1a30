"""Kernels are forked by a server, which is restarted when it dies; each kernel is watched to its end."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points

import pytest
from jupyter_client.provisioning import KernelProvisionerFactory
from traitlets.config import Configurable

from autograder.sandbox.provisioner import (
    AVAILABLE,
    NAME,
    ForkedProcess,
    ForkedProvisioner,
    ForkServer,
    ForkServerError,
)

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="kernels are not forked on this system")

SERVER = """
import os, pathlib, signal, socket, sys
starts = pathlib.Path(sys.argv[1])
starts.write_text(starts.read_text() + "start ")
requests = socket.socket(fileno=0)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
requests.send(b"ready")
while True:
    message, files, _, _ = socket.recv_fds(requests, 65536, 1)
    if not message:
        break
    if starts.read_text().count("start") <= int(sys.argv[2]):
        os._exit(1)
    kernel = os.fork()
    if not kernel:
        os.write(files[0], message)
        requests.close()
        signal.pause()
    socket.send_fds(requests, [b"started"], [os.pidfd_open(kernel)])
    os.close(files[0])
"""
"""A server that imports nothing and whose kernels write their request, then wait."""


@pytest.fixture
def new_server(tmp_path):
    """Makes a fork server, and a function that tells how often it was started.

    deaths: how many times it dies over its first kernel.
    """
    with contextlib.ExitStack() as until_the_end:

        def make(deaths=0):
            starts = tmp_path / "starts"
            starts.write_text("")
            command = [sys.executable, "-c", SERVER, str(starts), str(deaths)]
            server = until_the_end.enter_context(
                contextlib.closing(ForkServer(command, tmp_path / "log"))
            )
            return server, lambda: starts.read_text().count("start")

        yield make


def fork(server):
    """Lets a server fork a kernel, and ends it at once."""
    with open(os.devnull, "w") as log:
        process = server.fork([], "/", None, log.fileno())
    assert process.poll() is None
    process.kill()
    assert process.wait() == 0


def kill(server):
    server._process.kill()
    server._process.wait()


def test_a_process_of_another_parent_is_watched_to_its_end():
    pid = os.fork()
    if not pid:
        time.sleep(60)
        os._exit(0)
    process = ForkedProcess(os.pidfd_open(pid))
    assert process.pid == pid
    assert process.poll() is None
    process.terminate()
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGTERM
    assert process.wait() == 0
    assert process.poll() == 0
    process.kill()  # Whoever got its number meanwhile is not meant.


def test_a_process_that_has_already_ended_has_no_number():
    pid = os.fork()
    if not pid:
        os._exit(0)
    handle = os.pidfd_open(pid)
    os.waitpid(pid, 0)
    process = ForkedProcess(handle)
    assert process.pid == -1
    assert process.poll() == 0


def test_a_server_that_cannot_start_says_why(tmp_path):
    server = ForkServer(["sh", "-c", "echo no such module >&2"], tmp_path / "log")
    with pytest.raises(ForkServerError, match="no such module"):
        server.fork([], "/", None, 1)
    server.close()


def test_a_server_that_was_killed_is_started_anew_for_the_next_kernel(new_server, caplog):
    server, starts = new_server()
    for count in (1, 2, 3):
        fork(server)
        assert starts() == count
        kill(server)
    assert caplog.text.count("The fork server died and is started anew") == 2


@pytest.mark.parametrize("deaths", [1, 99])
def test_a_kernel_over_which_the_server_dies_is_tried_once_more(new_server, deaths):
    server, starts = new_server(deaths)
    with pytest.raises(ForkServerError) if deaths > 1 else contextlib.nullcontext():
        fork(server)
    assert starts() == 2


def test_only_one_of_several_threads_starts_the_server_anew(new_server):
    server, starts = new_server()
    fork(server)
    kill(server)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: fork(server), range(8)))
    assert starts() == 2


def test_jupyter_client_finds_the_provisioner():
    (entry,) = entry_points(group=KernelProvisionerFactory.GROUP_NAME, name=NAME)
    assert entry.load() is ForkedProvisioner


def test_the_provisioner_has_its_kernel_forked(new_server, tmp_path):
    """The kernel gets the arguments that follow the interpreter's own."""

    class Manager(Configurable):
        fork_server, confinement = new_server()[0], None

    provisioner = ForkedProvisioner(parent=Manager())
    provisioner.connection_info = {"transport": "ipc"}
    command = ["python", "-P", "-m", "autograder.kernel", "-f", "connection.json"]

    with open(tmp_path / "output", "w") as log:
        launched = provisioner.launch_kernel(command, cwd=str(tmp_path), stderr=log)
        assert asyncio.run(launched) == {"transport": "ipc"}

    assert provisioner.pid == provisioner.process.pid
    assert provisioner.pgid is None
    while not (written := (tmp_path / "output").read_text()):
        time.sleep(0.01)
    provisioner.process.kill()
    assert '"argv": ["-f", "connection.json"]' in written
    assert f'"cwd": "{tmp_path}", "confinement": null' in written
