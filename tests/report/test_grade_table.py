"""The table of grades, and what it reads from nbgrader's gradebook."""

import pytest
from nbgrader.api import Gradebook, MissingEntry

from autograder.report.grade_table import GradeTable, read_grades


def test_the_table_has_a_row_for_each_student_and_says_what_is_open(capsys):
    grades = GradeTable(
        columns=(("first", "loss", 3.0), ("first", "discussion", 4.0), ("second", "noise", 8.0)),
        rows={"ada": (3.0, None, 6.67), "ben": (0.0, 2.0, 8.0)},
    )

    grades.show()

    assert grades.maximum == 15
    assert capsys.readouterr().out.splitlines() == [
        "first",
        "student  loss  discussion",
        "points      3           4",
        "ada         3           –",
        "ben         0           2",
        "",
        "second",
        "student  noise",
        "points       8",
        "ada       6.67",
        "ben          8",
        "",
        "total  of 15",
        "ada     9.67",
        "ben    10.00",
        "",
        "– still to be graded by a person",
    ]


def test_a_zero_that_could_not_be_judged_is_marked(capsys):
    rows = {"ada": (0.0,), "ben": (0.0,)}
    GradeTable((("first", "loss", 3.0),), rows, frozenset({("ada", 0)})).show()

    shown = capsys.readouterr().out
    assert shown.splitlines()[3:5] == ["ada        0?", "ben         0"]
    assert "? could not be judged" in shown


@pytest.fixture
def database(tmp_path):
    """A gradebook with one graded notebook: two cells that are judged, and one that a person grades."""
    url = f"sqlite:///{tmp_path}/gradebook.db"
    with Gradebook(url, "course") as gradebook:
        gradebook.add_assignment("lab")
        gradebook.add_notebook("first", "lab")
        for name in ("training", "loss", "discussion"):
            gradebook.add_grade_cell(name, "first", "lab", max_score=4, cell_type="code")
            gradebook.add_source_cell(name, "first", "lab", cell_type="code")
        for student in ("ben", "ada"):
            gradebook.add_student(student)
            gradebook.add_submission("lab", student)
        for name, score, look in (("training", 3, False), ("loss", 0, True), ("discussion", None, True)):
            grade = gradebook.find_grade(name, "first", "lab", "ada")
            grade.auto_score, grade.needs_manual_grade = score, look
        gradebook.db.commit()
    return url


def test_grades_are_read_in_the_order_of_cells_and_students(database):
    grades = read_grades(database, "course", "lab")

    assert grades.columns == (
        ("first", "training", 4),
        ("first", "loss", 4),
        ("first", "discussion", 4),
    )
    assert list(grades.rows) == ["ada", "ben"]
    assert grades.rows["ada"] == (3, 0, None)


def test_a_zero_to_look_at_is_read_as_one_until_a_person_decides(database):
    assert read_grades(database, "course", "lab").review == {("ada", 1)}
    with Gradebook(database, "course") as gradebook:
        gradebook.find_grade("loss", "first", "lab", "ada").manual_score = 2
        gradebook.db.commit()

    grades = read_grades(database, "course", "lab")
    assert grades.review == frozenset()
    assert grades.rows["ada"][1] == 2


def test_an_assignment_that_is_not_in_the_gradebook_is_an_error(database):
    with pytest.raises(MissingEntry):
        read_grades(database, "course", "another")
