"""The demonstration deletes nothing of others, and says what it needs."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from the_lab import ASSIGNMENT, EXERCISES

from autograder.examples.answers import answers, for_exercise, read_toml
from autograder.examples.demo import STUDENTS, DemoError, run_demo
from autograder.lab.file import LabFileError
from autograder.submissions import notebooks

COURSE = Path(__file__).parents[2]


def test_it_needs_a_course_directory(tmp_path):
    with pytest.raises(LabFileError, match="Change to a course directory"):
        run_demo(tmp_path, tmp_path / "demo")
    shutil.copytree(COURSE / "source", tmp_path / "source")
    with pytest.raises(DemoError, match="no course directory"):
        run_demo(tmp_path, tmp_path / "demo")


def test_it_does_not_overwrite_a_folder_of_somebody_elses(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(DemoError, match="not empty"):
        run_demo(COURSE, tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_the_examples_are_at_least_six_and_fit_the_sample_solution():
    students = read_toml(STUDENTS)["student"]
    assert len(students) >= 6
    for student in students:
        for name, exercise in EXERCISES.items():
            source = notebooks.read(COURSE / "source" / ASSIGNMENT / f"{name}.ipynb")
            sample = notebooks.solutions(source)
            described = for_exercise(student.get(name, {}), exercise)
            assert set(answers(described, sample)) == set(sample)
            assert "$" not in str(described)


def test_grades_without_a_gradebook_say_where_to_go(tmp_path):
    command = [sys.executable, "-m", "autograder.cli", "grades", "--course", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "no gradebook" in done.stderr
