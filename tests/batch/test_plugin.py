"""A Dask worker that cannot grade says why."""

import errno
import pickle
import zlib

import pytest
from the_lab import LAB

from autograder.batch import plugin
from autograder.grading import fingerprints
from autograder.grading.grader import Grader


def test_a_worker_on_a_full_disk_says_so_when_it_is_given_a_job(images, monkeypatch):
    def full(grading):
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/x")

    monkeypatch.setattr(Grader, "start", full)
    monkeypatch.setattr(plugin.signal, "signal", lambda *_: None)
    packed = zlib.compress(pickle.dumps(images))
    grader = plugin.GradingPlugin(plugin.Settings({}, LAB, packed, b"", fingerprints.of_package()))
    grader.setup(None)
    with pytest.raises(plugin.WorkerError, match="/tmp/x is on is full; make room there"):
        grader.grade(b"", None)
