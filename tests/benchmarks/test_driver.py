"""A class of any size is made from the one submission that was graded."""

import contextlib
import sqlite3

from nbgrader.api import Gradebook
from the_lab import ASSIGNMENT, EXERCISES

from autograder.report.grade_table import read_grades
from benchmarks import driver


def test_every_student_hands_in_the_first_submission_with_a_name_of_their_own(tmp_path):
    first = tmp_path / "submitted" / "student000" / ASSIGNMENT
    first.mkdir(parents=True)
    for name in EXERCISES:
        (first / f"{name}.ipynb").write_text("# student000\nmodel", "utf-8")

    driver.hand_in(tmp_path, ["ada", "ben"])

    for student in ("ada", "ben"):
        for name in EXERCISES:
            path = tmp_path / "submitted" / student / ASSIGNMENT / f"{name}.ipynb"
            assert path.read_text("utf-8") == f"# {student}\nmodel"


def test_every_student_gets_the_rows_of_the_one_that_was_graded(tmp_path):
    database = tmp_path / "gradebook.db"
    url = f"sqlite:///{database}"
    with Gradebook(url, "course") as gradebook:
        gradebook.add_assignment("lab")
        gradebook.add_notebook("first", "lab")
        gradebook.add_grade_cell("loss", "first", "lab", max_score=3, cell_type="code")
        gradebook.add_source_cell("loss", "first", "lab", cell_type="code")
        gradebook.add_solution_cell("build", "first", "lab")
        gradebook.add_student("student000")
        gradebook.add_submission("lab", "student000")
        gradebook.find_grade("loss", "first", "lab", "student000").auto_score = 3
        gradebook.db.commit()

    driver.fill_gradebook(database, ["ada", "ben"])

    assert read_grades(url, "course", "lab").rows == dict.fromkeys(["ada", "ben", "student000"], (3,))
    with contextlib.closing(sqlite3.connect(database)) as db:
        assert db.execute("SELECT count(DISTINCT id) FROM comment").fetchone() == (3,)
