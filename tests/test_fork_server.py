"""Kernels are forked from a process that has TensorFlow already, and watched from outside."""

import contextlib
import os
import time
from dataclasses import dataclass

import psutil
import pytest
from course import FEW_IMAGES, Course, nbgrader
from nbformat.v4 import new_code_cell, new_notebook

from autograder.course import grading, kernel, sandbox
from autograder.course.execute import INCIDENT, ExecuteSubmission
from autograder.course.grading import Grading
from autograder.course.provisioner import AVAILABLE, ForkedProcess, ForkServer, ForkServerError
from autograder.lab import AUTOENCODER

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="kernels are not forked on this system")


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


@pytest.mark.slow
def test_where_nothing_can_be_forked_a_new_kernel_does_the_same(monkeypatch, tmp_path):
    monkeypatch.setattr(kernel, "AVAILABLE", False)
    monkeypatch.setattr(grading, "AVAILABLE", False)
    monkeypatch.setattr(Grading, "judge", None)
    (tmp_path / "data.txt").write_text("mine")
    Grading.clear_instance()
    grader = Grading.instance(sandbox="off")
    code = "import keras, os\nprint(keras.datasets.mnist.load_data()[0][0].shape, os.listdir())"
    notebook = new_notebook(cells=[new_code_cell(code)])
    notebook, resources = ExecuteSubmission(timeout=120).preprocess(
        notebook, {"metadata": {"path": str(tmp_path)}}
    )
    grader.close()
    Grading.clear_instance()
    assert INCIDENT not in resources
    assert notebook.cells[0].outputs[0].text == "(60000, 28, 28) ['data.txt']\n"


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
    notebook = new_notebook(cells=[new_code_cell("print('hello')"), new_code_cell(code)])
    fork = ForkServer.fork

    def slow_fork(*args, **kwargs):
        time.sleep(NOTEBOOK_SECONDS + 1)
        return fork(*args, **kwargs)

    Grading.clear_instance()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Grading, "judge", None)
        patch.setattr(ForkServer, "fork", slow_fork)
        with contextlib.closing(Grading.instance(preloaded=False)) as grader:
            execute = ExecuteSubmission(timeout=60, notebook_timeout=NOTEBOOK_SECONDS)
            notebook, resources = execute.preprocess(notebook, {"metadata": {"path": ""}})
            processes = psutil.Process().children(recursive=True)
            seen = Seen(
                ["".join(output.get("text", "") for output in cell.outputs) for cell in notebook.cells],
                resources.get(INCIDENT, ""),
                "fork_server" in vars(grader),
                [process for process in processes if "forkserver" in str(process.cmdline())],
            )
    Grading.clear_instance()
    return seen


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
@pytest.mark.skipif(bool(sandbox.problem()), reason=f"no sandbox here: {sandbox.problem()}")
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
