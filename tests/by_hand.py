"""Builds evidence by hand, as a kernel would hand it over; a criterion judges it in milliseconds."""

import dataclasses
import itertools

import numpy as np
from the_lab import AUTOENCODER

from autograder.judge.doubt import Doubt, DoubtedLayer
from autograder.lab import Exercise
from autograder.protocol.evidence import (
    ACTIVATION_PROBE,
    Evidence,
    FitEvidence,
    LayerEvidence,
    LossEvidence,
    ModelEvidence,
    OptimizerEvidence,
    Sample,
)

REQUEST = "a request"
ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "its own": lambda x: np.sin(x),
}
CHANNELS_LAST = {"data_format": "channels_last"}


def layer(kind: str, activation: str | None = None, weights: tuple = (), **attributes) -> LayerEvidence:
    """A layer without inputs; `network` sets them."""
    values = () if activation is None else ACTIVATIONS[activation](ACTIVATION_PROBE.astype(float))
    return LayerEvidence(
        kind=kind,
        name=kind.lower(),
        own_class=False,
        attributes=attributes,
        activation=activation,
        activation_values=tuple(float(value) for value in values),
        inputs=(),
        weights=tuple(np.asarray(w, np.float32) for w in weights),
        input_shape=(),
        response=(),
    )


def conv(filters: int, activation: str = "relu", **changes) -> LayerEvidence:
    """A convolution with the lab's settings."""
    attributes = {
        "filters": filters,
        "kernel_size": (3, 3),
        "strides": (1, 1),
        "padding": "same",
        "dilation_rate": (1, 1),
        "groups": 1,
        "use_bias": True,
    }
    return layer("Conv2D", activation, **attributes | CHANNELS_LAST | changes)


def pool(padding: str = "same", size: int = 2) -> LayerEvidence:
    return layer(
        "MaxPooling2D", pool_size=(size,) * 2, strides=(size,) * 2, padding=padding, **CHANNELS_LAST
    )


def up(size: int = 2) -> LayerEvidence:
    return layer("UpSampling2D", size=(size,) * 2, interpolation="nearest", **CHANNELS_LAST)


def activation(name: str) -> LayerEvidence:
    """An activation as a layer of its own."""
    return layer("Activation", name)


def doubted(layer: LayerEvidence, doubt: Doubt) -> DoubtedLayer:
    """The layer as one that the judge doubts."""
    return DoubtedLayer(**vars(layer), doubt=doubt)


def prescribed(exercise: Exercise) -> list[LayerEvidence]:
    """The layers that the lab asks for; where the activation is the student's choice, it is tanh."""
    make = {
        "Conv2D": lambda wanted: conv(
            wanted.filters,
            wanted.activation or "tanh",
            padding=wanted.padding,
            kernel_size=wanted.kernel,
        ),
        "MaxPooling2D": lambda wanted: pool(size=wanted.size[0]),
        "UpSampling2D": lambda wanted: up(wanted.size[0]),
    }
    return [make[each.kind](each) for each in exercise.layers]


def network(*layers: LayerEvidence, **changes) -> ModelEvidence:
    """A network of these layers, one after the other."""
    fed = tuple(dataclasses.replace(each, inputs=(i - 1,)) for i, each in enumerate(layers))
    model = ModelEvidence(
        type="keras.Sequential",
        api="sequential",
        layers=fed,
        trainable=True,
        loss=LossEvidence("binary_crossentropy", 0.0, ()),
        optimizer=OptimizerEvidence("Adagrad", False, 0.01, ()),
        problem="",
    )
    return dataclasses.replace(model, **changes)


def one_convolution(kernel: np.ndarray, bias: float = 0.0, activation: str = "linear") -> ModelEvidence:
    """A network of a single 3×3 convolution with these weights, float (3, 3)."""
    weights = (np.asarray(kernel, np.float32).reshape(3, 3, 1, 1), [bias])
    return network(dataclasses.replace(conv(1, activation), weights=_float32(weights)))


def _float32(weights) -> tuple:
    return tuple(np.asarray(w, np.float32) for w in weights)


def point(value: float = 1.0, row: int = 1, column: int = 1) -> np.ndarray:
    """A 3×3 kernel that copies one of the nine pixels; in the middle, it copies the image."""
    kernel = np.zeros((3, 3), np.float32)
    kernel[row, column] = value
    return kernel


NO_MODEL = ModelEvidence("int", "none", (), False, None, None, "an int is no Keras model")

ROWS = (*range(32), 100, 500, 700)


def sample(images: np.ndarray, count: int, dtype: str = "float32") -> Sample:
    """A sample of an array with `count` rows. images: (len(ROWS), …), its rows at ROWS."""
    return Sample((count, *images.shape[1:]), dtype, ROWS, np.asarray(images, np.float32))


def fit(x: Sample | None, y: Sample | None, **changes) -> FitEvidence:
    """A call of `fit` as exercise 1 asks for it."""
    call = FitEvidence(
        input=x,
        target=y,
        images_per_epoch=x.shape[0] if x else None,
        batch_size=100,
        epochs=AUTOENCODER.epochs,
        validation=False,
        steps=140,
        read=x.shape[0] if x else None,
        problem="",
    )
    return dataclasses.replace(call, **changes)


def evidence(check: str, model: ModelEvidence | None = None, **parts) -> Evidence:
    """What a test cell hands over."""
    empty = {"fits": (), "arrays": {}, "drawings": ()}
    return Evidence(check, REQUEST, model, **empty | parts)


def replaced(layers: list, position: int, *others: LayerEvidence) -> list:
    """The layers with others in the place of the one at a position, counted from 0."""
    return list(itertools.chain(layers[:position], others, layers[position + 1 :]))
