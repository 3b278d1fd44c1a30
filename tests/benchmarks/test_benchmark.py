"""The benchmark lays out classes of different, solved submissions, and tells which targets are met."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from course import TEST_IMAGES, TRAIN_IMAGES

from autograder.lab import ASSIGNMENT, EXERCISES
from autograder.submissions import notebooks
from benchmarks import classroom
from benchmarks.classroom import Classroom, ClassroomError, expect_full_marks
from benchmarks.meter import Usage
from benchmarks.report import Figures, report
from benchmarks.runs import Marginal, WholeClass
from benchmarks.times import ARRAYS, NETWORKS, PICTURES

COURSE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A class in which every variant of both notebooks is there."""
    students = max(len(classroom.VARIANTS), len(classroom.DENOISING_VARIANTS))
    return Classroom(COURSE, tmp_path_factory.mktemp("classroom")).of(students, "class", "c.x = 1")


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


def test_submissions_that_were_not_graded_stop_the_benchmark(course):
    with pytest.raises(ClassroomError, match="should all have 93 points"):
        expect_full_marks(course, 1)


def test_what_is_no_course_is_told(tmp_path):
    with pytest.raises(ClassroomError, match="no course directory"):
        Classroom(tmp_path, tmp_path)


def test_one_more_submission_costs_the_difference():
    one, five = Usage(20, {"kernels": 12, "judge": 6}), Usage(60, {"kernels": 52, "judge": 10})
    more = Marginal.of(one, five, 5)
    assert (more.cpu, more.wall) == (11, 10)
    assert (more.start_cpu, more.start_wall) == (7, 10)
    assert more.roles == {"kernels": 10, "judge": 1}


def test_memory_is_the_most_until_so_many_were_graded():
    usage = Usage(1, {}, memory=((0, 5), (1, 9), (2, 7), (10, 12)))
    assert [usage.memory_until(done) for done in (1, 2, 11)] == [5, 9, 12]


def test_targets_are_met_or_not_by_the_figures():
    first = Usage(900, {"kernels": 1200})
    figures = Figures(
        submissions=9,
        ours=Marginal(11, 6, 10, 9, {"kernels": 11}),
        fresh=Marginal(30, 16, 5, 4, {"kernels": 30}),
        floor={NETWORKS: (6, 6), ARRAYS: (2, 2), PICTURES: (1, 1)},
        by_workers={1: Marginal(11, 10, 10, 9, {}), 2: Marginal(11, 5, 10, 9, {})},
        whole_class=WholeClass(100, first, Usage(9, {"driver": 4}), {10: 1000, 50: 1050, 100: 1090}),
    )
    said = {
        line.split(" | ")[0].strip("| "): line.rstrip(" |").endswith("| met")
        for line in report(figures).splitlines()
        if line.rstrip(" |").endswith(("| met", "| **not met**"))
    }
    verdicts = {
        "CPU seconds": True,
        "preloading": False,
        "above the bare computations, (a)/(c) in CPU: networks and arrays": True,
        "above the bare computations, (a)/(c) in CPU: all": True,
        "above the bare computations": False,
        "two workers": True,
        "growth": True,
        "grading again, unchanged: wall": True,
        "grading again, unchanged: CPU": True,
        "a class of 100 (400 submissions an hour)": False,
    }
    assert len(said) == len(verdicts)
    for name, met in said.items():
        beginning = next(known for known in verdicts if name.startswith(known))
        assert met == verdicts[beginning], name


def test_what_was_not_measured_is_left_out():
    assert "target" not in report(Figures(submissions=9))


BRIEFLY = f"""
import dataclasses
from benchmarks import floor

load = floor.load
floor.load = lambda name: dataclasses.replace(
    load(name), train_count={TRAIN_IMAGES}, test_count={TEST_IMAGES}
)
floor.REPETITIONS = 1
floor.main()
"""


@pytest.mark.slow
def test_the_bare_computations_take_time():
    done = subprocess.run([sys.executable, "-c", BRIEFLY], capture_output=True, text=True, check=True)
    times = json.loads(done.stdout)
    assert set(times) == {NETWORKS, ARRAYS, PICTURES}
    assert all(cpu > 0 and wall > 0 for cpu, wall in times.values())
