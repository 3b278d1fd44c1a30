"""Measuring continues where it was interrupted."""

import pytest
from the_lab import AUTOENCODER, LAB

from autograder.calibration import kinds, measuring, results


@pytest.mark.slow
def test_only_what_the_file_does_not_hold_is_measured(tmp_path):
    file = tmp_path / "trainings.jsonl"
    training = kinds.Training("autoencoder", "embedded", "as prescribed", "he_normal", 0.01, 0)
    other = kinds.Training("autoencoder", "embedded", "inputs zero", "he_normal", 0.01, 0)
    known = results.Trained(other, 9.0, 1.0, 140, None, 0.0)
    results.append(file, known)
    with measuring.Pool(LAB, workers=1) as pool:
        measuring.measure(
            [training, other], results.Trained, AUTOENCODER, {"embedded": "embedded"}, file, pool
        )
    first, second = results.read(file, results.Trained)
    assert first == known, "what is known is not measured again"
    assert second.of == training
    assert second.error < AUTOENCODER.bound
