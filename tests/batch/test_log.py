"""The log is written where the last line says; if it cannot be written, grading goes on."""

import contextlib
import logging
from pathlib import Path

import pytest

from autograder.batch.log import log_file

full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")


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


def test_the_log_is_written_to_the_file_that_is_named(course):
    handler, where = log_file(print)
    logged(handler)
    path = course / ".autograder" / "grade.log"
    assert where == f"\nThe log is {path}"
    assert "remark 2" in path.read_text("utf-8")


def test_without_a_log_file_there_is_a_message_and_no_log(course):
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
