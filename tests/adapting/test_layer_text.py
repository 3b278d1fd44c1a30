"""What a text says of a layer is understood however it is written."""

import json
from pathlib import Path

import pytest
from the_lab import AUTOENCODER, DENOISING

import autograder.lab
from autograder.adapting.layer_text import (
    ACTIVATIONS,
    in_row,
    layer_kind,
    resolution,
    said_in_row,
    said_of_convolutions,
)
from autograder.lab import RequiredLayer


def test_the_activations_are_those_of_the_lab_file():
    schema = json.loads(Path(autograder.lab.__file__).with_name("lab.schema.json").read_text("utf-8"))
    assert {*ACTIVATIONS, "any"} == set(schema["$defs"]["hidden_activation"]["enum"])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("Conv2D", {}),
        ("Conv2D, 1 channel, sigmoid", {"filters": 1, "activation": "sigmoid"}),
        ("Conv2D, sigmoid, 1 channel", {"filters": 1, "activation": "sigmoid"}),
        ("Conv2D with 8 filters, valid", {"filters": 8, "padding": "valid"}),
        ("Conv2D, padding='valid'", {"padding": "valid"}),
        ("Conv2D, padding = valid, 5×5", {"padding": "valid", "kernel": (5, 5)}),
        ("Conv2D, kernel 5, 8 channels", {"kernel": (5, 5), "filters": 8}),
        ("Conv2D(filters=8, kernel_size=(5, 5))", {"filters": 8, "kernel": (5, 5)}),
        ("Conv2D, LeakyReLU", {"activation": "leaky_relu"}),
        ("MaxPooling2D 2×2, padding='same'", {"size": (2, 2), "padding": "same"}),
        ("MaxPooling2D (3, 3)", {"size": (3, 3)}),
        ("MaxPooling2D", {}),
        ("UpSampling2D 2x2", {"size": (2, 2)}),
    ],
)
def test_a_row_states_attributes_in_any_order_and_style(row, said):
    assert said_in_row(row) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a kernel of\n3×3, **16 channels**, ReLU activation and `'same'` padding, unless",
            {"filters": 16, "kernel": (3, 3), "activation": "relu", "padding": "same"},
        ),
        ("a 5×5 kernel and `padding='valid'`", {"kernel": (5, 5), "padding": "valid"}),
        ("kernel size 5, activation: tanh", {"kernel": (5, 5), "activation": "tanh"}),
        ("the same linear chain of valid layers, from 28×28 to 7×7", {}),
    ],
)
def test_running_text_states_what_it_calls_by_name(text, said):
    assert said_of_convolutions(text) == said


def test_the_kind_is_keras_name_of_it():
    assert layer_kind("a Conv2D, 1 channel") == "Conv2D"
    assert layer_kind("28×28×1") == ""


@pytest.mark.parametrize(
    ("text", "sides"),
    [("14×14", (14, 14)), ("14 x 14 x 16", (14, 14)), ("(14, 14)", (14, 14)), ("", ())],
)
def test_a_resolution_is_height_and_width(text, sides):
    assert resolution(text) == sides


DEFAULT = {"filters": 16, "kernel": (3, 3), "padding": "same", "activation": "relu"}


@pytest.mark.parametrize(
    ("layer", "row"),
    [
        (AUTOENCODER.encoder[0], "Conv2D"),
        (AUTOENCODER.encoder[1], "MaxPooling2D 2×2"),
        (AUTOENCODER.encoder[5], "MaxPooling2D 2×2, padding='same'"),
        (AUTOENCODER.decoder[4], "Conv2D, padding='valid'"),
        (AUTOENCODER.output, "Conv2D, 1 channel, sigmoid"),
        (DENOISING.encoder[0], "Conv2D, 32 channels"),
        (RequiredLayer("Conv2D", 16, (5, 5)), "Conv2D, kernel 5×5"),
    ],
)
def test_a_layer_is_written_with_what_differs_from_the_default(layer, row):
    assert in_row(layer, DEFAULT) == row
