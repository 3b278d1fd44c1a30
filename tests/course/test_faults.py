"""Faults of the machine are described in words, with what to do about them."""

import contextlib
import errno
import shutil
import sqlite3
from pathlib import Path

import pytest
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import NbGraderException
from sqlalchemy.exc import SQLAlchemyError

from autograder.course.faults import in_words

full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")


@contextlib.contextmanager
def locked(gradebook):
    """Lets another connection lock the database within this context."""
    with contextlib.closing(sqlite3.connect(gradebook, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def met(*arguments):
    """Returns the error that opening a gradebook raises."""
    with pytest.raises(SQLAlchemyError) as info:
        Gradebook(*arguments).close()
    return info.value


def test_a_locked_gradebook_is_reported(tmp_path):
    path = tmp_path / "gradebook.db"
    Gradebook(f"sqlite:///{path}").close()
    with locked(path):
        words = in_words(met(f"sqlite:///{path}"))
    assert words.startswith("the gradebook is locked by another program; close it")
    Gradebook(f"sqlite:///{path}").close()


def test_a_file_that_is_no_gradebook_is_reported_without_statements_and_links(tmp_path):
    path = tmp_path / "gradebook.db"
    path.write_text("no database" * 100)
    assert in_words(met(f"sqlite:///{path}")) == "the gradebook cannot be used (file is not a database)"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(errno.ENOSPC, "No space", "/c/x", None, "/d/x"),
            "the disk that /d/x is on is full; make",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "a disk is full; make room where"),
        (
            OSError(errno.EACCES, "Permission denied", "/c/x"),
            "/c/x cannot be read or written (Permission",
        ),
        (OSError(errno.ENOTDIR, "Not a directory", "/c/x"), "/c/x: Not a directory"),
        (OSError("timed out"), "OSError: timed out"),
        (NbGraderException("no such assignment"), "no such assignment"),
        (
            MissingEntry("No such assignment: x"),
            "the gradebook is incomplete (No such assignment: x); run `autograder release`, which "
            "writes its cells",
        ),
        (ValueError("odd"), "ValueError: odd"),
    ],
)
def test_errors_in_words(error, words):
    assert in_words(error).startswith(words)


@full_device
def test_a_copy_to_a_full_disk_names_that_disk(tmp_path):
    (tmp_path / "data").write_text("mine")
    with pytest.raises(OSError, match="No space left") as info:
        shutil.copyfile(tmp_path / "data", "/dev/full")
    assert "full; make room" in in_words(info.value)
    assert str(tmp_path) not in in_words(info.value)
