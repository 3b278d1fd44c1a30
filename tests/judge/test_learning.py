"""Whether a network shows that it was trained, and why a call of `fit` stopped."""

import dataclasses

import numpy as np
import pytest
from by_hand import ROWS, conv, fit, layer, network, one_convolution, point, pool, sample
from the_lab import AUTOENCODER

from autograder.judge import learning

LEARNED = one_convolution(point(14), -7, "sigmoid")
GREY = one_convolution(point(0.001), activation="sigmoid")


@pytest.fixture
def call(reference):
    """A right call of `fit`."""
    whole = sample(reference.train_images(np.array(ROWS)), reference.images.train_count)
    return fit(whole, whole)


def stopped(call, **changes):
    return dataclasses.replace(call, problem="ValueError: shapes", steps=0, **changes)


@pytest.mark.parametrize(
    ("vectors", "moved"),
    [([[0.0, 0.0]], False), ([[1.0, 1.0]], False), ([[0.0, 0.1]], True), ([[0.5]], True), ([], False)],
    ids=["zeros", "ones", "different", "another value", "no bias"],
)
def test_a_bias_that_moved_shows_training(vectors, moved):
    weights = (np.ones((3, 3, 1, 2)), *vectors)
    assert learning.has_moved(network(layer("Conv2D", weights=weights))) == moved


def test_a_trained_network_shows_it_and_one_that_answers_grey_does_not(call, reference):
    assert learning.why_unproven(call, LEARNED, AUTOENCODER, reference) is None
    assert "never trained" in learning.why_unproven(call, GREY, AUTOENCODER, reference).problem


def test_a_network_that_cannot_learn_need_not_show_it(call, reference):
    frozen = dataclasses.replace(GREY, trainable=False)
    rate = dataclasses.replace(GREY.optimizer, learning_rate=0.0)
    for model in (frozen, dataclasses.replace(GREY, optimizer=rate)):
        assert learning.why_unproven(call, model, AUTOENCODER, reference) is None


def test_a_network_that_the_judge_cannot_run_shows_nothing(call, reference):
    found = learning.why_unproven(call, network(layer("Lambda")), AUTOENCODER, reference).found
    assert "the judge does not know Lambda layers" in found


def test_a_network_that_nobody_can_run_is_not_the_judges_fault(reference):
    assert learning.why_not_run(network(pool("valid", 100)), reference) == ""


def test_the_cause_of_a_stop_is_named(call):
    no_loss = dataclasses.replace(GREY, loss=None)
    strange = dataclasses.replace(GREY, loss=dataclasses.replace(GREY.loss, name="my_loss"))
    two_channels = network(conv(2, "sigmoid"))
    for model, criterion in (
        (no_loss, "loss and optimizer"),
        (strange, "loss"),
        (two_channels, "output-layer"),
    ):
        (remark,) = learning.why_stopped(stopped(call), model, AUTOENCODER)
        assert remark.startswith("fit stopped with ValueError: shapes.")
        assert remark.endswith(f"see {criterion}.")


def test_wrong_arguments_are_a_cause_that_no_other_criterion_charges(call):
    few = sample(np.zeros((len(ROWS), 28, 28, 1)), 6000)
    few = dataclasses.replace(few, rows=tuple(range(len(ROWS))))
    assert learning.differ_in_number(stopped(call, target=few))
    for target in (None, few):
        (remark,) = learning.why_stopped(stopped(call, target=target), GREY, AUTOENCODER)
        assert remark == "fit stopped with ValueError: shapes."


def test_a_stop_without_a_known_cause_has_to_be_proven_otherwise(call, reference):
    assert learning.why_stopped(stopped(call), GREY, AUTOENCODER) == ()
    assert (
        learning.why_unproven(stopped(call), GREY, AUTOENCODER, reference).found
        == "fit stopped with ValueError: shapes"
    )
