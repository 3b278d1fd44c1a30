"""A course's configuration is read as nbgrader reads it."""

import os

from autograder.course.app import opened, options


def test_the_options_are_those_of_the_courses_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    course = tmp_path / "course"
    course.mkdir()
    (course / "nbgrader_config.py").write_text("c = get_config()\nc.Grading.train_images = 2345\n")
    assert options(course).train_images == 2345
    assert os.getcwd() == str(course)
    assert opened(course).config.Grading.train_images == 2345
