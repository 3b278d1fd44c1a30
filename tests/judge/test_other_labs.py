"""Another lab is judged by its own numbers, and its texts name them."""

import dataclasses

import mistakes
import numpy as np
import pytest
from by_hand import (
    conv,
    evidence,
    fit,
    network,
    one_convolution,
    point,
    pool,
    prescribed,
    replaced,
    sample,
)
from the_lab import AUTOENCODER, DENOISING

from autograder.judge.criteria import CRITERIA, judge
from autograder.lab import Criterion, RequiredLayer

STRONGER = dataclasses.replace(
    DENOISING,
    epochs=8,
    batch_size=64,
    noise=0.3,
    noisy_train="train_with_noise",
    noisy_test="test_with_noise",
)


def convolution(filters, activation="relu", kernel=3):
    return RequiredLayer("Conv2D", filters, (kernel, kernel), None, "same", activation)


POOL, UP = RequiredLayer("MaxPooling2D", size=(2, 2)), RequiredLayer("UpSampling2D", size=(2, 2))
GARMENTS = dataclasses.replace(
    AUTOENCODER,
    things="garments",
    model="copier",
    encoder=(convolution(24, kernel=5), POOL, convolution(24, activation=None), POOL),
    decoder=(convolution(24), UP, convolution(24), UP),
    output=convolution(1, "sigmoid"),
    loss="mean_squared_error",
    optimizer="Adam",
    learning_rate=0.002,
    shown=5,
)
OTHERS = {"stronger noise": STRONGER, "garments": GARMENTS}


@pytest.mark.parametrize("exercise", OTHERS.values(), ids=OTHERS)
def test_a_right_submission_to_another_lab_earns_all(reference, exercise):
    submission = mistakes.right(exercise, reference)
    credits = submission.credits(reference)
    assert credits
    assert set(credits.values()) == {1.0}, credits


@pytest.mark.parametrize("exercise", OTHERS.values(), ids=OTHERS)
def test_the_numbers_of_the_first_lab_are_wrong_in_another(reference, exercise):
    first = AUTOENCODER if exercise is GARMENTS else DENOISING
    submission = dataclasses.replace(mistakes.right(first, reference), exercise=exercise)
    credits = submission.credits(reference)
    wrong = {name for name, credit in credits.items() if credit < 1}
    assert wrong == (
        {"training"} if exercise is STRONGER else {"encoder", "decoder", "loss", "optimizer"}
    )


def verdict(check, exercise, reference, model=None, **parts):
    return CRITERIA[check](evidence(check, model, **parts), exercise, reference)


def test_training_names_this_labs_epochs_and_batches(reference):
    clean = mistakes.right(STRONGER, reference).clean
    images = sample(clean, reference.images.train_count)
    call = fit(images, images, epochs=15, batch_size=100)
    found = verdict("training", STRONGER, reference, one_convolution(point(14), -7), fits=(call,))
    assert "8 epochs, batches of 64" in found.expected
    assert "15 epochs, not 8 (−1/4)." in found.problems
    assert "Batches of 100, not 64 (−1/4)." in found.problems
    assert "Set batch_size=64" in found.advice


def test_layers_are_compared_with_this_labs_table(reference):
    model = network(*replaced(prescribed(GARMENTS), 0, conv(16)))
    found = verdict("encoder", GARMENTS, reference, model)
    assert found.credit == 3 / 4
    assert "16 channels, not 24; a kernel of 3×3, not 5×5" in found.problems[0]
    assert "Conv2D, 24 channels, 5×5, relu" in found.expected
    assert "Conv2D, 24 channels, 3×3, any activation" in found.expected


def test_a_larger_pooling_is_known_by_its_size(reference):
    larger = RequiredLayer("MaxPooling2D", size=(4, 4))
    exercise = dataclasses.replace(
        GARMENTS,
        encoder=(convolution(24), larger),
        decoder=(convolution(24), RequiredLayer("UpSampling2D", size=(4, 4))),
    )
    made = [conv(24), pool(size=2), *prescribed(exercise)[2:]]
    assert verdict("encoder", exercise, reference, network(*prescribed(exercise))).credit == 1
    (problem,) = verdict("encoder", exercise, reference, network(*made)).problems
    assert "pooling over 2×2, not 4×4 (−1/2)" in problem


def test_the_loss_is_this_labs(reference):
    wrong = mistakes.loss_like(mistakes.cross_entropy)
    model = dataclasses.replace(network(*prescribed(GARMENTS)), loss=wrong)
    found = verdict("loss", GARMENTS, reference, model)
    assert found.credit == 0
    assert found.expected == "mean squared error"
    assert found.problems == ("The loss is binary_crossentropy, not mean squared error.",)
    assert found.advice == "Compile with loss='mean_squared_error'."


def test_the_optimizer_is_this_labs(reference):
    model = dataclasses.replace(
        network(*prescribed(GARMENTS)), optimizer=mistakes.optimizer_like("Adagrad")
    )
    found = verdict("optimizer", GARMENTS, reference, model)
    assert found.problems == ("The optimizer is Adagrad.",)
    assert found.advice == "Compile with optimizer=keras.optimizers.Adam(learning_rate=0.002)."
    unadvised = dataclasses.replace(GARMENTS, learning_rate=None)
    assert "optimizer='adam'" in verdict("optimizer", unadvised, reference, model).advice


@pytest.mark.parametrize("optimizer", ["Adadelta", "Adam", "Adamax", "AdamW", "Nadam", "RMSprop", "SGD"])
def test_every_optimizer_that_a_lab_may_ask_for_is_told_from_the_others(reference, optimizer):
    exercise = dataclasses.replace(GARMENTS, optimizer=optimizer)
    for used in ("Adadelta", "Adagrad", "Adam", "Adamax", "AdamW", "Nadam", "RMSprop", "SGD"):
        model = network(*prescribed(GARMENTS))
        model = dataclasses.replace(model, optimizer=mistakes.optimizer_like(used))
        assert verdict("optimizer", exercise, reference, model).credit == (used == optimizer)


def test_noise_is_this_labs_and_called_by_its_names(reference):
    from autograder.kernel import noisy

    def judged(sigma):
        sets = {
            "x_train_noisy": reference.train_images(np.arange(reference.images.train_count)),
            "x_test_noisy": reference.test_images(np.arange(reference.images.test_count)),
        }
        random = np.random.default_rng(3)
        sets = {name: images + random.normal(0, sigma, images.shape) for name, images in sets.items()}
        arrays = noisy.look("a request", sets)
        return verdict("noise", STRONGER, reference, arrays=arrays)

    assert judged(0.3).credit == 1
    problem, _ = judged(0.2).problems
    assert problem.startswith("train_with_noise: the standard deviation is 0.2 ")
    assert "not 0.3" in problem
    assert "not the variance" in judged(0.3**0.5).problems[0]
    assert "np.random.normal(0, 0.3, x_train.shape)" in judged(0.2).advice


def test_pictures_are_counted_as_this_lab_asks(reference):
    model = network(*prescribed(GARMENTS))
    found = verdict("visualization", GARMENTS, reference, model)
    assert found.expected == "input and output of the first 5 test images"
    assert "for i from 0 to 4" in found.advice


def test_the_result_is_about_this_labs_things(reference):
    model = network(*prescribed(GARMENTS))
    assert verdict("reconstruction", GARMENTS, reference, model).expected.startswith("held-out garments")


def test_without_a_bound_a_person_decides_on_the_result(reference):
    exercise = dataclasses.replace(AUTOENCODER, bound=None)
    calls = mistakes.right(AUTOENCODER, reference).fits
    found = verdict("reconstruction", exercise, reference, mistakes.TRAINED, fits=calls)
    assert (found.credit, found.review) == (0, True)
    assert "was not measured for this course, so a person will look at it" in found.problems[0]
    assert "times that of always answering the mean image" in found.found


@pytest.mark.parametrize("criterion", ["encoder", "reconstruction", "loss"])
def test_what_the_lab_file_leaves_to_a_person_is_only_described(reference, criterion):
    by_hand = tuple(
        Criterion(each.id, each.points, by_hand=each.id == criterion) for each in AUTOENCODER.criteria
    )
    exercise = dataclasses.replace(AUTOENCODER, criteria=by_hand)
    submission = mistakes.right(AUTOENCODER, reference)
    model = dataclasses.replace(network(*submission.layers), loss=submission.loss)
    if criterion == "reconstruction":
        model = mistakes.TRAINED
    handed = evidence(criterion, model, fits=submission.fits)
    found = judge(handed, exercise, reference)
    assert CRITERIA[criterion](handed, exercise, reference).credit == 1
    assert (found.credit, found.review, found.problems) == (0, True, ("A person grades this.",))
    assert found.reason == "the lab file leaves it to a person"
    assert found.found


def test_a_padding_that_is_free_is_neither_asked_for_nor_advised_as_none(reference):
    output = RequiredLayer("Conv2D", 1, (1, 1), activation="sigmoid")
    exercise = dataclasses.replace(GARMENTS, output=output)
    one_by_one = conv(1, "sigmoid", kernel_size=(1, 1), padding="valid")
    model = network(*prescribed(GARMENTS)[:-1], one_by_one)
    assert verdict("output-layer", exercise, reference, model).credit == 1
    wrong = verdict("output-layer", exercise, reference, network(*prescribed(GARMENTS)))
    assert wrong.problems[0].endswith("its kernel is 3×3, not 1×1.")
    assert "Conv2D(1, (1, 1), activation='sigmoid', padding='same')" in wrong.advice
