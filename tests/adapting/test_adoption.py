"""Other labs are made of one lab file each, and the package is not touched.

Each is adapted as `autograder check` says, calibrated with few networks, and graded: the sample solution
earns everything, a blank notebook nothing, and what is wrong is told with this lab's numbers.
"""

import dataclasses
import subprocess
import sys

import adoptions
import numpy as np
import pytest
from the_lab import ASSIGNMENT

from autograder.adapting.checkup import checkup
from autograder.adapting.quickstart import quickstart
from autograder.judge.bounds import NAME, with_bounds

FEW = "c.Grading.train_images = 6000\nc.Grading.test_images = 1000\n"
SEEDS = 7
"""Per learning rate: the fewest from which a bound is derived."""


@pytest.fixture(scope="module", params=adoptions.NAMES)
def adopted(request, tmp_path_factory):
    """Another lab, in a course of its own."""
    course = tmp_path_factory.mktemp(request.param)
    quickstart(course)
    adoption = adoptions.load(request.param)
    adoption.write(course)
    config = course / "nbgrader_config.py"
    config.write_text(config.read_text("utf-8") + FEW, "utf-8")
    return adoption, course


@pytest.fixture(scope="module")
def calibrated(adopted):
    """What `autograder calibrate` says of the lab, whose bounds it has measured."""
    _, course = adopted
    command = [sys.executable, "-m", "autograder.cli", "calibrate", "--seeds", str(SEEDS)]
    done = subprocess.run([*command, "--course", course], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def grade(adopted, calibrated, kernel, images, reference, tmp_path):
    """Runs a notebook and returns the verdict on each test cell."""
    from autograder.kernel.datasets import PROVIDE

    adoption, course = adopted
    lab, _ = with_bounds(adoption.lab, course / "source" / ASSIGNMENT)
    np.savez(tmp_path / "images.npz", **images.as_mnist())
    PROVIDE[lab.dataset](str(tmp_path / "images.npz"))

    def run(notebook, name):
        exercise = lab.exercises[name]
        return kernel.verdicts(kernel.run(notebook, exercise.short_steps), exercise, reference)

    return run


def test_the_notebooks_were_adapted_until_nothing_disagrees(adopted):
    _, course = adopted
    found = checkup(course, ASSIGNMENT, quick=True)
    left = [str(finding) for finding in found if finding.file.endswith(".ipynb")]
    assert not left, "\n".join(left)
    # What is still to be made of them is told as well.
    assert {finding.file.split("/")[0] for finding in found} == {NAME, "release", "solutions"}


@pytest.mark.slow
def test_it_gets_bounds_of_its_own(adopted, calibrated):
    adoption, course = adopted
    lab, remarks = with_bounds(adoption.lab, course / "source" / ASSIGNMENT)
    # With so few networks, nothing but that is to be told.
    assert all("measured with few networks" in remark for remark in remarks), remarks
    assert all(0 < exercise.bound < 1 for exercise in lab.exercises.values())


@pytest.mark.slow
def test_the_solution_earns_all_and_a_blank_notebook_nothing(adopted, calibrated):
    _, course = adopted
    command = [sys.executable, "-m", "autograder.cli"]
    subprocess.run([*command, "release", "--course", course], check=True, capture_output=True)
    done = subprocess.run([*command, "check", "--course", course], capture_output=True, text=True)
    # Training the solutions in full takes too long for a test: that they are missing is all there is.
    *few, folder, to_do, summary = done.stdout.splitlines()
    assert all("measured with few networks" in line for line in few), done.stdout
    assert folder == f"solutions/{ASSIGNMENT}: is missing", done.stdout
    assert to_do == "    Make it: autograder solutions"
    assert summary.startswith(f"{ASSIGNMENT}: ")
    assert done.returncode == 1
    for name in adopted[0].lab.exercises:
        assert f"Grading a blank notebook: {name}" in done.stderr


@pytest.mark.slow
def test_what_is_wrong_is_told_with_the_numbers_of_this_lab(adopted, grade):
    adoption, _ = adopted
    for wrong in adoption.wrong:
        verdict = grade(adoption.submission(wrong), wrong.notebook)[wrong.criterion]
        assert verdict.credit < 1, wrong
        assert wrong.words in " ".join(verdict.problems), (wrong, verdict)


@pytest.mark.slow
def test_a_calibration_of_another_lab_is_told(adopted, calibrated):
    adoption, course = adopted
    name, exercise = next(iter(adoption.lab.exercises.items()))
    other = {name: dataclasses.replace(exercise, epochs=exercise.epochs + 1)}
    lab = dataclasses.replace(adoption.lab, exercises=adoption.lab.exercises | other)
    _, (remark, *_) = with_bounds(lab, course / "source" / ASSIGNMENT)
    assert f"epochs {exercise.epochs} then, {exercise.epochs + 1} now" in remark
