"""The last result of a notebook is kept, as far as it can be; nothing else depends on it."""

import dataclasses
import errno
import os
from pathlib import Path

import pytest

from autograder.grading.result import CellRun, Result
from autograder.grading.store import FOLDER, ResultStore
from autograder.judge.verdict import Verdict
from autograder.submissions.packed import packed

RESULT = Result(
    "of a job",
    (CellRun(1, ()),),
    judged_by="a judge",
    verdicts={"encoder": Verdict(0.5, "this", "that")},
)


@pytest.fixture
def store(tmp_path):
    return ResultStore(tmp_path, "autoencoders", print)


def test_the_last_result_is_kept(tmp_path):
    store = ResultStore(tmp_path, "autoencoders", print)
    assert store.find("ann", "autoencoder") is None
    store.keep("ann", "autoencoder", RESULT)
    assert (
        ResultStore(tmp_path, "autoencoders", print).find("ann", "autoencoder").verdicts
        == RESULT.verdicts
    )

    store.forget("ann")
    assert store.find("ann", "autoencoder") is None


def test_what_is_not_final_is_not_kept(store):
    store.keep("ann", "autoencoder", dataclasses.replace(RESULT, incident="the kernel died"))
    assert store.find("ann", "autoencoder") is None


def test_a_result_of_another_version_is_none(tmp_path, store):
    store.keep("ann", "autoencoder", RESULT)
    (file,) = tmp_path.rglob("*.result")
    parts = vars(RESULT) | {"cells": [], "verdicts": {}}
    parts["run"] = parts.pop("fingerprint")
    file.write_bytes(packed(parts))
    assert store.find("ann", "autoencoder") is None
    store.keep("ann", "autoencoder", RESULT)
    assert store.find("ann", "autoencoder").fingerprint == RESULT.fingerprint


def test_a_damaged_result_is_none(tmp_path):
    store = ResultStore(tmp_path, "autoencoders", print)
    store.keep("ann", "autoencoder", RESULT)
    (file,) = tmp_path.rglob("*.result")
    file.write_bytes(file.read_bytes()[:-3])
    assert store.find("ann", "autoencoder") is None


@pytest.fixture
def unwritable(tmp_path):
    """A course in which nothing can be kept: a file is where the folder should be."""
    (tmp_path / FOLDER).write_text("in the way")
    return tmp_path


def test_where_nothing_can_be_kept_grading_goes_on_and_that_is_told_once(unwritable):
    told = []
    store = ResultStore(unwritable, "autoencoders", told.append)
    for student in ("ann", "ben"):
        store.keep(student, "autoencoder", RESULT)
        assert store.find(student, "autoencoder") is None
        store.forget(student)
    assert len(told) == 1
    assert isinstance(told[0], OSError)
    assert FOLDER in str(told[0])


def test_on_a_full_disk_the_last_result_stays(tmp_path, monkeypatch):
    told = []
    store = ResultStore(tmp_path, "autoencoders", told.append)
    store.keep("ann", "autoencoder", RESULT)

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    store.keep("ann", "autoencoder", dataclasses.replace(RESULT, fingerprint="of another job"))
    assert [error.errno for error in told] == [errno.ENOSPC]
    assert store.find("ann", "autoencoder").fingerprint == RESULT.fingerprint
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_what_cannot_be_removed_is_forgotten_all_the_same(tmp_path, monkeypatch):
    told = []
    store = ResultStore(tmp_path, "autoencoders", told.append)
    store.keep("ann", "autoencoder", RESULT)

    def read_only(path):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "unlink", read_only)
    store.forget("ann")
    assert store.find("ann", "autoencoder") is None
    assert [error.errno for error in told] == [errno.EROFS]
