"""Criteria `encoder`, `decoder` and `output-layer`: what each mistake costs, and what costs nothing."""

import dataclasses

import pytest
from by_hand import NO_MODEL, conv, evidence, layer, network, pool, prescribed, replaced, up
from the_lab import AUTOENCODER, EXERCISES

from autograder.judge.architecture import (
    judge_decoder,
    judge_encoder,
    judge_output_layer,
    where_size_is_lost,
)

JUDGES = {"encoder": judge_encoder, "decoder": judge_decoder, "output-layer": judge_output_layer}
RIGHT = prescribed(AUTOENCODER)
# Positions in exercise 1.
FIRST_POOL, THIRD_CONV, LAST_POOL, FIRST_UP, VALID_CONV, OUTPUT = 1, 4, 5, 7, 10, 12


def judged(model, exercise=AUTOENCODER):
    """The verdict on each of the three criteria."""
    return {name: judge(evidence(name, model), exercise, None) for name, judge in JUDGES.items()}


def credits(layers):
    return {name: verdict.credit for name, verdict in judged(network(*layers)).items()}


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.notebook)
def test_the_prescribed_network_earns_all(exercise):
    for verdict in judged(network(*prescribed(exercise)), exercise).values():
        assert verdict.credit == 1, verdict
        assert not verdict.problems
        assert not verdict.notes


MISTAKES = {
    "one is wrong": (
        replaced(RIGHT, 0, conv(32)),
        "encoder",
        "Layer 1 ('conv2d', Conv2D): 32 channels, not 16 (−1/6).",
    ),
    "one is missing": (
        replaced(RIGHT, FIRST_UP),
        "decoder",
        "Missing: UpSampling2D 2×2 (−1/6).",
    ),
    "one is too many": (
        [*RIGHT[:THIRD_CONV], layer("Dropout"), *RIGHT[THIRD_CONV:]],
        "encoder",
        "Not asked for: layer 5 ('dropout', Dropout) (−1/6).",
    ),
}


@pytest.mark.parametrize(("layers", "part", "problem"), MISTAKES.values(), ids=MISTAKES)
def test_each_mistake_costs_its_share_and_is_named(layers, part, problem):
    verdict = judged(network(*layers))[part]
    assert verdict.credit == pytest.approx(5 / 6)
    assert verdict.problems == (problem,)
    other = {"encoder": "decoder", "decoder": "encoder"}[part]
    assert credits(layers)[other] == 1, "the other part is right"


def test_several_mistakes_cost_a_share_each():
    verdict = judged(network(*[conv(32) if each.kind == "Conv2D" else each for each in RIGHT]))
    assert verdict["encoder"].credit == verdict["decoder"].credit == 0.5


def test_credit_is_never_negative():
    assert credits([layer("Dropout")] * 9 + [conv(1, "sigmoid")])["encoder"] == 0


def output(**changes):
    return replaced(RIGHT, OUTPUT, dataclasses.replace(RIGHT[OUTPUT], **changes))


OUTPUTS = {
    "three channels": (replaced(RIGHT, OUTPUT, conv(3, "sigmoid")), 0.5, "3 channels, not 1"),
    "no sigmoid": (replaced(RIGHT, OUTPUT, conv(1, "linear")), 0.5, "linear, not sigmoid"),
    "kernel": (replaced(RIGHT, OUTPUT, conv(1, "sigmoid", kernel_size=(5, 5))), 0.5, "5×5, not 3×3"),
    "size": (replaced(RIGHT, OUTPUT, conv(1, "sigmoid", padding="valid")), 0.5, "26×26×1, not 28×28×1"),
    "size, after another size": (
        replaced(replaced(RIGHT, LAST_POOL, pool("valid")), OUTPUT, conv(1, "sigmoid", padding="valid")),
        0.5,
        "padding 'valid', not 'same'",
    ),
    "strides": (replaced(RIGHT, OUTPUT, conv(1, "sigmoid", strides=(2, 2))), 0.5, "strides of 2×2"),
    "dilation": (
        replaced(RIGHT, OUTPUT, conv(1, "sigmoid", dilation_rate=(2, 2))),
        0.5,
        "a dilation rate of 2×2, not 1×1",
    ),
    "two things": (
        replaced(RIGHT, OUTPUT, conv(1, "relu", kernel_size=(5, 5))),
        0.25,
        "relu, not sigmoid",
    ),
    "three things": (
        replaced(RIGHT, OUTPUT, conv(1, "relu", kernel_size=(5, 5), padding="valid")),
        0,
        "not sigmoid",
    ),
    "a layer of features": (RIGHT[:OUTPUT], 0, "no such layer"),
    "no convolution at all": ([pool(), up()], 0, "no such layer"),
}


@pytest.mark.parametrize(("layers", "credit", "words"), OUTPUTS.values(), ids=OUTPUTS)
def test_the_output_layer_is_judged_by_its_properties(layers, credit, words):
    verdict = judged(network(*layers))["output-layer"]
    assert verdict.credit == credit, verdict
    assert words in " ".join(verdict.problems)


SIZES = {
    "third pooling valid": (replaced(RIGHT, LAST_POOL, pool("valid")), "encoder"),
    "first pooling missing": (replaced(RIGHT, FIRST_POOL), "encoder"),
    "a pooling of 4": (replaced(RIGHT, FIRST_POOL, pool(size=4)), "encoder"),
    "valid convolution same": (replaced(RIGHT, VALID_CONV, conv(16)), "decoder"),
    "an upsampling missing": (replaced(RIGHT, FIRST_UP), "decoder"),
    "an upsampling of 4": (replaced(RIGHT, FIRST_UP, up(4)), "decoder"),
    "nothing left": (replaced(RIGHT, LAST_POOL, pool("valid", 8)), "encoder"),
    "padded at the end": (
        [*RIGHT, layer("ZeroPadding2D", padding=((2, 2), (2, 2)), data_format="channels_last")],
        "decoder",
    ),
    "other channels": (replaced(RIGHT, 0, conv(8)), ""),
    "a layer that is not known": ([layer("Lambda"), *RIGHT], ""),
}


@pytest.mark.parametrize(("layers", "part"), SIZES.values(), ids=SIZES)
def test_a_size_that_is_lost_is_charged_once_where_it_is_lost(layers, part):
    assert where_size_is_lost(network(*layers), AUTOENCODER) == part
    verdict = judged(network(*layers))["output-layer"]
    assert verdict.credit == 1, verdict
    assert verdict.notes == ((f"The output is no image of 28×28×1: see {part}.",) if part else ())


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (None, "This is no Keras model"),
        (NO_MODEL, "This is no Keras model"),
        (network(), "could not be read"),
        (network(*RIGHT, problem="two inputs"), "could not be read"),
        (network(*RIGHT, layer("Flatten")), "not an image-to-image model"),
    ],
    ids=["nothing", "another object", "no layers", "undescribed", "an answer that is no image"],
)
def test_what_is_no_network_for_images_earns_nothing(model, words):
    for verdict in judged(model).values():
        assert verdict.credit == 0
        assert words in " ".join(verdict.problems)


def test_another_way_of_writing_the_chain_is_noted():
    for api, words in (("functional", "functional API"), ("subclass", "class of your own")):
        verdict = judged(network(*RIGHT, api=api))["encoder"]
        assert verdict.credit == 1
        assert words in verdict.notes[0]
