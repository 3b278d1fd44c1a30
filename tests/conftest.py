"""Fixtures shared by the tests. TensorFlow is imported once, in one process, for all of them."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
# nbgrader starts `alembic` by name: it lies beside this Python, activated or not.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

import pytest


@pytest.fixture(scope="session")
def images():
    """The embedded digits."""
    from autograder.images import load

    return load("embedded")


@pytest.fixture(scope="session")
def reference(images):
    """The embedded digits as the judge compares with them."""
    from autograder.judge.reference import Reference

    return Reference(images)


@pytest.fixture(scope="session")
def kernel(images, tmp_path_factory):
    """A grading kernel inside this process."""
    from preloaded import PreloadedKernel

    return PreloadedKernel(images, tmp_path_factory.mktemp("kernel"))
