"""Kernels are forked from a process that has TensorFlow already, and watched from outside."""

import signal
import threading
import time
from dataclasses import dataclass

import psutil
import pytest
from course import FEW_IMAGES, TRAIN_IMAGES, Course, nbgrader
from running import Run, grader_with, needs_sandbox
from the_lab import AUTOENCODER

from autograder.grading import kernel_manager, kernels, runner
from autograder.grading.runner import Runner
from autograder.sandbox import bubblewrap
from autograder.sandbox.fork_server import SANDBOXED
from autograder.sandbox.provisioner import AVAILABLE, ForkServer

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="kernels are not forked on this system")


def _command(process):
    """The command line of a process, which may have ended meanwhile."""
    try:
        return process.cmdline() or [""]
    except psutil.NoSuchProcess:
        return [""]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["sandboxed", "off"])
def test_notebooks_are_graded_after_the_server_died(how, monkeypatch, tmp_path):
    """The server is killed between two notebooks, and while one runs."""
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
    """The observations on a notebook whose kernel imported TensorFlow by itself."""

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
@needs_sandbox
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
