"""`autograder check` prints one finding a line, and its exit code tells whether there is one."""

import shutil

import pytest
from course import COURSE
from edited import edited, source
from the_lab import ASSIGNMENT, AUTOENCODER, EXERCISES, LAB

from autograder.adapting import checkup, currency


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course in which lab file and notebooks agree; its release and solutions count as current."""
    monkeypatch.setattr(currency, "stale_files", lambda course, assignment: [])
    shutil.copy(COURSE / "nbgrader_config.py", tmp_path)
    shutil.copytree(COURSE / "source", tmp_path / "source")
    return tmp_path


def changed(course, old, new, name="lab.toml"):
    """The course with a text replaced in a file beside the notebooks."""
    file = course / "source" / ASSIGNMENT / name
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    return course


def run(course, capsys):
    """The exit code and the lines that are printed."""
    code = checkup.run(course, ASSIGNMENT, quick=True)
    return code, capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("exercise", EXERCISES.values())
def test_the_bundled_notebooks_agree_with_the_bundled_lab_file(exercise):
    assert checkup.compare_notebook(LAB, exercise, source(exercise)) == []


def test_findings_come_in_the_order_of_the_cells():
    notebook = edited(AUTOENCODER, "## Step 3", "10 epochs", "11 epochs")
    notebook.cells[16].metadata["nbgrader"]["points"] = 5
    notebook.cells[5].source = notebook.cells[5].source.replace("(8 points)", "(9 points)")
    found = checkup.compare_notebook(LAB, AUTOENCODER, notebook)
    assert [finding.position for finding in found] == [5, 10, 16]


def test_agreement_ends_with_exit_code_0(course, capsys):
    assert run(course, capsys) == (
        0,
        ["autoencoders: 0 findings, lab file and notebooks agree. No notebook was run (--quick)."],
    )


def test_findings_end_with_exit_code_1_and_their_number(course, capsys):
    code, lines = run(changed(course, 'history = "history"', 'history = "record"'), capsys)
    assert code == 1
    assert lines[:2] == [
        "autoencoder.ipynb (names.history): no such name in the text, record in the lab file",
        "    Write **`record`** where the task is set.",
    ]
    findings = [line for line in lines[:-1] if not line.startswith("    ")]
    assert lines[-1] == f"autoencoders: {len(findings)} findings. No notebook was run (--quick)."


def test_a_stale_calibration_is_a_finding(course, capsys):
    code, lines = run(changed(course, "\nslow_rate", "\nshort_steps = 150\nslow_rate"), capsys)
    assert code == 1
    assert [line for line in lines if line.startswith("calibration.json: autoencoder: ")]


def test_a_wrong_lab_file_is_told_with_its_key(course, capsys):
    code, lines = run(changed(course, "epochs = 10", "epochs = 0"), capsys)
    assert code == 1
    assert len(lines) == 1
    assert "exercises.autoencoder.epochs is 0" in lines[0]


def test_a_missing_lab_file_is_told(course, capsys):
    (course / "source" / ASSIGNMENT / "lab.toml").unlink()
    code, lines = run(course, capsys)
    assert code == 1
    assert lines[0].startswith("There is no lab file at ")


def test_it_needs_a_course_directory(tmp_path, capsys):
    code, lines = run(tmp_path, capsys)
    assert code == 1
    assert "is no course directory" in lines[0]


def test_a_notebook_without_a_table_and_a_table_without_a_notebook_are_findings(course, capsys):
    folder = course / "source" / ASSIGNMENT
    (folder / "autoencoder.ipynb").rename(folder / "variational.ipynb")
    code, lines = run(course, capsys)
    assert code == 1
    assert [line for line in lines if not line.startswith("    ")][:-1] == [
        "autoencoder.ipynb (exercises.autoencoder): no such notebook in source/, "
        "a table [exercises.autoencoder] in the lab file",
        "variational.ipynb (exercises.variational): a notebook in source/, "
        "no table [exercises.variational] in the lab file",
    ]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": 3}'])
def test_a_file_that_is_no_notebook_is_a_finding(course, capsys, content):
    (course / "source" / ASSIGNMENT / "autoencoder.ipynb").write_text(content)
    code, lines = run(course, capsys)
    assert code == 1
    assert lines[0].startswith(
        "autoencoder.ipynb (exercises.autoencoder): cannot be read as a notebook: "
    )


def test_without_quick_the_notebooks_are_tried(course, monkeypatch, capsys):
    from autograder.adapting import trial

    tried = []
    monkeypatch.setattr(
        trial, "try_out", lambda course, lab, notebooks, tell: tried.extend(notebooks) or []
    )
    assert checkup.run(course, ASSIGNMENT, quick=False) == 0
    assert tried == list(EXERCISES)
    assert "--quick" not in capsys.readouterr().out
