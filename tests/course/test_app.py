"""A course's configuration is read as nbgrader reads it."""

import os
import shutil

from nbgrader.coursedir import CourseDirectory
from the_lab import EXERCISES, SOURCE

from autograder.course.app import lab_of, opened, options


def test_the_options_are_those_of_the_courses_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    course = tmp_path / "course"
    course.mkdir()
    (course / "nbgrader_config.py").write_text("c = get_config()\nc.Grading.train_images = 2345\n")
    assert options(course).train_images == 2345
    assert os.getcwd() == str(course)
    assert opened(course).config.Grading.train_images == 2345


def test_the_lab_is_that_of_the_courses_assignment_with_its_bounds(tmp_path):
    shutil.copytree(SOURCE, tmp_path / "source" / "lab-3")
    course = CourseDirectory(root=str(tmp_path), assignment_id="lab-3")
    lab, remarks = lab_of(course)
    assert (lab.assignment, remarks) == ("lab-3", ())
    assert lab.exercises == EXERCISES
