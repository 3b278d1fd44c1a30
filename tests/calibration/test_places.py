"""Results of different labs or installations are kept apart."""

import dataclasses
import json

import pytest
from the_lab import AUTOENCODER, DENOISING, EXERCISES

from autograder.calibration import places

LONGER = dataclasses.replace(AUTOENCODER, short_steps=280)
ALL = tuple(EXERCISES.values())


def test_each_exercise_and_its_conditions_have_a_folder(tmp_path):
    kept = places.Places(tmp_path)
    assert len({kept.of(each) for each in (AUTOENCODER, LONGER, DENOISING)}) == 3
    reworded = dataclasses.replace(AUTOENCODER, things="garments")
    assert kept.of(reworded) == kept.of(AUTOENCODER), "what texts say changes no result"


def test_a_folder_that_was_named_takes_all_exercises(tmp_path):
    kept = places.Places(tmp_path / "longer", tmp_path)
    assert {kept.of(each) for each in ALL} == {tmp_path}
    assert kept.apart(LONGER).parent == tmp_path / "longer"


def test_a_folder_goes_on_with_the_lab_it_belongs_to(tmp_path):
    for _ in range(2):
        places.claim(tmp_path, AUTOENCODER, ALL)
        places.claim(tmp_path, DENOISING, ALL)
    noted = json.loads((tmp_path / places.CONDITIONS).read_text())["exercises"]
    assert noted == {each.notebook: places.belongs_to(each) for each in ALL}


def test_another_lab_is_told_what_differs_and_what_to_do(tmp_path):
    places.claim(tmp_path, AUTOENCODER, ALL)
    with pytest.raises(places.OtherConditionsError) as error:
        places.claim(tmp_path, DENOISING, [LONGER, DENOISING])
    assert "autoencoder: short_steps 140 then, 280 now. Name another folder" in str(error.value)


def test_another_keras_is_another_installation(tmp_path, monkeypatch):
    places.claim(tmp_path, AUTOENCODER, ALL)
    monkeypatch.setattr("autograder.judge.bounds.versions", lambda: {"keras": "4", "tensorflow": "3"})
    with pytest.raises(places.OtherConditionsError, match=r"keras .* then, 4 now"):
        places.claim(tmp_path, AUTOENCODER, ALL)


@pytest.mark.parametrize("noted", [None, "not JSON", '{"exercises": 3}'])
def test_results_of_an_unknown_lab_are_left_alone(tmp_path, noted):
    (tmp_path / places.TRAININGS).write_text("")
    if noted:
        (tmp_path / places.CONDITIONS).write_text(noted)
    with pytest.raises(places.OtherConditionsError, match="which lab"):
        places.claim(tmp_path, AUTOENCODER, ALL)
