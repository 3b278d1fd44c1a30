"""The fairness statement counts agreement with the labels, and quotes the lab's own calibration."""

from fairness import Judgement, statement
from the_lab import AUTOENCODER, DENOISING


def judgement(expected, credit, case="a case"):
    return Judgement(
        "styles", case, "encoder", "embedded", expected, credit, "a layer", "a layer is wrong"
    )


def test_agreement_is_counted_by_criterion():
    told = statement([judgement("full", 1.0), judgement("5/6", 5 / 6, "another")])
    assert "| encoder | embedded | 0 of 1 (at most 95.0 %) | 0 of 1 (at most 95.0 %) |" in told
    assert "There is no disagreement." in told


def test_a_disagreement_is_named():
    told = statement([judgement("full", 0.5, "a right one")])
    assert "There is no disagreement." not in told
    assert "styles-a right one" in told


def test_the_bounds_and_the_noise_are_those_of_the_labs_calibration():
    told = statement([judgement("full", 1.0)])
    for exercise in (AUTOENCODER, DENOISING):
        (line, *_) = [row for row in told.splitlines() if row.startswith(f"| {exercise.quality.id} |")]
        assert f"| {exercise.bound:g} |" in line
    assert "| embedded | 720 | 0 |" in told
