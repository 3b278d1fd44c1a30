"""Networks are trained as the grading kernel trains them."""

import pytest

from autograder.calibration import kinds, trainings
from autograder.lab import AUTOENCODER, DENOISING


@pytest.mark.slow
def test_a_network_that_is_used_again_gives_the_same_result_as_a_new_one(kernel):
    def error(number, **how):
        one = kinds.Training("autoencoder", "embedded", "as prescribed", "orthogonal", 0.01, number)
        return trainings.measure(one, "embedded", **how).error

    first, second = error(0), error(1)
    assert first != second
    assert error(1, anew=True) == second
    assert error(0) == first


def test_the_network_is_the_prescribed_one_with_what_its_kind_changes():
    def layers(exercise, **how):
        return [type(each).__name__ for each in trainings.built(exercise, "he_normal", **how).layers]

    prescribed = [each.kind for each in (*DENOISING.encoder, *DENOISING.decoder, DENOISING.output)]
    assert layers(DENOISING) == prescribed
    assert layers(DENOISING, normalization=True).count("BatchNormalization") == 4
    assert layers(AUTOENCODER, activation_layers=True).count("Activation") == 7
