"""Networks are trained as the grading kernel trains them."""

import dataclasses

import pytest
from the_lab import AUTOENCODER, DENOISING

from autograder.calibration import kinds, trainings
from autograder.lab import RequiredLayer


@pytest.mark.slow
def test_a_network_that_is_used_again_gives_the_same_result_as_a_new_one(kernel):
    def error(number, **how):
        one = kinds.Training("autoencoder", "embedded", "as prescribed", "orthogonal", 0.01, number)
        return trainings.measure(one, AUTOENCODER, "embedded", **how).error

    first, second = error(0), error(1)
    assert first != second
    assert error(1, anew=True) == second
    assert error(0) == first


@pytest.mark.slow
def test_each_exercise_is_trained_with_its_own_number_of_steps(kernel):
    shorter = dataclasses.replace(AUTOENCODER, short_steps=30, epochs=3)
    one = kinds.Training("autoencoder", "embedded", "as prescribed", "he_normal", 0.01, 0)
    assert trainings.measure(one, shorter, "embedded").steps % 30 == 0
    assert trainings.measure(one, AUTOENCODER, "embedded").steps % 140 == 0


def test_the_network_is_the_prescribed_one_with_what_its_kind_changes():
    def layers(exercise, **how):
        return [type(each).__name__ for each in trainings.built(exercise, "he_normal", **how).layers]

    assert layers(DENOISING) == [each.kind for each in DENOISING.layers]
    assert layers(DENOISING, normalization=True).count("BatchNormalization") == 4
    assert layers(AUTOENCODER, activation_layers=True).count("Activation") == 7


def test_what_the_lab_leaves_open_is_chosen_by_the_kind():
    free = RequiredLayer("Conv2D", 8, (5, 5), None, "same")
    pool = RequiredLayer("MaxPooling2D", size=(2, 2))
    fixed = dataclasses.replace(pool, padding="same")
    up = RequiredLayer("UpSampling2D", size=(4, 4))
    output = RequiredLayer("Conv2D", 1, (1, 1), None, None, None)
    exercise = dataclasses.replace(
        AUTOENCODER, encoder=(free, fixed, pool), decoder=(up,), output=output
    )
    built = trainings.built(exercise, "he_normal", valid_poolings=1, activation="elu")
    conv, first, second, enlarged, last = built.layers
    assert (conv.kernel_size, conv.activation.__name__) == ((5, 5), "elu")
    assert (first.padding, second.padding, enlarged.size) == ("same", "valid", (4, 4))
    assert (last.activation.__name__, last.padding) == ("sigmoid", "same")


def test_loss_and_optimizer_are_the_labs():
    exercise = dataclasses.replace(AUTOENCODER, loss="mean_squared_error", optimizer="Nadam")
    model = trainings.compiled(trainings.built(exercise, "he_normal"), exercise, 0.01)
    assert model.loss == "mean_squared_error"
    assert type(model.optimizer).__name__ == "Nadam"
