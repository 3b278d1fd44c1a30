"""Kernels are forked from a process that has TensorFlow already, and watched from outside."""

import contextlib
import os
import time

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


@pytest.fixture
def fresh_kernels():
    """A grading run in which every kernel imports TensorFlow anew."""
    Grading.clear_instance()
    with contextlib.closing(Grading.instance(preloaded=False)) as grader:
        yield grader
    Grading.clear_instance()


def run(code):
    """The output of a notebook of one cell."""
    notebook = new_notebook(cells=[new_code_cell(code)])
    notebook, resources = ExecuteSubmission(timeout=60).preprocess(notebook, {"metadata": {"path": ""}})
    assert INCIDENT not in resources
    return notebook.cells[0].outputs[0].text


@pytest.mark.slow
def test_a_fresh_kernel_is_forked_from_a_process_that_ends_with_it(fresh_kernels, monkeypatch):
    monkeypatch.setattr(Grading, "judge", None)
    assert run("print('hello')") == "hello\n"
    assert "fork_server" not in vars(fresh_kernels)
    left = [p for p in psutil.Process().children(recursive=True) if "forkserver" in str(p.cmdline())]
    assert not left


@pytest.mark.slow
@pytest.mark.skipif(bool(sandbox.problem()), reason=f"no sandbox here: {sandbox.problem()}")
def test_a_fresh_kernel_is_in_the_sandbox(fresh_kernels, monkeypatch, tmp_path):
    monkeypatch.setattr(Grading, "judge", None)
    code = (
        "import os, socket\n"
        f"print(os.path.exists({str(tmp_path)!r}), os.getuid() != 0, os.listdir('/dev/shm'))\n"
        "print(os.access('/usr', os.W_OK), [name for _, name in socket.if_nameindex()])\n"
        "print(len([p for p in os.listdir('/proc') if p.isdigit()]))"
    )
    assert run(code).splitlines() == ["False True []", "False ['lo']", "2"]


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
