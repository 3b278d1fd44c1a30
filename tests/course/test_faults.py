"""What goes wrong with the machine is told in words, with what to do about it."""

import contextlib
import errno
import logging
import pickle
import shutil
import sqlite3
import zlib
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.converters import NbGraderException
from sqlalchemy.exc import SQLAlchemyError

from autograder.batch import plugin
from autograder.batch.log import log_file
from autograder.batch.telling import Telling
from autograder.course.faults import in_words
from autograder.grading import fingerprints
from autograder.grading.options import Grading

full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")


@contextlib.contextmanager
def locked(gradebook):
    """While another program writes to a database."""
    with contextlib.closing(sqlite3.connect(gradebook, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def met(*arguments):
    """The error with which a gradebook is opened."""
    with pytest.raises(SQLAlchemyError) as info:
        Gradebook(*arguments).close()
    return info.value


def test_a_locked_gradebook_is_told_of(tmp_path):
    path = tmp_path / "gradebook.db"
    Gradebook(f"sqlite:///{path}").close()
    with locked(path):
        words = in_words(met(f"sqlite:///{path}"))
    assert words.startswith("the gradebook is locked by another program; close it")
    Gradebook(f"sqlite:///{path}").close()


def test_what_is_no_gradebook_is_told_of_without_statements_and_links(tmp_path):
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


def test_a_converter_raises_what_nbgrader_only_logs():
    class Converter:
        def convert_notebooks(self):
            try:
                self.set_permissions("autoencoders", "ann")
            except ValueError:
                raise NbGraderException("see the log") from None

        def set_permissions(self, assignment_id, student_id):
            raise ValueError(f"what is wrong with {student_id}")

    class Told(Telling, Converter):
        pass

    with pytest.raises(ValueError, match="what is wrong with ann"):
        Told().convert_notebooks()


@pytest.fixture
def course(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".autograder").mkdir()
    return tmp_path


def logged(handler, count=3):
    log = logging.Logger("alone")
    log.addHandler(handler)
    for number in range(count):
        log.warning("remark %s", number)
    with contextlib.suppress(OSError):
        handler.close()


def test_the_log_is_written_where_it_is_said_to_be(course):
    handler, where = log_file(print)
    logged(handler)
    path = course / ".autograder" / "grade.log"
    assert where == f"\nThe log is {path}"
    assert "remark 2" in path.read_text("utf-8")


def test_a_log_that_cannot_be_opened_is_told_of_and_left_out(course):
    (course / ".autograder" / "grade.log").mkdir()
    told = []
    handler, where = log_file(told.append)
    logged(handler)
    assert where == ""
    assert len(told) == 1
    assert "Is a directory. Grading goes on without it." in told[0]


@full_device
def test_a_log_on_a_full_disk_is_told_of_once(course, capsys):
    (course / ".autograder" / "grade.log").symlink_to("/dev/full")
    told = []
    handler, _ = log_file(told.append)
    logged(handler)
    assert len(told) == 1
    assert "full" in told[0]
    assert "Traceback" not in capsys.readouterr().err


def test_a_worker_on_a_full_disk_says_so_when_it_is_given_work(images, monkeypatch):
    def full(grading):
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/x")

    monkeypatch.setattr(Grading, "start", full)
    monkeypatch.setattr(plugin.signal, "signal", lambda *_: None)
    packed = zlib.compress(pickle.dumps(images))
    grader = plugin.Grader(plugin.Settings({}, packed, b"", fingerprints.of_package()))
    grader.setup(None)
    Grading.clear_instance()
    with pytest.raises(plugin.WorkerError, match="/tmp/x is on is full; make room there"):
        grader.carry_out(b"", None)
