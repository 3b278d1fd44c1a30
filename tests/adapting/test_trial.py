"""The sample solution earns everything, a blank notebook nothing."""

import shutil
from dataclasses import replace

import pytest
from course import COURSE
from edited import edited, source
from the_lab import ASSIGNMENT, AUTOENCODER, LAB

from autograder.adapting.trial import compare_verdicts, graded_automatically, try_out
from autograder.judge.verdict import Verdict, zero

FULL = {criterion.id: Verdict(1.0, "all", "all") for criterion in AUTOENCODER.criteria}
NONE = {criterion.id: zero("all", "none", "It is missing.", "") for criterion in AUTOENCODER.criteria}


def found(verdicts, *, blank, exercise=AUTOENCODER):
    return [str(each) for each in compare_verdicts(exercise, source(exercise), verdicts, blank=blank)]


def test_a_good_notebook_is_no_finding():
    assert found(FULL, blank=False) == []
    assert found(NONE, blank=True) == []


def test_points_that_the_solution_loses_are_named_at_the_answer_with_all_problems():
    verdict = Verdict(0.75, "10 epochs", "5 epochs", ("5 epochs,\nnot 10", "another"))
    assert found(FULL | {"training": verdict}, blank=False) == [
        "autoencoder.ipynb, cell 'train-model' (trial): the sample solution earns 6 of 8 in 'training': "
        "5 epochs, not 10 another"
    ]


def test_points_that_a_blank_notebook_earns_are_named():
    assert found(NONE | {"loss": FULL["loss"]}, blank=True) == [
        "autoencoder.ipynb, cell 'loss' (trial): a blank notebook earns 3 of 3 in 'loss': all"
    ]


def test_what_a_person_grades_does_not_count():
    by_hand = tuple(replace(criterion, by_hand=True) for criterion in AUTOENCODER.criteria)
    exercise = replace(AUTOENCODER, criteria=by_hand)
    assert found(NONE, blank=False, exercise=exercise) == []
    assert found(FULL, blank=True, exercise=exercise) == []


def test_without_a_bound_a_person_grades_the_result():
    ids = {criterion.id for criterion in graded_automatically(replace(AUTOENCODER, bound=None))}
    assert ids == {criterion.id for criterion in AUTOENCODER.criteria} - {"reconstruction"}


@pytest.mark.slow
def test_notebooks_are_run_and_judged_for_real(tmp_path):
    shutil.copy(COURSE / "nbgrader_config.py", tmp_path)
    shutil.copytree(COURSE / "source", tmp_path / "source")
    told = []

    def lines(notebook):
        notebooks = {AUTOENCODER.notebook: notebook}
        return [str(finding) for finding in try_out(tmp_path, LAB, notebooks, told.append)]

    assert lines(source(AUTOENCODER)) == []
    assert told == ["Grading the sample solution: autoencoder", "Grading a blank notebook: autoencoder"]

    # The solution trains too little, and the given cell compiles a network that is to be built.
    notebook = edited(AUTOENCODER, "train-model", "epochs=10", "epochs=5")
    given = "\nautoencoder = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(1, 3)])"
    notebook.cells[2].source += f"{given}\nautoencoder.compile(loss='binary_crossentropy')"
    assert notebook.cells[2].metadata.nbgrader.grade_id == "load-data"
    solution, *blank = lines(notebook)
    assert solution.startswith(
        "autoencoder.ipynb, cell 'train-model' (trial): the sample solution earns 6 of 8 in 'training': "
        "5 epochs, not 10"
    )
    assert any("cell 'loss' (trial): a blank notebook earns 3 of 3 in 'loss'" in line for line in blank)


@pytest.mark.slow
def test_a_run_that_ends_early_and_a_solution_without_end_are_told(tmp_path):
    shutil.copy(COURSE / "nbgrader_config.py", tmp_path)
    shutil.copytree(COURSE / "source", tmp_path / "source")
    notebook = edited(AUTOENCODER, "train-model", "### END SOLUTION", "import os; os._exit(1)")
    lines = [
        str(finding)
        for finding in try_out(tmp_path, LAB, {AUTOENCODER.notebook: notebook}, lambda progress: None)
    ]
    assert lines[0] == (
        "autoencoder.ipynb (trial): the run ended early: the kernel died, in cell 'train-model'"
    )
    assert any("(trial): no solution can be taken out: " in line for line in lines)


def test_images_that_are_missing_are_told(tmp_path):
    config = (COURSE / "nbgrader_config.py").read_text("utf-8")
    (tmp_path / "nbgrader_config.py").write_text(config + '\nc.Grading.images = "none.npz"\n')
    (tmp_path / "source" / ASSIGNMENT).mkdir(parents=True)
    [finding] = try_out(tmp_path, LAB, {}, print)
    assert str(finding).startswith("nbgrader_config.py: no notebook can be graded: There are no images")
