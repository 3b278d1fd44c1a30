"""Kernels are forked from a process that has TensorFlow already, and watched from outside."""

import contextlib
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psutil
import pytest
from course import FEW_IMAGES, TRAIN_IMAGES, Course, nbgrader
from running import Run, grader_with

from autograder.grading import kernel_manager, kernels, runner
from autograder.grading.runner import Runner
from autograder.lab import AUTOENCODER
from autograder.sandbox import bubblewrap
from autograder.sandbox.fork_server import SANDBOXED
from autograder.sandbox.provisioner import AVAILABLE, ForkedProcess, ForkServer, ForkServerError

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="kernels are not forked on this system")


def _command(process):
    """The command line of a process, which may have ended meanwhile."""
    try:
        return process.cmdline() or [""]
    except psutil.NoSuchProcess:
        return [""]


def test_a_process_of_someone_else_is_watched_to_its_end():
    pid = os.fork()
    if not pid:
        time.sleep(60)
        os._exit(0)
    process = ForkedProcess(os.pidfd_open(pid))
    assert process.pid == pid
    assert process.poll() is None
    process.kill()
    os.waitpid(pid, 0)
    assert process.wait() == 0
    assert process.poll() == 0
    process.kill()  # a second time is no error


def test_a_process_that_is_gone_already_has_ended():
    pid = os.fork()
    if not pid:
        os._exit(0)
    handle = os.pidfd_open(pid)
    os.waitpid(pid, 0)
    process = ForkedProcess(handle)
    assert process.pid == -1
    assert process.poll() is not None


def test_a_server_that_cannot_start_tells_why(tmp_path):
    server = ForkServer(["sh", "-c", "echo no such module >&2"], tmp_path / "log")
    with pytest.raises(ForkServerError, match="no such module"):
        server.fork([], "/", None, 1)
    server.close()


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
        requests.close()
        signal.pause()
    socket.send_fds(requests, [b"started"], [os.pidfd_open(kernel)])
    os.close(files[0])
"""
"""In place of the real one, which imports TensorFlow first: it speaks the same; what it forks sleeps."""


@pytest.fixture
def quick_server(tmp_path):
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


def forked(server):
    """A kernel's process of a server, which is ended at once."""
    with open(os.devnull, "w") as log:
        process = server.fork([], "/", None, log.fileno())
    assert process.poll() is None
    process.kill()
    assert process.wait() == 0


def killed(server):
    server._process.kill()
    server._process.wait()


def test_a_server_that_was_killed_is_started_anew_for_the_next_kernel(quick_server, caplog):
    server, starts = quick_server()
    for count in (1, 2, 3):
        forked(server)
        assert starts() == count
        killed(server)
    assert caplog.text.count("The fork server died and is started anew") == 2


def test_a_kernel_over_which_the_server_dies_is_tried_once_more(quick_server):
    server, starts = quick_server(deaths=1)
    forked(server)
    assert starts() == 2


def test_a_server_that_dies_over_each_kernel_is_given_up(quick_server):
    server, starts = quick_server(deaths=99)
    with pytest.raises(ForkServerError, match="Kernels cannot be started"):
        forked(server)
    assert starts() == 2


def test_of_several_threads_only_one_starts_the_server_anew(quick_server):
    server, starts = quick_server()
    forked(server)
    killed(server)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: forked(server), range(8)))
    assert starts() == 2


@pytest.mark.slow
@pytest.mark.parametrize("how", ["sandboxed", "off"])
def test_who_comes_after_the_death_of_the_server_is_graded(how, monkeypatch, tmp_path):
    """It is killed between two notebooks, and while one runs."""
    if how == "sandboxed" and bubblewrap.problem():
        pytest.skip(f"no sandbox here: {bubblewrap.problem()}")
    grader = grader_with(sandbox="required" if how == "sandboxed" else "off", cell_timeout=120)

    def kill_server():
        processes = psutil.Process(grader.kernels.fork_server._process.pid)
        for process in (*processes.children(recursive=True), processes):
            command = _command(process)
            if any("fork_server" in word for word in command) or SANDBOXED in command:
                process.send_signal(signal.SIGKILL)

    preprocess_cell = Runner.preprocess_cell

    def kill_during_sleep(runner, cell, resources, index):
        if "sleep" in cell.source:
            threading.Timer(1, kill_server).start()
        return preprocess_cell(runner, cell, resources, index)

    monkeypatch.setattr(Runner, "preprocess_cell", kill_during_sleep)

    def run(code):
        done = Run(grader, code)
        return done.text, done.incident

    with grader:
        assert run("print('ann')") == ("ann\n", "")
        kill_server()
        assert run("print('ben')") == ("ben\n", "")
        assert "the kernel died" in run("import time\ntime.sleep(100)")[1]
        assert run("print('dan')") == ("dan\n", "")


@pytest.mark.slow
def test_where_nothing_can_be_forked_a_new_kernel_does_the_same(monkeypatch, tmp_path):
    for module in (kernel_manager, kernels, runner):
        monkeypatch.setattr(module, "AVAILABLE", False)
    (tmp_path / "data.txt").write_text("mine")
    code = "import keras, os\nprint(keras.datasets.mnist.load_data()[0][0].shape, os.listdir())"
    with grader_with(sandbox="off", cell_timeout=120) as grader:
        run = Run(grader, code, folder=tmp_path)
    assert not run.incident
    assert run.text == f"({TRAIN_IMAGES}, 28, 28) ['data.txt']\n"


NOTEBOOK_SECONDS = 12
"""How long the notebook below may take; its kernel takes longer to start."""


@dataclass(frozen=True)
class Seen:
    """What was seen of a notebook whose kernel imported TensorFlow anew."""

    outputs: list[str]
    """Of its cells."""
    incident: str
    shares_a_server: bool
    left_behind: list[psutil.Process]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    hidden = tmp_path_factory.mktemp("hidden")
    code = (
        "import os, socket\n"
        f"print(os.path.exists({str(hidden)!r}), os.getuid() != 0, os.listdir('/dev/shm'))\n"
        "print(os.access('/usr', os.W_OK), [name for _, name in socket.if_nameindex()])\n"
        "print(len([p for p in os.listdir('/proc') if p.isdigit()]))"
    )
    fork = ForkServer.fork

    def slow_fork(*args, **kwargs):
        time.sleep(NOTEBOOK_SECONDS + 1)
        return fork(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch, grader_with(preloaded=False) as grader:
        patch.setattr(ForkServer, "fork", slow_fork)
        run = Run(grader, "print('hello')", code, notebook_timeout=NOTEBOOK_SECONDS)
        processes = psutil.Process().children(recursive=True)
        return Seen(
            run.cells,
            run.incident,
            "fork_server" in vars(grader.kernels),
            [process for process in processes if "fork_server" in str(_command(process))],
        )


@pytest.mark.slow
def test_a_fresh_kernel_is_forked_from_a_process_that_ends_with_it(fresh):
    assert fresh.outputs[0] == "hello\n"
    assert not fresh.shares_a_server
    assert not fresh.left_behind


@pytest.mark.slow
def test_the_time_until_a_kernel_has_started_is_not_the_notebooks(fresh):
    assert not fresh.incident
    assert all(fresh.outputs)


@pytest.mark.slow
@pytest.mark.skipif(bool(bubblewrap.problem()), reason=f"no sandbox here: {bubblewrap.problem()}")
def test_a_fresh_kernel_is_in_the_sandbox(fresh):
    assert fresh.outputs[1].splitlines() == ["False True []", "False ['lo']", "2"]


@pytest.mark.slow
def test_fresh_kernels_grade_the_same(tmp_path):
    """As tests/test_nbgrader.py finds it with kernels that are forked from one process."""
    course = Course(tmp_path, f"{FEW_IMAGES}\nc.Grading.preloaded = False\n")
    course.submit("alice", "training-the-solution")
    course.submit("bob", "training-the-solution", build_model="autoencoder = None")
    nbgrader(tmp_path, "autograde", "autoencoders")
    for criterion in AUTOENCODER.criteria:
        assert course.scores("alice")["autoencoder", criterion.id] == criterion.points
        assert course.scores("bob")["autoencoder", criterion.id] == 0
