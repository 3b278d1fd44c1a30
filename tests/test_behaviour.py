"""A network counts for what it does: what its layers say is compared with what they answer."""

import dataclasses

import corpus
import numpy as np
import pytest

pytestmark = pytest.mark.slow

CASES = {case.id: case for case in corpus.load()}


@pytest.fixture(scope="module")
def honest(kernel):
    """The evidence for the encoder of a right network."""
    from autograder.evidence import decode

    notebook = kernel.run(CASES["architecture-functional"].executed)
    return decode(kernel.evidence(notebook)["encoder"][0])


def with_layer(evidence, position, **changes):
    layers = list(evidence.model.layers)
    layers[position] = dataclasses.replace(layers[position], **changes)
    return dataclasses.replace(evidence, model=dataclasses.replace(evidence.model, layers=tuple(layers)))


def doubts(evidence):
    from autograder.judge.behaviour import DOUBT, verified

    return [layer.kind for layer in verified(evidence).model.layers if DOUBT in layer.kind]


@pytest.mark.parametrize("number", range(20))
def test_a_loss_that_answers_another_request_is_none(honest, reference, number):
    from autograder.judge.compilation import judge_loss
    from autograder.lab import EXERCISES

    exercise = EXERCISES["autoencoder"]
    assert judge_loss(honest, exercise, reference).credit == 1
    replayed = dataclasses.replace(honest, request=f"another {number}")
    assert judge_loss(replayed, exercise, reference).credit == 0


def test_an_honest_network_is_not_doubted(honest):
    assert doubts(honest) == []


def test_answers_to_another_request_show_nothing(honest):
    replayed = dataclasses.replace(honest, request="another")
    layers = [layer for layer in replayed.model.layers if not layer.kind.startswith("Activation")]
    assert len(doubts(replayed)) >= len(layers) - 2


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"response": ()}, "Conv2D that could not be tried"),
        ({"weights": ()}, "Conv2D that is one in name only"),
        ({"input_shape": (10**6, 10**6, 1)}, "Conv2D that is one in name only"),
        ({"input_shape": (-1, 28, 1)}, "Conv2D that is one in name only"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_layer_that_does_not_answer_as_it_should_is_doubted(honest, changes, doubt):
    assert doubts(with_layer(honest, 0, **changes)) == [doubt]


def test_other_weights_than_those_that_answered_are_doubted(honest):
    weights = tuple(2 * w + 1 for w in honest.model.layers[0].weights)
    assert doubts(with_layer(honest, 0, weights=weights)) == ["Conv2D that is one in name only"]


def test_weights_of_zero_are_believed_beside_layers_that_show_what_they_are(honest):
    silent = tuple(np.zeros_like(w) for w in honest.model.layers[0].weights)
    dead = with_layer(honest, 0, weights=silent, response=(0.0,) * 24)
    assert doubts(dead) == []

    forged = with_layer(dead, 2, response=(0.5,) * 24)
    assert doubts(forged)[0] == "Conv2D that answers the same to everything"


def test_half_precision_is_not_doubted(honest):
    rounded = tuple(float(np.float16(value)) for value in honest.model.layers[0].response)
    assert doubts(with_layer(honest, 0, response=rounded)) == []
