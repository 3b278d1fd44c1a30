"""The network of a submission, built anew from evidence: known classes, checked sizes, no code.

To build a layer takes longer than to run it, and a class hands in the same few layers many times over:
built ones are kept. They hold no weights of anybody's: each call brings those it is to be run with.
"""

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import keras
import numpy as np
import tensorflow as tf

from autograder.judge import cost
from autograder.judge.cost import Cost, Shape
from autograder.judge.doubt import doubt_of, kind_text
from autograder.lab import IMAGE_SHAPE
from autograder.protocol.evidence import (
    ACTIVATION_PROBE,
    LAYER_ATTRIBUTES,
    Attribute,
    LayerEvidence,
    ModelEvidence,
)

MAX_LAYERS = 300
"""Of a network that is judged: to build one takes milliseconds. The lab's has 14."""
MAX_INPUTS = 1000
"""Of all its layers together."""
MAX_SIDE = 4096
MAX_VALUES = 4_000_000
MAX_DILATION = 64
"""TensorFlow spreads the image out by it: 4096 takes 22 GiB for one of 28×28."""
MAX_KEPT = 256
"""Built layers, shapes and activations that are kept, at most."""
MAX_KEPT_WEIGHTS = 2**16
"""Of a layer that is kept; the largest one of the lab's has 9,248."""

_IDENTITY = {
    *("Identity", "Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout"),
    *("ActivityRegularization", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom"),
    *("RandomContrast", "RandomBrightness"),
}
"""Layers that pass their input on unchanged outside training."""
_MERGING = {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"}
_PLAIN = {"Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D", *_MERGING}

ACTIVATIONS = {
    name: getattr(keras.activations, name)
    for name in (
        *("linear", "relu", "sigmoid", "tanh", "softmax", "relu6", "leaky_relu", "elu", "selu"),
        *("gelu", "silu", "softplus", "softsign", "hard_sigmoid", "hard_tanh", "exponential"),
        *("mish", "log_softmax"),
    )
} | {
    f"leaky_relu({slope})": lambda x, slope=slope: keras.activations.leaky_relu(x, slope)
    for slope in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.3, 0.5)
}
_ACTIVATION_TOLERANCE = 1e-3


class RebuildError(Exception):
    """The network cannot be rebuilt; the text says for which layer and why."""


class ImpossibleError(RebuildError):
    """Nobody can run the network: a layer does not fit to what comes before it."""


class TooLargeError(RebuildError):
    """A layer or a network is of known classes, but of sizes that are not tried."""


@functools.lru_cache(MAX_KEPT)
def activation_name(values: tuple[float, ...]) -> str | None:
    """The known activation that returns these values at ACTIVATION_PROBE, if there is one."""
    if len(values) != len(ACTIVATION_PROBE):
        return None
    found = np.asarray(values)
    for name, known in _known_values().items():
        if np.all(np.abs(found - known) <= _ACTIVATION_TOLERANCE * (1 + np.abs(known))):
            return name
    return None


@functools.cache
def _known_values() -> dict[str, np.ndarray]:
    probe = keras.ops.convert_to_tensor(ACTIVATION_PROBE[None])
    return {name: keras.ops.convert_to_numpy(known(probe))[0] for name, known in ACTIVATIONS.items()}


SIGMOID = tuple(float(value) for value in 1 / (1 + np.exp(-ACTIVATION_PROBE.astype(float))))
"""What a sigmoid returns at ACTIVATION_PROBE."""


def unknown_activation(layer: LayerEvidence) -> str:
    """What is wrong with a layer whose activation is none of ACTIVATIONS; empty if it is one."""
    if layer.activation is None or activation_name(layer.activation_values):
        return ""
    return f"its activation '{layer.activation}' is unknown"


def _by_values(values: tuple[float, ...]) -> Callable | None:
    """An activation of the student's own, by straight lines between its values at ACTIVATION_PROBE."""
    if len(values) != len(ACTIVATION_PROBE) or not np.all(np.isfinite(values)):
        return None
    order = np.argsort(ACTIVATION_PROBE)
    points, at_points = ACTIVATION_PROBE[order], np.asarray(values, np.float32)[order]
    slopes = np.diff(at_points) / np.diff(points)

    def activation(x):
        flat = keras.ops.reshape(keras.ops.cast(x, "float32"), (-1,))
        line = keras.ops.searchsorted(points[1:-1], flat)
        start, height, slope = (keras.ops.take(each, line) for each in (points, at_points, slopes))
        return keras.ops.reshape(height + slope * (flat - start), keras.ops.shape(x))

    return activation


def is_activation(layer: LayerEvidence) -> bool:
    """Whether the operation does nothing but apply an activation to each value."""
    return layer.activation is not None and layer.kind not in LAYER_ATTRIBUTES


@dataclass(frozen=True)
class Blueprint:
    """A layer but for its weights and name. Those with the same text are of the same layer."""

    text: str
    kind: str = field(compare=False)
    arguments: dict[str, Attribute] = field(compare=False)
    activation: Callable | None = field(compare=False)


@dataclass(frozen=True)
class _Drawn:
    """A layer with what is known of it before it is built."""

    blueprint: Blueprint
    inputs: tuple[Shape, ...]
    """Shapes of what goes in, for one image: (1, …)."""
    shape: Shape
    cost: Cost


def run_layer(blueprint: Blueprint, layer: LayerEvidence, images: np.ndarray) -> np.ndarray:
    """What one layer makes of its input (n, …), run with its weights. Raises RebuildError."""
    drawn = _draw(blueprint, layer, ((1, *images.shape[1:]),))
    _check_size(drawn, layer)
    return keras.ops.convert_to_numpy(_run(drawn, layer, keras.ops.convert_to_tensor(images)))


def output_shapes(layers: tuple[LayerEvidence, ...]) -> list[Shape]:
    """The shape after each operation for one 28×28×1 image. Raises RebuildError."""
    return [drawn.shape for drawn in _drawn(layers, IMAGE_SHAPE)]


def possible_shapes(layers: tuple[LayerEvidence, ...]) -> list[Shape]:
    """The shapes up to the first operation that nobody could run. Raises RebuildError for others."""
    shapes = []
    try:
        for drawn in _each_drawn(layers, IMAGE_SHAPE):
            shapes.append(drawn.shape)
    except ImpossibleError:
        pass
    return shapes


def run(model: ModelEvidence, images: np.ndarray) -> np.ndarray:
    """What the network makes of images (n, 28, 28, 1), as a float32 array. Raises RebuildError."""
    if model.problem:
        raise RebuildError(model.problem)
    if not model.layers:
        raise RebuildError("the network has no layers")
    if not images.size:
        raise RebuildError("there are no images to run it on")
    drawn = _drawn(model.layers, images.shape[1:])
    for each, layer in zip(drawn, model.layers, strict=True):
        _check_size(each, layer)
    size = _batch_size(drawn, model.layers, images)
    batches = [images[i : i + size] for i in range(0, len(images), size)]
    return np.concatenate([_run_batch(drawn, model.layers, batch) for batch in batches])


def _batch_size(drawn: list[_Drawn], layers: tuple[LayerEvidence, ...], images: np.ndarray) -> int:
    """How many images are run at once. Raises TooLargeError where all of them are too much."""
    costs = [each.cost for each in drawn]
    work = len(images) * sum(each.work for each in costs)
    if work > cost.MOST_WORK:
        raise TooLargeError(
            f"the network is too large to be judged: {work:.1e} multiplications for "
            f"{len(images)} images, at most {cost.MOST_WORK:.0e} are tried"
        )
    held = cost.most_held(costs, _fed(layers), images[0].size)
    if held > cost.MOST_HELD or len(images) * costs[-1].output > cost.MOST_HELD:
        raise TooLargeError(
            f"the network is too large to be judged: {held:,} values at once for an image and "
            f"{costs[-1].output:,} in each answer, at most {cost.MOST_HELD:,} are held"
        )
    return cost.MOST_HELD // held


def _run_batch(drawn: list[_Drawn], layers: tuple[LayerEvidence, ...], batch: np.ndarray) -> np.ndarray:
    held = {-1: keras.ops.convert_to_tensor(batch)}
    done = cost.last_uses(_fed(layers))
    for position, (each, layer) in enumerate(zip(drawn, layers, strict=True)):
        inputs = [held[i] for i in layer.inputs]
        held[position] = _run(each, layer, inputs[0] if len(inputs) == 1 else inputs)
        for index in done[position]:
            del held[index]
    return keras.ops.convert_to_numpy(held[len(layers) - 1])


def _fed(layers: tuple[LayerEvidence, ...]) -> list[tuple[int, ...]]:
    return [layer.inputs for layer in layers]


def too_many(layers: tuple[LayerEvidence, ...]) -> str:
    """What is wrong with a network of more layers than are judged; empty if it has no more."""
    inputs = sum(len(layer.inputs) for layer in layers)
    if len(layers) <= MAX_LAYERS and inputs <= MAX_INPUTS:
        return ""
    return (
        f"the network has {len(layers)} layers with {inputs} inputs, too many to be judged: "
        f"at most {MAX_LAYERS} with {MAX_INPUTS}"
    )


def _drawn(layers: tuple[LayerEvidence, ...], image: Shape) -> list[_Drawn]:
    return list(_each_drawn(layers, image))


def _each_drawn(layers: tuple[LayerEvidence, ...], image: Shape) -> Iterator[_Drawn]:
    """Each layer as it would be built for images of this shape."""
    if problem := too_many(layers):
        raise TooLargeError(problem)
    made: list[_Drawn] = []
    for position, layer in enumerate(layers):
        if not layer.inputs or any(not -1 <= i < position for i in layer.inputs):
            raise RebuildError(_of(layer, "its inputs come from nowhere"))
        if len(layer.inputs) > 1 and layer.kind not in _MERGING:
            raise RebuildError(_of(layer, "it takes one input"))
        shapes = tuple((1, *image) if i == -1 else made[i].shape for i in layer.inputs)
        made.append(_draw(blueprint(layer), layer, shapes))
        yield made[-1]


def blueprint(layer: LayerEvidence) -> Blueprint:
    """That of the layer that the evidence names. Raises RebuildError if it is none known here."""
    # A doubted activation is still run: it is known by its values, not by its name.
    if doubt_of(layer) and not is_activation(layer):
        raise RebuildError(_of(layer, "it is not shown to be what it says"))
    if layer.kind in _IDENTITY:
        return Blueprint("Identity", "Identity", {}, None)
    if set(layer.attributes) != set(LAYER_ATTRIBUTES.get(layer.kind, ())):
        raise RebuildError(_of(layer, "its attributes are not those of its class"))
    sizes = {name: _largest(value) for name, value in layer.attributes.items()}
    if max(sizes.values(), default=0) > MAX_SIDE or sizes.get("dilation_rate", 0) > MAX_DILATION:
        raise TooLargeError(_of(layer, "its sizes are too large to be judged"))
    kind, activation, values = layer.kind, None, None
    if layer.activation is not None:
        values = activation_name(layer.activation_values) or layer.activation_values
        activation = ACTIVATIONS[values] if isinstance(values, str) else _by_values(values)
        if activation is None:
            raise RebuildError(_of(layer, unknown_activation(layer)))
        if is_activation(layer):
            kind = "Activation"
    elif kind not in LAYER_ATTRIBUTES and kind not in _PLAIN:
        raise RebuildError(_of(layer, f"the judge does not know {kind} layers"))
    # As a text, 1 and 1.0 and True are three.
    text = repr((kind, sorted(layer.attributes.items()), values))
    drawn = Blueprint(text, kind, layer.attributes, activation)
    try:
        _unbuilt(drawn)
    except Exception as error:
        raise RebuildError(_of(layer, _first_line(error))) from None
    return drawn


def _new(blueprint: Blueprint) -> keras.Layer:
    arguments: dict[str, object] = dict(blueprint.arguments)
    if blueprint.activation is not None:
        arguments["activation"] = blueprint.activation
    return getattr(keras.layers, blueprint.kind)(**arguments)


_unbuilt = functools.lru_cache(MAX_KEPT)(_new)
"""A layer that is asked for nothing but shapes."""


def _draw(blueprint: Blueprint, layer: LayerEvidence, inputs: tuple[Shape, ...]) -> _Drawn:
    """The layer for inputs of these shapes. Raises RebuildError."""
    try:
        shape, estimate = _estimated(blueprint, inputs)
    except Exception as error:
        raise ImpossibleError(_of(layer, _first_line(error))) from None
    if min(shape) < 1:
        raise ImpossibleError(_of(layer, f"nothing is left of the image: {shape[1:]}"))
    if math.prod(shape) > MAX_VALUES:
        raise TooLargeError(_of(layer, f"its output {shape[1:]} is too large to be judged"))
    return _Drawn(blueprint, inputs, shape, estimate)


@functools.lru_cache(MAX_KEPT)
def _estimated(blueprint: Blueprint, inputs: tuple[Shape, ...]) -> tuple[Shape, Cost]:
    layer = _unbuilt(blueprint)
    shape = layer.compute_output_shape(inputs[0] if len(inputs) == 1 else list(inputs))
    shape = tuple(int(side) for side in shape)
    return shape, cost.of_layer(layer, inputs, shape)


def _check_size(drawn: _Drawn, layer: LayerEvidence) -> None:
    """Raises RebuildError where the layer takes too much, or has not brought the weights it needs."""
    takes = drawn.cost
    if takes.work > cost.MOST_WORK_OF_LAYER:
        problem = (
            f"it is too large to be judged: {takes.work:.1e} multiplications for one image, "
            f"at most {cost.MOST_WORK_OF_LAYER:.0e} are tried"
        )
        raise TooLargeError(_of(layer, problem))
    if takes.output + takes.scratch > cost.MOST_HELD:
        problem = (
            f"it is too large to be judged: {takes.output + takes.scratch:,} values at once "
            f"for one image, at most {cost.MOST_HELD:,} are held"
        )
        raise TooLargeError(_of(layer, problem))
    found = tuple(weights.shape for weights in layer.weights)
    # What a message holds bounds what is built.
    if found != takes.weights:
        raise RebuildError(_of(layer, f"its weights have the shapes {found}, not {takes.weights}"))


def _run(drawn: _Drawn, layer: LayerEvidence, inputs: object):
    """What the layer makes of its input, or list of them, with the weights of the evidence."""
    small = sum(weights.size for weights in layer.weights) <= MAX_KEPT_WEIGHTS
    try:
        built = (_kept if small else _built)(drawn.blueprint, drawn.inputs)
        # In this scope the layer's variables have these values, and its own are neither read nor set.
        with keras.StatelessScope(list(zip(built.weights, layer.weights, strict=True))):
            return built(inputs, training=False)
    except (MemoryError, tf.errors.ResourceExhaustedError):
        problem = "it is too large to be judged: the memory does not suffice"
        raise TooLargeError(_of(layer, problem)) from None
    except Exception as error:
        raise RebuildError(_of(layer, _first_line(error))) from None


def _built(blueprint: Blueprint, inputs: tuple[Shape, ...]) -> keras.Layer:
    """The layer, with variables of its own."""
    layer = _new(blueprint)
    layer.build(inputs[0] if len(inputs) == 1 else list(inputs))
    return layer


_kept = functools.lru_cache(MAX_KEPT)(_built)


def _largest(value: object) -> float:
    if isinstance(value, tuple):
        return max((_largest(item) for item in value), default=0)
    return abs(value) if isinstance(value, int | float) else 0


def _of(layer: LayerEvidence, problem: str) -> str:
    return f"layer '{layer.name}' ({kind_text(layer)}): {problem}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
