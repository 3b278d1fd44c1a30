"""A classroom lays out classes whose students solve the lab in different ways."""

from pathlib import Path

import pytest
from the_lab import ASSIGNMENT, EXERCISES

from autograder.submissions import notebooks
from benchmarks import classroom
from benchmarks.classroom import Classroom, ClassroomError, expect_full_marks, graded_so_far

COURSE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A class in which every variant of both notebooks is there."""
    students = max(len(classroom.VARIANTS), len(classroom.DENOISING_VARIANTS))
    return Classroom(COURSE, tmp_path_factory.mktemp("classroom")).course_of(
        students, "class", "c.x = 1"
    )


def answers_of(course, name):
    """The answer cells of each student's notebook, without the line that names the student."""
    return {
        tuple(
            cell.source.split("\n", 1)[1]
            for cell in notebooks.read(path).cells
            if notebooks.is_answer(cell)
        )
        for path in course.glob(f"submitted/*/{ASSIGNMENT}/{name}.ipynb")
    }


def test_students_write_the_same_in_different_ways(course):
    variants = zip(EXERCISES, (classroom.VARIANTS, classroom.DENOISING_VARIANTS), strict=True)
    for name, written in variants:
        assert len(answers_of(course, name)) == len(written)


def test_every_variant_is_code(course):
    for name in EXERCISES:
        for path in course.glob(f"submitted/*/{ASSIGNMENT}/{name}.ipynb"):
            for cell in notebooks.read(path).cells:
                if cell.cell_type == "code":
                    compile(cell.source, str(path), "exec")


def test_options_are_appended_to_the_configuration(course):
    assert (course / "nbgrader_config.py").read_text("utf-8").endswith("\nc.x = 1\n")


def test_submissions_that_were_not_graded_stop_the_benchmark(course, capsys):
    assert graded_so_far(course) == 0
    with pytest.raises(ClassroomError, match="should all have 93 points"):
        expect_full_marks(course, 1)
    assert "total  of 100" in capsys.readouterr().err


def test_another_folder_is_no_course(tmp_path):
    with pytest.raises(ClassroomError, match="no course directory"):
        Classroom(tmp_path, tmp_path)
