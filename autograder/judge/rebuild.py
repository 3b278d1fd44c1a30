"""The network of a submission, built anew from evidence: known classes, checked sizes, no code.

To build a layer takes longer than to run it, and a class hands in the same few layers many times over:
built ones are kept. They hold no weights of anybody's: each call brings those it is to be run with.
"""

import functools
import math
from dataclasses import dataclass, field

import keras
import numpy as np

from autograder.evidence import (
    ACTIVATION_PROBE,
    LAYER_ATTRIBUTES,
    Attribute,
    LayerEvidence,
    ModelEvidence,
)
from autograder.lab import IMAGE_SHAPE

MAX_SIDE = 4096
MAX_VALUES = 4_000_000
MAX_DILATION = 64
"""TensorFlow spreads the image out by it: 4096 takes 22 GiB for one of 28×28."""
BATCH_VALUES = 2**27
"""Values of one layer's output for all images that are run at once: 512 MiB."""
MAX_KEPT = 256
"""Built layers, shapes and activations that are kept, at most."""
MAX_KEPT_WEIGHTS = 2**16
"""Of a layer that is kept; the largest one of the lab's has 9,248."""

_IDENTITY = {
    *("Identity", "Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout"),
    "ActivityRegularization",
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
    for slope in (0.01, 0.1, 0.3)
}
_ACTIVATION_TOLERANCE = 1e-3


class RebuildError(Exception):
    """The network cannot be rebuilt; the text says for which layer and why."""


class TooLargeError(RebuildError):
    """A layer is of a known class, but of sizes that are not tried."""


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


def is_activation(layer: LayerEvidence) -> bool:
    """Whether the operation does nothing but apply an activation to each value."""
    return layer.activation is not None and layer.kind not in LAYER_ATTRIBUTES


@dataclass(frozen=True)
class Blueprint:
    """A layer but for its weights and name. Those with the same text are of the same layer."""

    text: str
    kind: str = field(compare=False)
    arguments: dict[str, Attribute] = field(compare=False)
    activation: str | None = field(compare=False)
    """One of ACTIVATIONS."""


Shape = tuple[int, ...]


def run_layer(blueprint: Blueprint, layer: LayerEvidence, images: np.ndarray) -> np.ndarray:
    """What one layer makes of its input (n, …), run with its weights. Raises RebuildError."""
    shapes = ((1, *images.shape[1:]),)
    _output_shape(blueprint, layer, shapes)
    output = _run(blueprint, layer, shapes, keras.ops.convert_to_tensor(images))
    return keras.ops.convert_to_numpy(output)


def output_shapes(layers: tuple[LayerEvidence, ...]) -> list[Shape]:
    """The shape after each operation for one 28×28×1 image. Raises RebuildError."""
    return [shape for _, shape in _drawn(layers)]


def run(model: ModelEvidence, images: np.ndarray) -> np.ndarray:
    """What the network makes of images (n, 28, 28, 1), as a float32 array. Raises RebuildError."""
    if model.problem:
        raise RebuildError(model.problem)
    if not model.layers:
        raise RebuildError("the network has no layers")
    drawn = _drawn(model.layers)
    size = BATCH_VALUES // max(math.prod(shape) for _, shape in drawn)
    batches = [images[i : i + size] for i in range(0, len(images), size)]
    return np.concatenate([_run_batch(drawn, model.layers, batch) for batch in batches])


def _run_batch(drawn: list, layers: tuple[LayerEvidence, ...], batch: np.ndarray) -> np.ndarray:
    source = keras.ops.convert_to_tensor(batch)
    results: list = []
    for (blueprint, _), layer in zip(drawn, layers, strict=True):
        inputs = [source if i == -1 else results[i] for i in layer.inputs]
        shapes = tuple(_shape_before(drawn, i) for i in layer.inputs)
        results.append(_run(blueprint, layer, shapes, inputs[0] if len(inputs) == 1 else inputs))
    return keras.ops.convert_to_numpy(results[-1])


def _drawn(layers: tuple[LayerEvidence, ...]) -> list[tuple[Blueprint, Shape]]:
    """The blueprint of each layer, with the shape of its output for one image."""
    made: list[tuple[Blueprint, Shape]] = []
    for position, layer in enumerate(layers):
        if not layer.inputs or any(not -1 <= i < position for i in layer.inputs):
            raise RebuildError(_of(layer, "its inputs come from nowhere"))
        if len(layer.inputs) > 1 and layer.kind not in _MERGING:
            raise RebuildError(_of(layer, "it takes one input"))
        shapes = tuple(_shape_before(made, i) for i in layer.inputs)
        drawn = blueprint(layer)
        made.append((drawn, _output_shape(drawn, layer, shapes)))
    return made


def _shape_before(made: list, index: int) -> Shape:
    return (1, *IMAGE_SHAPE) if index == -1 else made[index][1]


def blueprint(layer: LayerEvidence) -> Blueprint:
    """That of the layer that the evidence names. Raises RebuildError if it is none known here."""
    if layer.own_class:
        raise RebuildError(_of(layer, "it is a class of its own, not one of Keras's"))
    if layer.kind in _IDENTITY:
        return Blueprint("Identity", "Identity", {}, None)
    if set(layer.attributes) != set(LAYER_ATTRIBUTES.get(layer.kind, ())):
        raise RebuildError(_of(layer, "its attributes are not those of its class"))
    sizes = {name: _largest(value) for name, value in layer.attributes.items()}
    if max(sizes.values(), default=0) > MAX_SIDE or sizes.get("dilation_rate", 0) > MAX_DILATION:
        raise TooLargeError(_of(layer, "its sizes are too large to be judged"))
    kind, activation = layer.kind, None
    if layer.activation is not None:
        activation = activation_name(layer.activation_values)
        if activation is None:
            raise RebuildError(_of(layer, f"its activation '{layer.activation}' is unknown"))
        if is_activation(layer):
            kind = "Activation"
    elif kind not in LAYER_ATTRIBUTES and kind not in _PLAIN:
        raise RebuildError(_of(layer, f"the judge does not know {kind} layers"))
    # As a text, 1 and 1.0 and True are three.
    text = repr((kind, sorted(layer.attributes.items()), activation))
    drawn = Blueprint(text, kind, layer.attributes, activation)
    try:
        _unbuilt(drawn)
    except Exception as error:
        raise RebuildError(_of(layer, _first_line(error))) from None
    return drawn


def _new(blueprint: Blueprint) -> keras.Layer:
    arguments: dict[str, object] = dict(blueprint.arguments)
    if blueprint.activation is not None:
        arguments["activation"] = ACTIVATIONS[blueprint.activation]
    return getattr(keras.layers, blueprint.kind)(**arguments)


_unbuilt = functools.lru_cache(MAX_KEPT)(_new)
"""A layer that is asked for nothing but shapes."""


def _output_shape(blueprint: Blueprint, layer: LayerEvidence, inputs: tuple[Shape, ...]) -> Shape:
    """The shape of what the layer makes of inputs of these shapes. Raises RebuildError."""
    try:
        shape = _computed_shape(blueprint, inputs)
    except Exception as error:
        raise RebuildError(_of(layer, _first_line(error))) from None
    if min(shape) < 1:
        raise RebuildError(_of(layer, f"nothing is left of the image: {shape[1:]}"))
    if math.prod(shape) > MAX_VALUES:
        raise RebuildError(_of(layer, f"its output {shape[1:]} is too large to be judged"))
    return shape


@functools.lru_cache(MAX_KEPT)
def _computed_shape(blueprint: Blueprint, inputs: tuple[Shape, ...]) -> Shape:
    shape = _unbuilt(blueprint).compute_output_shape(inputs[0] if len(inputs) == 1 else list(inputs))
    return tuple(int(side) for side in shape)


def _run(blueprint: Blueprint, layer: LayerEvidence, shapes: tuple[Shape, ...], inputs: object):
    """What the layer makes of its input, or list of them, with the weights of the evidence."""
    _check_size(layer, shapes)
    wanted = tuple(weights.shape for weights in layer.weights)
    small = sum(weights.size for weights in layer.weights) <= MAX_KEPT_WEIGHTS
    try:
        built = (_kept if small else _built)(blueprint, shapes, wanted)
        # In this scope the layer's variables have these values, and its own are neither read nor set.
        with keras.StatelessScope(list(zip(built.weights, layer.weights, strict=True))):
            return built(inputs, training=False)
    except Exception as error:
        raise RebuildError(_of(layer, _first_line(error))) from None


def _built(blueprint: Blueprint, inputs: tuple[Shape, ...], weights: tuple[Shape, ...]) -> keras.Layer:
    """The layer, with variables for weights of these shapes. Raises ValueError if it has others."""
    layer = _new(blueprint)
    layer.build(inputs[0] if len(inputs) == 1 else list(inputs))
    wanted = tuple(tuple(variable.shape) for variable in layer.weights)
    if weights != wanted:
        raise ValueError(f"its weights have the shapes {weights}, not {wanted}")
    return layer


_kept = functools.lru_cache(MAX_KEPT)(_built)


def _check_size(layer: LayerEvidence, inputs: tuple[Shape, ...]) -> None:
    """Raises RebuildError where the layer's variables would be too large to be made."""
    attributes = layer.attributes
    fan_in = math.prod(inputs[0][1:]) if layer.kind == "Dense" else inputs[0][-1]
    wanted = fan_in * max(_largest(attributes.get("filters", 1)), _largest(attributes.get("units", 1)))
    kernel = attributes.get("kernel_size", (1,))
    if wanted * math.prod(kernel if isinstance(kernel, tuple) else (1,)) > 4 * MAX_VALUES:
        raise RebuildError(_of(layer, "its weights are too many to be judged"))


def _largest(value: object) -> float:
    if isinstance(value, tuple):
        return max((_largest(item) for item in value), default=0)
    return abs(value) if isinstance(value, int | float) else 0


def _of(layer: LayerEvidence, problem: str) -> str:
    return f"layer '{layer.name}' ({layer.kind}): {problem}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
