"""Bounds are read from beside the lab file; what does not belong to this lab is told."""

import json

import pytest
from the_lab import LAB, REMARKS, SOURCE

from autograder.judge import bounds
from autograder.judge.bounds import NAME, with_bounds


@pytest.fixture
def calibration():
    """The calibration of the lab in source/."""
    return json.loads((SOURCE / NAME).read_text("utf-8"))


@pytest.fixture
def read(tmp_path, calibration):
    """Reads the calibration after a change, and returns the bounds by notebook, and the remarks."""

    def read_changed(change):
        change(calibration["exercises"])
        (tmp_path / NAME).write_text(json.dumps(calibration))
        lab, remarks = with_bounds(LAB, tmp_path)
        return {name: exercise.bound for name, exercise in lab.exercises.items()}, remarks

    return read_changed


def test_the_bounds_of_the_lab_in_source_belong_to_it():
    assert REMARKS == ()
    assert all(0 < exercise.bound < 1 for exercise in LAB.exercises.values())


def test_without_a_file_a_person_grades_the_results(tmp_path):
    lab, remarks = with_bounds(LAB, tmp_path)
    assert [exercise.bound for exercise in lab.exercises.values()] == [None, None]
    assert len(remarks) == 2
    assert "a person has to grade 'reconstruction'. Measure one: autograder calibrate" in remarks[0]


def test_a_file_that_is_no_calibration_is_named(tmp_path):
    (tmp_path / NAME).write_text("{")
    lab, (remark,) = with_bounds(LAB, tmp_path)
    assert lab == LAB
    assert f"{tmp_path / NAME} holds no calibration" in remark
    assert "autograder calibrate" in remark


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda e: e["autoencoder"]["conditions"].update(epochs=8), "epochs 8 then, 10 now"),
        (lambda e: e["autoencoder"]["conditions"]["layers"].pop(), "12 layers then, 13 now"),
        (lambda e: e["autoencoder"]["conditions"]["layers"].reverse(), "other layers"),
        (lambda e: e["autoencoder"]["versions"].update(keras="2.0"), "keras 2.0 then"),
        (lambda e: e["autoencoder"].pop("conditions"), "epochs None then"),
    ],
    ids=["epochs", "fewer layers", "other layers", "Keras", "no conditions"],
)
def test_a_bound_of_another_lab_or_installation_is_used_and_told(read, calibration, change, words):
    bound = calibration["exercises"]["autoencoder"]["bound"]
    found, (remark,) = read(change)
    assert found["autoencoder"] == bound
    assert words in remark
    assert "may be wrong until you run autograder calibrate" in remark


def test_a_bound_of_few_networks_is_used_and_told(read, calibration):
    found, (remark,) = read(lambda exercises: exercises["autoencoder"].update(safe=False))
    assert found["autoencoder"] == calibration["exercises"]["autoencoder"]["bound"]
    assert "measured with few networks" in remark
    assert remark.endswith("run autograder calibrate")


@pytest.mark.parametrize(
    ("bound", "words"),
    [(None, "could not tell right networks from wrong ones"), (1.5, "1.5 is no share"), ("", "is no")],
)
def test_where_there_is_no_bound_a_person_grades(read, bound, words):
    found, (remark,) = read(lambda exercises: exercises["autoencoder"].update(bound=bound))
    assert found["autoencoder"] is None
    assert words in remark
    assert "a person has to grade 'reconstruction'" in remark


def test_points_and_names_may_change_without_another_calibration():
    conditions = bounds.conditions(LAB.exercises["autoencoder"])
    assert not {"points", "criteria", "model", "shown"} & set(conditions)
