"""Fixtures shared by the tests, and how processes share the tests out."""

import dataclasses
import gc
import json
import os
import sys
from pathlib import Path

# nbgrader starts `alembic` by name: it lies beside this Python, activated or not.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

import pytest
from course import TEST_IMAGES, TRAIN_IMAGES
from shares import MAX_MIB, Shares, longest_first, most_memory_mib


def pytest_addoption(parser):
    group = parser.getgroup("the corpus of labelled submissions")
    group.addoption(
        "--images", default="embedded", help="the digits to grade on: embedded, mnist, or an .npz file"
    )
    group.addoption("--record", type=Path, help="a file to write every verdict to, as lines of JSON")


def pytest_configure(config):
    """A record is written anew by each run, whose processes all add to it."""
    if config.getoption("--record") and not hasattr(config, "workerinput"):
        config.getoption("--record").write_text("", "utf-8")


def pytest_collection(session):
    """Imports make no garbage: to look for some again and again takes a fifth of their time."""
    gc.disable()


def pytest_collection_finish(session):
    """Nothing that was imported is looked through for garbage from now on."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items):
    """What takes longest comes first, and single cases last, so that no process idles at the end."""
    items.sort(key=lambda item: longest_first(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """In place of pytest-xdist's own ways to share tests out."""
    return Shares(config, log)


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """TensorFlow as kernels and judge have it: this cannot be said once it has computed something."""
    if tf := sys.modules.get("tensorflow"):
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.threading.set_intra_op_parallelism_threads(1)


@pytest.fixture(scope="session", autouse=True)
def small():
    """Fails the last test of a process that grew too large."""
    yield
    used = most_memory_mib()
    assert used < MAX_MIB, f"this test process took {used:.0f} MiB"


@pytest.fixture(scope="session")
def images(pytestconfig):
    """The embedded digits or those asked for, few of which stand in for MNIST's 70,000."""
    from autograder.lab.images import load

    digits = load(pytestconfig.getoption("--images"))
    return dataclasses.replace(digits, train_count=TRAIN_IMAGES, test_count=TEST_IMAGES)


@pytest.fixture(scope="session")
def reference(images):
    """The digits as the judge compares with them."""
    from autograder.judge.reference import Reference

    return Reference(images)


@pytest.fixture(scope="session")
def kernel(images, tmp_path_factory):
    """A grading kernel inside this process."""
    from preloaded import PreloadedKernel

    kernel = PreloadedKernel(images, tmp_path_factory.mktemp("kernel"))
    # Between two notebooks garbage is looked for: not among all that TensorFlow is made of.
    gc.collect()
    gc.freeze()
    return kernel


@pytest.fixture(scope="session")
def record(pytestconfig):
    """Adds what a test saw to the file that was asked for, if any."""
    path = pytestconfig.getoption("--record")
    digits = pytestconfig.getoption("--images")

    def add(**seen):
        if path:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"digits": Path(digits).stem} | seen) + "\n")

    return add
