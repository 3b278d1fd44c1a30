"""What is known of a notebook by its content: the same work is recognised, other work is not."""

import dataclasses
import errno
import os
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from autograder.grading.result import CellRun, FormatError, Result, Work, files_in, work_on
from autograder.grading.store import FOLDER, Kept
from autograder.judge.verdict import Verdict, zero


def cell(source, **nbgrader):
    return new_code_cell(source, metadata={"nbgrader": nbgrader} if nbgrader else {})


def work(*cells, files=()):
    return Work("autoencoder", new_notebook(cells=list(cells)), dict(files))


RESULT = Result(
    run="digest of a run",
    cells=(CellRun(1, (new_output("stream", name="stdout", text="printed"),)),),
    evidence={"encoder": [["a request", "the text"]]},
    language={"name": "python"},
    judged="digest of a judge",
    verdicts={"encoder": Verdict(0.5, "this", "that", ("a problem",), "advice", ("a note",))},
)


def test_work_comes_back_from_bytes_as_it_was():
    sent = dataclasses.replace(work(cell("1")), files={"a/b.bin": b"\0\xff"}, executable=("a/b.bin",))
    received = Work.from_bytes(sent.to_bytes())
    assert received == sent
    assert received.digest == sent.digest


def test_a_result_comes_back_from_bytes_as_it_was():
    received = Result.from_bytes(RESULT.to_bytes())
    assert received.verdicts == RESULT.verdicts
    assert received.cells == RESULT.cells
    assert received.evidence == RESULT.evidence


@pytest.mark.parametrize("data", [b"", b"nothing packed", RESULT.to_bytes()[:-5], work().to_bytes()])
def test_other_bytes_are_no_result(data):
    with pytest.raises(FormatError):
        Result.from_bytes(data)


def test_other_code_or_files_are_other_work():
    same = work(cell("x = 1"))
    others = [
        work(cell("x = 2")),
        work(cell("x = 1"), cell("x = 1")),
        work(cell("x = 1"), files={"data.txt": b"1"}),
        work(cell("x = 1"), files={"data.txt": b"2"}),
        work(cell("x = 1", grade_id="encoder")),
    ]
    assert len({same.digest, *(other.digest for other in others)}) == 1 + len(others)
    assert same.digest == work(cell("x = 1")).digest


def test_other_points_are_the_same_work_but_recorded_anew():
    old, new = (work(cell("x = 1", grade_id="encoder", points=points)) for points in (8, 9))
    assert old.digest == new.digest
    assert old.recorded_digest != new.recorded_digest


def test_files_are_those_that_code_may_use(tmp_path):
    for name in ("helper.py", "sub/data.csv", "autoencoder.ipynb", "timestamp.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "link").symlink_to("helper.py")
    found = work_on("autoencoder", new_notebook(), files_in(tmp_path))
    assert found.files == {"helper.py": b"helper.py", "sub/data.csv": b"sub/data.csv"}

    found.write_files(tmp_path / "copy")
    assert (tmp_path / "copy" / "sub" / "data.csv").read_bytes() == b"sub/data.csv"


def test_the_last_result_is_kept(tmp_path):
    kept = Kept(tmp_path, "autoencoders")
    assert kept.find("ann", "autoencoder") is None
    kept.keep("ann", "autoencoder", RESULT)
    assert Kept(tmp_path, "autoencoders").find("ann", "autoencoder").verdicts == RESULT.verdicts

    kept.forget("ann")
    assert kept.find("ann", "autoencoder") is None


@pytest.mark.parametrize(
    "changes",
    [{"incident": "the kernel died"}, {"verdicts": {"loss": zero("", "", "", "", transient=True)}}],
    ids=["ended early", "judge failed"],
)
def test_what_may_come_out_otherwise_next_time_is_not_kept(tmp_path, changes):
    kept = Kept(tmp_path, "autoencoders")
    kept.keep("ann", "autoencoder", dataclasses.replace(RESULT, **changes))
    assert kept.find("ann", "autoencoder") is None


def test_a_zero_that_a_person_should_look_at_is_kept(tmp_path):
    kept = Kept(tmp_path, "autoencoders")
    flagged = dataclasses.replace(RESULT, verdicts={"loss": zero("", "", "", "", review=True)})
    kept.keep("ann", "autoencoder", flagged)
    assert Kept(tmp_path, "autoencoders").find("ann", "autoencoder").verdicts == flagged.verdicts


def test_a_damaged_result_is_none(tmp_path):
    kept = Kept(tmp_path, "autoencoders")
    kept.keep("ann", "autoencoder", RESULT)
    (file,) = tmp_path.rglob("*.result")
    file.write_bytes(file.read_bytes()[:-3])
    assert kept.find("ann", "autoencoder") is None


def test_results_at_hand_come_first(tmp_path):
    kept = Kept(tmp_path, "autoencoders")
    kept.keep("ann", "autoencoder", RESULT)
    other = dataclasses.replace(RESULT, run="another run")
    with kept.at_hand("ann", {"autoencoder": other}):
        assert kept.find("ann", "autoencoder") is other
    assert kept.find("ann", "autoencoder").run == RESULT.run


@pytest.fixture
def unwritable(tmp_path):
    """A course in which nothing can be kept: a file is where the folder should be."""
    (tmp_path / FOLDER).write_text("in the way")
    return tmp_path


def test_where_nothing_can_be_kept_grading_goes_on_and_that_is_told_once(unwritable):
    told = []
    kept = Kept(unwritable, "autoencoders", told.append)
    for student in ("ann", "ben"):
        kept.keep(student, "autoencoder", RESULT)
        assert kept.find(student, "autoencoder") is None
        kept.forget(student)
    assert len(told) == 1
    assert "Results cannot be kept" in told[0]
    assert f"{FOLDER}: Not a directory" in told[0] or f"{FOLDER}/kept" in told[0]


def test_on_a_full_disk_the_last_result_stays(tmp_path, monkeypatch):
    told = []
    kept = Kept(tmp_path, "autoencoders", told.append)
    kept.keep("ann", "autoencoder", RESULT)

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    kept.keep("ann", "autoencoder", dataclasses.replace(RESULT, run="another run"))
    assert "full" in told[0]
    assert "make room" in told[0]
    assert kept.find("ann", "autoencoder").run == RESULT.run
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_what_cannot_be_removed_is_forgotten_all_the_same(tmp_path, monkeypatch):
    told = []
    kept = Kept(tmp_path, "autoencoders", told.append)
    kept.keep("ann", "autoencoder", RESULT)

    def read_only(path):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "unlink", read_only)
    kept.forget("ann")
    assert kept.find("ann", "autoencoder") is None
    assert "cannot be read or written (Read-only file system)" in told[0]
    with kept.at_hand("ann", {"autoencoder": RESULT}):
        assert kept.find("ann", "autoencoder") is RESULT
