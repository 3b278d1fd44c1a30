"""A submission's folder is sorted out without following links or opening files."""

import os
from pathlib import Path

import pytest

import autograder.submissions.folder
from autograder.submissions.folder import Submission, shown, sort_out

EXPECTED = {
    "first": frozenset({"data", "model", "loss"}),
    "second": frozenset({"data", "model", "loss", "noise"}),
}


@pytest.fixture
def folder(tmp_path):
    """A submission with both notebooks. A file's text names the cells that are in it."""
    for name, ids in EXPECTED.items():
        (tmp_path / f"{name}.ipynb").write_text(" ".join(ids))
    return tmp_path


def sorted_out(folder, **options):
    return sort_out(folder, EXPECTED, lambda path: frozenset(path.read_text().split()), **options)


def test_notebooks_and_the_files_beside_them(folder):
    (folder / "data").mkdir()
    (folder / "data" / "own.csv").touch()
    (folder / "helper.py").touch()
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "first-checkpoint.ipynb").touch()

    assert sorted_out(folder, ignore=[".ipynb_checkpoints"]) == Submission(
        notebooks={"first": Path("first.ipynb"), "second": Path("second.ipynb")},
        files=(Path("helper.py"), Path("data/own.csv")),
    )


@pytest.mark.parametrize("name", ["First.ipynb", "first (1).ipynb", "first.ipynb.txt", "my lab.ipynb"])
def test_a_renamed_notebook_is_known_by_its_cells(folder, name):
    (folder / "first.ipynb").rename(folder / name)

    found = sorted_out(folder)

    assert found.notebooks == {"first": Path(name), "second": Path("second.ipynb")}
    assert found.remarks == (f"no first.ipynb was handed in; the file {name} was graded in its place",)


def test_a_notebook_with_cells_of_another_does_not_stand_for_a_missing_one(folder):
    (folder / "first.ipynb").unlink()
    (folder / "second (1).ipynb").write_text("data model loss noise")

    found = sorted_out(folder)

    assert found.missing == {"first": "no first.ipynb was handed in"}
    assert found.remarks == ("not graded, as no notebooks of the assignment: second (1).ipynb",)


def test_if_two_files_could_be_meant_neither_is_graded(folder):
    (folder / "first.ipynb").rename(folder / "a.ipynb")
    (folder / "b.ipynb").write_text("data model")

    assert sorted_out(folder).missing == {
        "first": "no first.ipynb was handed in, and a.ipynb, b.ipynb could each be meant"
    }


def test_what_is_no_regular_file_is_left_out_and_named(folder):
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "dangling").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")
    (folder / "setuid").touch()
    (folder / "setuid").chmod(0o4755)

    found = sorted_out(folder)

    assert found.files == ()
    assert found.remarks == (
        "left out, not copied: dangling, link (is a link)",
        "left out, not copied: pipe (is no regular file)",
        "left out, not copied: setuid (cannot be read, or runs with its owner's rights)",
    )


def test_paths_too_long_to_be_copied_are_left_out(folder):
    path = folder
    for _ in range(10):
        path /= "d" * 200
    path.mkdir(parents=True)
    (path / "file").touch()

    found = sorted_out(folder)

    assert found.files == ()
    assert "(lies too deep)" in found.remarks[0]


@pytest.mark.parametrize(
    "path", ["given.csv/x", "data", "timestamp.txt/x", "first.html", "second.html/x"]
)
def test_files_that_would_be_in_the_way_are_left_out(folder, path):
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).touch()

    found = sorted_out(folder, given=[Path("given.csv"), Path("data/given.npz")])

    assert found.files == ()
    assert found.remarks == (
        f"left out, not copied: {path} (is in the place of a file of the assignment)",
    )


def test_a_given_file_may_be_handed_in(folder):
    (folder / "given.csv").touch()
    assert sorted_out(folder, given=[Path("given.csv")]).files == (Path("given.csv"),)


@pytest.mark.parametrize("time", ["2026-11-23 02:12:02.5 UTC", "2026-11-23 02:12:02"])
def test_nbgraders_timestamp_is_kept(folder, time):
    (folder / "timestamp.txt").write_text(time)
    assert sorted_out(folder).files == (Path("timestamp.txt"),)


@pytest.mark.parametrize("content", [b"", b"soon", b"\xff", b"1" * 400, b"2026 " * 500, b"9999-1-1 1 x"])
def test_a_timestamp_that_nbgrader_could_not_read_is_left_out(folder, content):
    (folder / "timestamp.txt").write_bytes(content)

    found = sorted_out(folder)

    assert found.files == ()
    assert found.remarks == ("left out, not copied: timestamp.txt (holds no time)",)


def test_too_large_or_too_many_files_are_left_out_together(folder, monkeypatch):
    (folder / "timestamp.txt").write_text("2026-11-23 02:12:02 UTC")
    for name in "abc":
        (folder / name).write_bytes(b"x" * 100)

    for found in (sorted_out(folder, max_bytes=200), _with_few_entries(folder, monkeypatch)):
        assert set(found.notebooks) == {"first", "second"}
        assert found.files == (Path("timestamp.txt"),)
        assert "too many or too large" in found.remarks[-1]


def _with_few_entries(folder, monkeypatch):
    monkeypatch.setattr(autograder.submissions.folder, "MAX_ENTRIES", 5)
    return sorted_out(folder)


def test_names_cannot_hold_markup():
    assert shown("<script>[x](javascript:y)`*") == "?script??x?(javascript:y)??"
    assert shown("autoencoder-final_2 (1).ipynb") == "autoencoder-final_2 (1).ipynb"
