"""The folder that a killed process leaves behind is removed by the next one; a folder in use stays."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from autograder.sandbox import run_folder
from autograder.sandbox.run_folder import LOCK, PREFIX, SETTLED_SECONDS, RunFolder, remove_left_behind

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no locks on this system")

RUN = """
import sys
from autograder.sandbox.run_folder import RunFolder
folder = RunFolder()
print(folder.name, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """The system's folder for temporary files."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def grown_old(folder):
    """The folder, as old as one whose process started a while ago."""
    before = time.time() - SETTLED_SECONDS - 1
    os.utime(Path(folder) / LOCK, (before, before))
    return Path(folder)


def started():
    """Another process with a folder of its own, which lives until its standard input closes."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return process, grown_old(process.stdout.readline().strip())


def test_the_folder_of_a_killed_process_is_removed():
    process, folder = started()
    (folder / "mnist.npz").write_text("large")
    process.kill()
    process.wait()
    assert folder.exists()

    assert remove_left_behind() == [folder]
    assert not folder.exists()


def test_two_processes_leave_each_others_folders_alone():
    process, theirs = started()
    own = RunFolder()
    grown_old(own.name)

    assert remove_left_behind() == []
    assert theirs.exists()
    assert Path(own.name).exists()

    process.communicate()
    own.cleanup()
    assert not theirs.exists()
    assert not Path(own.name).exists()


def test_a_folder_that_was_made_just_now_may_be_about_to_be_locked(temporary):
    folder = temporary / f"{PREFIX}new"
    folder.mkdir()
    (folder / LOCK).touch()
    assert remove_left_behind() == []
    grown_old(folder)
    assert remove_left_behind() == [folder]


def test_where_there_are_no_locks_grading_goes_on_and_nothing_is_removed(monkeypatch):
    def refused(*_):
        raise OSError("no locks available")

    monkeypatch.setattr(run_folder.fcntl, "flock", refused)
    own = RunFolder()
    assert grown_old(own.name).exists()
    assert remove_left_behind() == []
    own.cleanup()
    assert not Path(own.name).exists()


@pytest.mark.parametrize("name", [f"{PREFIX}homework", "something-else"])
def test_other_folders_stay(temporary, name):
    folder = temporary / name
    folder.mkdir()
    (folder / "thesis.tex").touch()
    if not name.startswith(PREFIX):
        (folder / LOCK).touch()
        grown_old(folder)
    assert remove_left_behind() == []
    assert (folder / "thesis.tex").exists()


def test_links_are_not_followed(temporary):
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / LOCK).touch()
    grown_old(elsewhere)
    (temporary / f"{PREFIX}link").symlink_to(elsewhere)
    (temporary / f"{PREFIX}lock").mkdir()
    (temporary / f"{PREFIX}lock" / LOCK).symlink_to(elsewhere / LOCK)

    assert remove_left_behind() == []
    assert (elsewhere / LOCK).exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make files of another user's")
def test_folders_of_other_users_stay(temporary):
    folder = temporary / f"{PREFIX}theirs"
    folder.mkdir()
    (folder / LOCK).touch()
    os.chown(folder / LOCK, 12345, 12345)
    grown_old(folder)
    assert remove_left_behind() == []
