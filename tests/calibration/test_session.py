"""What a session finds follows from all results at hand, of this lab and on the images asked for."""

import dataclasses

import pytest
from measurements import trained
from the_lab import AUTOENCODER, DENOISING, LAB

from autograder.calibration import CalibrationError, derivation, results
from autograder.calibration.measuring import Pool
from autograder.calibration.places import TRAININGS, Places
from autograder.calibration.session import Session


def session(folder, *data, shared=True):
    kept = Places(folder / "longer", folder) if shared else Places(folder)
    made = Session(LAB, kept, data or ("embedded",), Pool(LAB, workers=1))
    # An empty folder becomes this lab's.
    for exercise in (AUTOENCODER, DENOISING):
        made._claimed(exercise)
    return made


def put(made, exercise, **made_up):
    for result in trained(exercise, **made_up):
        results.append(made.places.of(exercise) / TRAININGS, result)


def test_only_the_images_that_were_asked_for_count(tmp_path):
    made = session(tmp_path, "embedded", "elsewhere/other.npz")
    put(made, AUTOENCODER, seeds=20)
    (both,) = made.findings(["autoencoder"], may_measure=False).values()
    assert [source.name for source in both.bound.sources] == ["embedded", "other"]
    (one,) = session(tmp_path).findings(["autoencoder"], may_measure=False).values()
    assert [source.name for source in one.bound.sources] == ["embedded"]


@pytest.mark.parametrize(("shared", "also"), [(True, {"denoising_autoencoder"}), (False, set())])
def test_exercises_whose_results_lie_beside_belong_to_the_same_page(tmp_path, shared, also):
    made = session(tmp_path, shared=shared)
    for exercise in (AUTOENCODER, DENOISING):
        put(made, exercise, seeds=7)
    assert made.findings(["autoencoder"], may_measure=False).keys() == {"autoencoder"} | also


def test_an_exercise_beside_may_have_too_few_results(tmp_path):
    made = session(tmp_path)
    put(made, AUTOENCODER, seeds=7)
    put(made, DENOISING, seeds=2)
    assert made.findings(["autoencoder"], may_measure=False).keys() == {"autoencoder"}
    with pytest.raises(derivation.TooFewError, match="denoising_autoencoder on embedded"):
        made.findings(["denoising_autoencoder"], may_measure=False)


@pytest.mark.parametrize("shared", [True, False], ids=["one folder", "a folder each"])
def test_slow_networks_of_all_exercises_count(tmp_path, shared):
    made = session(tmp_path, shared=shared)
    put(made, DENOISING, seeds=100, slow_share=0.0)
    assert not made.findings([DENOISING.notebook], may_measure=False)[DENOISING.notebook].bound.is_safe
    put(made, AUTOENCODER, seeds=100)
    assert made.findings([DENOISING.notebook], may_measure=False)[DENOISING.notebook].bound.is_safe


def test_longer_trainings_that_were_tried_before_are_found_again(tmp_path):
    made = session(tmp_path)
    put(made, AUTOENCODER, right=0.97, seeds=7)
    longer = dataclasses.replace(AUTOENCODER, short_steps=280)
    folder = made.places.apart(longer)
    folder.mkdir(parents=True)
    for result in trained(longer, seeds=7):
        results.append(folder / TRAININGS, result)
    (found,) = made.findings(["autoencoder"], may_measure=False).values()
    assert (found.longer.tried, found.longer.separates) == ((280,), 280)


def test_files_of_the_same_name_are_confused_with_each_other(tmp_path):
    with pytest.raises(CalibrationError, match=r"need different names: a/x\.npz, b/x"):
        session(tmp_path, "a/x.npz", "b/x.npz").findings(["autoencoder"], may_measure=False)


def test_too_few_seeds_are_refused_before_anything_is_measured(tmp_path):
    with pytest.raises(CalibrationError, match=r"--seeds 6 .* use 7"):
        session(tmp_path).measure(["autoencoder"], 6)
    assert not (tmp_path / TRAININGS).exists()
