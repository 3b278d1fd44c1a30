"""Criteria `loss` and `optimizer`: both are recognized by their values, not by their names."""

import dataclasses

import numpy as np
import pytest
from by_hand import NO_MODEL, REQUEST, evidence, network, prescribed, replaced
from the_lab import AUTOENCODER

from autograder.judge.compilation import judge_loss, judge_optimizer
from autograder.protocol import challenge
from autograder.protocol.evidence import LossEvidence, OptimizerEvidence

LAYERS = prescribed(AUTOENCODER)


def cross_entropy(targets, predictions):
    return float(-np.mean(targets * np.log(predictions) + (1 - targets) * np.log(1 - predictions)))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def judged_loss(function, name="a name", smoothing=0.0, layers=LAYERS, request=REQUEST):
    """The verdict on a loss of float arrays (100, 28, 28, 1), targets and predictions."""
    values = tuple(float(function(*batch)) for batch in challenge.loss_inputs(request))
    model = network(*layers, loss=LossEvidence(name, smoothing, values))
    return judge_loss(evidence("loss", model), AUTOENCODER, None)


RIGHT = {
    "binary cross-entropy": cross_entropy,
    "its sum over the pixels": lambda t, p: 784 * cross_entropy(t, p),
    "in half precision": lambda t, p: np.float16(1) * cross_entropy(t, p),
}


@pytest.mark.parametrize("function", RIGHT.values(), ids=RIGHT)
def test_a_loss_with_the_values_of_binary_cross_entropy_is_right(function):
    assert judged_loss(function).credit == 1


@pytest.mark.parametrize("smoothing", [2.0, 1.0, 0.5, -0.5])
def test_label_smoothing_that_teaches_other_images_is_not(smoothing):
    smoothed = lambda t, p: cross_entropy(t * (1 - smoothing) + smoothing / 2, p)  # noqa: E731
    verdict = judged_loss(smoothed, smoothing=smoothing)
    assert verdict.credit == 0
    assert f"label_smoothing={smoothing:g}" in verdict.found


def test_label_smoothing_is_the_students_choice():
    smoothed = lambda t, p: cross_entropy(0.9 * t + 0.05, p)  # noqa: E731
    assert judged_loss(smoothed, smoothing=0.1).credit == 1
    assert judged_loss(smoothed).credit == 0, "unless it is not told of"


WRONG = {
    "squared error": lambda t, p: np.mean((t - p) ** 2),
    "absolute error": lambda t, p: np.mean(np.abs(t - p)),
    "half of it": lambda t, p: -np.mean(t * np.log(p)),
    "one that is it for black and white only": lambda t, p: -np.mean(np.log(1 - np.abs(t - p))),
    "that of rounded targets": lambda t, p: cross_entropy(np.round(t), p),
    "its negative": lambda t, p: -cross_entropy(t, p),
    "one with an offset": lambda t, p: cross_entropy(t, p) + 1,
    "targets and predictions exchanged": lambda t, p: cross_entropy(p, np.clip(t, 0.01, 0.99)),
    "a constant": lambda t, p: 0.5,
    "not finite": lambda t, p: np.nan,
}


@pytest.mark.parametrize("function", WRONG.values(), ids=WRONG)
def test_any_other_loss_is_none_whatever_its_name(function):
    verdict = judged_loss(function, name="binary_crossentropy")
    assert verdict.credit == 0
    assert verdict.problems == ("The loss is not binary cross-entropy.",)
    assert verdict.found == "binary_crossentropy"


def test_from_logits_belongs_to_a_network_without_a_sigmoid():
    of_logits = lambda t, p: cross_entropy(t, sigmoid(p))  # noqa: E731
    verdict = judged_loss(of_logits)
    assert verdict.credit == 0
    assert "from_logits=True" in verdict.found
    bare = dataclasses.replace(LAYERS[-1], activation="linear", activation_values=())
    assert judged_loss(of_logits, layers=replaced(LAYERS, len(LAYERS) - 1, bare)).credit == 1


def test_answers_to_another_request_show_nothing():
    values = tuple(cross_entropy(*batch) for batch in challenge.loss_inputs("another"))
    model = network(*LAYERS, loss=LossEvidence("binary_crossentropy", 0.0, values))
    assert judge_loss(evidence("loss", model), AUTOENCODER, None).credit == 0


def test_a_network_that_is_not_compiled_has_neither_loss_nor_optimizer():
    model = network(*LAYERS, loss=None, optimizer=None)
    assert (
        "not compiled with a loss" in judge_loss(evidence("loss", model), AUTOENCODER, None).problems[0]
    )
    verdict = judge_optimizer(evidence("optimizer", model), AUTOENCODER, None)
    assert "not compiled with an optimizer" in verdict.problems[0]


@pytest.mark.parametrize("model", [None, NO_MODEL], ids=["nothing", "another object"])
@pytest.mark.parametrize("judge", [judge_loss, judge_optimizer])
def test_an_object_that_is_no_network_has_neither_loss_nor_optimizer(judge, model):
    verdict = judge(evidence("loss", model), AUTOENCODER, None)
    assert verdict.credit == 0
    assert "no Keras model" in verdict.problems[0]


def judged_optimizer(acts_like, rate=0.01, request=REQUEST, **changes):
    """The verdict on an optimizer that calls itself Adagrad and acts like a class of Keras's."""
    import keras

    response = challenge.optimizer_response(getattr(keras.optimizers, acts_like), request)
    optimizer = OptimizerEvidence("Adagrad", False, rate, response)
    model = network(*LAYERS, optimizer=dataclasses.replace(optimizer, **changes))
    return judge_optimizer(evidence("optimizer", model), AUTOENCODER, None)


@pytest.mark.parametrize("rate", [1e-6, 0.001, 0.01, 1.0, None], ids=str)
def test_adagrad_is_right_at_any_rate(rate):
    verdict = judged_optimizer("Adagrad", rate)
    assert verdict.credit == 1
    assert verdict.found.startswith("Adagrad")


def test_a_small_rate_is_told_what_it_leads_to():
    assert "costs nothing" in judged_optimizer("Adagrad", 0.001).notes[0]
    assert not judged_optimizer("Adagrad", 0.01).notes
    assert not judged_optimizer("Adagrad", 0.0).notes


@pytest.mark.parametrize("name", ["Adam", "SGD", "RMSprop", "Adadelta"])
def test_another_optimizer_is_none_whatever_its_name(name):
    assert judged_optimizer(name).credit == 0
    assert judged_optimizer(name, name=name).problems == (f"The optimizer is {name}.",)


@pytest.mark.parametrize(
    "changes",
    [{"name": "Adam"}, {"own_class": True}, {"response": ()}],
    ids=["another name", "a class of one's own", "one that could not be tried"],
)
def test_what_only_acts_like_adagrad_is_none(changes):
    assert judged_optimizer("Adagrad", **changes).credit == 0


def test_steps_that_answer_another_request_show_nothing():
    assert judged_optimizer("Adagrad", request="another").credit == 0
