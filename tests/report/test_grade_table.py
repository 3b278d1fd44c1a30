"""The table of grades."""

from autograder.report.grade_table import Grades


def test_the_table_has_a_row_for_each_student_and_says_what_is_open():
    grades = Grades(
        columns=(("first", "loss", 3.0), ("first", "discussion", 4.0), ("second", "noise", 8.0)),
        rows={"ada": (3.0, None, 6.67), "ben": (0.0, 2.0, 8.0)},
    )

    assert grades.maximum == 15
    assert grades.table() == "\n".join(
        [
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
    )


def test_a_zero_that_could_not_be_judged_is_marked():
    grades = Grades((("first", "loss", 3.0),), {"ada": (0.0,), "ben": (0.0,)}, frozenset({("ada", 0)}))

    assert grades.table().splitlines()[3:5] == ["ada        0?", "ben         0"]
    assert "? could not be judged" in grades.table()
