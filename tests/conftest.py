"""Fixtures shared by the tests, and how processes share the tests out."""

import dataclasses
import gc
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
# nbgrader starts `alembic` by name: it lies beside this Python, activated or not.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

import pytest
from course import TEST_IMAGES, TRAIN_IMAGES
from shares import MAX_MIB, Shares, longest_first, most_memory_mib


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
def images():
    """The embedded digits, few of which stand in for MNIST's 70,000."""
    from autograder.images import load

    return dataclasses.replace(load("embedded"), train_count=TRAIN_IMAGES, test_count=TEST_IMAGES)


@pytest.fixture(scope="session")
def reference(images):
    """The embedded digits as the judge compares with them."""
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
