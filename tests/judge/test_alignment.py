"""Which of a student's layers stands for which prescribed one, and what is wrong with it there."""

import dataclasses

import numpy as np
import pytest
from by_hand import activation, conv, layer, network, pool, prescribed, replaced, up
from the_lab import AUTOENCODER, DENOISING, EXERCISES

from autograder.judge.alignment import align, chain

RIGHT = prescribed(AUTOENCODER)
# Positions in exercise 1.
FIRST_POOL, LAST_POOL, FIRST_UP, VALID_CONV, OUTPUT = 1, 5, 7, 10, 12


def aligned(layers, exercise=AUTOENCODER):
    """The matches of a network."""
    return align(chain(network(*layers)), exercise)


def wrong(layers, exercise=AUTOENCODER):
    """The wrong matches: part, required kind, the student's kind and the faults of each."""
    return [
        (
            match.part.value,
            match.required and match.required.kind,
            match.step and match.step.layer.kind,
            match.faults,
        )
        for match in aligned(layers, exercise)
        if not match.right
    ]


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.notebook)
def test_each_layer_of_the_prescribed_network_stands_for_itself(exercise):
    layers = prescribed(exercise)
    assert wrong(layers, exercise) == []
    assert [match.step.number for match in aligned(layers, exercise)] == [*range(1, len(layers) + 1)]


def split(position, name):
    """The convolution at this place without its activation, which is a separate layer."""
    bare = dataclasses.replace(RIGHT[position], activation="linear")
    bare = dataclasses.replace(bare, activation_values=conv(1, "linear").activation_values)
    return replaced(RIGHT, position, bare, activation(name))


FREE = {
    "the first pooling is valid": replaced(RIGHT, FIRST_POOL, pool("valid")),
    "an activation of its own": split(0, "relu"),
    "the sigmoid of its own": split(OUTPUT, "sigmoid"),
    "an activation after the pooling": [
        conv(16, "linear"),
        pool(),
        activation("relu"),
        *RIGHT[2:],
    ],
    "the same activation twice": [RIGHT[0], activation("relu"), *RIGHT[1:]],
    "a layer that does nothing": [RIGHT[0], layer("Identity"), *RIGHT[1:]],
    "the same pooling twice": replaced(
        RIGHT, LAST_POOL, dataclasses.replace(RIGHT[LAST_POOL], same_as=FIRST_POOL)
    ),
    "an image given its shape first": [layer("Reshape", target_shape=(28, 28, 1)), *RIGHT],
}


@pytest.mark.parametrize("layers", FREE.values(), ids=FREE)
def test_what_the_lab_leaves_open_is_no_fault(layers):
    assert wrong(layers) == []


def test_an_activation_of_its_own_belongs_to_the_convolution_before_it():
    steps = chain(network(*split(0, "relu")))
    assert [step.layer.kind for step in steps] == [each.kind for each in RIGHT]
    assert steps[0].activation == "relu"


WRONG = {
    "channels": (replaced(RIGHT, 0, conv(32)), "encoder", "32 channels, not 16"),
    "kernel": (replaced(RIGHT, 2, conv(16, kernel_size=(5, 5))), "encoder", "a kernel of 5×5, not 3×3"),
    "strides": (replaced(RIGHT, 0, conv(16, strides=(2, 2))), "encoder", "strides of 2×2, not 1×1"),
    "dilation": (
        replaced(RIGHT, 0, conv(16, dilation_rate=(2, 2))),
        "encoder",
        "a dilation rate of 2×2, not 1×1",
    ),
    "groups": (replaced(RIGHT, 2, conv(16, groups=16)), "encoder", "16 groups of channels, not 1"),
    "the same convolution twice": (
        replaced(RIGHT, 2, dataclasses.replace(conv(16), weights=(np.zeros(1),), same_as=0)),
        "encoder",
        "the same layer as layer 1 once more: its weights are shared",
    ),
    "activation": (replaced(RIGHT, 0, conv(16, "tanh")), "encoder", "activation tanh, not relu"),
    "no activation": (replaced(RIGHT, 6, conv(16, "linear")), "decoder", "activation linear, not relu"),
    "unknown activation": (
        replaced(RIGHT, 0, conv(16, "its own")),
        "encoder",
        "activation the unknown 'its own', not relu",
    ),
    "padding of a convolution": (
        replaced(RIGHT, VALID_CONV, conv(16)),
        "decoder",
        "padding 'same', not 'valid'",
    ),
    "padding of the last pooling": (
        replaced(RIGHT, LAST_POOL, pool("valid")),
        "encoder",
        "padding 'valid', not 'same'",
    ),
    "size of a pooling": (
        replaced(RIGHT, FIRST_POOL, pool(size=4)),
        "encoder",
        "pooling over 4×4, not 2×2",
    ),
    "size of an upsampling": (replaced(RIGHT, FIRST_UP, up(4)), "decoder", "upsampling by 4×4, not 2×2"),
    "another kind": (
        replaced(
            RIGHT,
            FIRST_POOL,
            layer("AveragePooling2D", pool_size=(2, 2), strides=(2, 2), padding="same"),
        ),
        "encoder",
        "an AveragePooling2D where a MaxPooling2D belongs",
    ),
    "a class of one's own": (
        replaced(RIGHT, 0, dataclasses.replace(RIGHT[0], own_class=True)),
        "encoder",
        "a class of its own, not Keras's Conv2D",
    ),
    "a PReLU": (
        [conv(16, "linear"), layer("PReLU", shared_axes=(1, 2)), *RIGHT[1:]],
        "encoder",
        "activation PReLU, not relu",
    ),
    "an unknown activation as a layer": (
        [conv(16, "linear"), activation("its own"), *RIGHT[1:]],
        "encoder",
        "activation the unknown 'its own', not relu",
    ),
}


@pytest.mark.parametrize(("layers", "part", "fault"), WRONG.values(), ids=WRONG)
def test_a_wrong_layer_has_one_fault_in_its_part(layers, part, fault):
    ((found, _, _, faults),) = wrong(layers)
    assert (found, faults) == (part, (fault,))


def test_a_missing_layer_leaves_all_others_in_their_places():
    assert wrong(replaced(RIGHT, LAST_POOL)) == [("encoder", "MaxPooling2D", None, ())]


@pytest.mark.parametrize(
    ("position", "extra", "part"),
    [
        (0, layer("Dropout"), "encoder"),
        (6, layer("Dropout"), "encoder"),
        (6, up(), "decoder"),
        (12, layer("Dropout"), "decoder"),
        (13, layer("Dropout"), "decoder"),
    ],
    ids=["first", "between the parts", "an upsampling between the parts", "before the output", "last"],
)
def test_an_extra_layer_belongs_to_the_part_it_stands_in(position, extra, part):
    layers = [*RIGHT[:position], extra, *RIGHT[position:]]
    assert wrong(layers) == [(part, None, extra.kind, ())]


def test_strides_in_place_of_a_pooling_are_one_mistake():
    layers = [conv(16, strides=(2, 2)), *RIGHT[2:]]
    fault = "strides of 2×2 where a MaxPooling2D belongs"
    assert wrong(layers) == [("encoder", "MaxPooling2D", "Conv2D", (fault,))]


def test_what_makes_images_smaller_is_matched_in_the_encoder():
    strided = conv(32, strides=(2, 2))
    enlarged = layer(
        "Conv2DTranspose",
        "relu",
        filters=32,
        kernel_size=(3, 3),
        strides=(2, 2),
        padding="same",
        dilation_rate=(1, 1),
        use_bias=True,
        data_format="channels_last",
    )
    found = wrong([strided, strided, enlarged, enlarged, conv(1, "sigmoid")], DENOISING)
    assert [(part, required, kind) for part, required, kind, _ in found] == [
        *[("encoder", "MaxPooling2D", "Conv2D")] * 2,
        *[("decoder", "Conv2D", None), ("decoder", "UpSampling2D", "Conv2DTranspose")] * 2,
    ]
