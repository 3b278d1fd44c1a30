"""The network of a submission, built anew from evidence: known classes, checked sizes, no code."""

import math

import keras
import numpy as np

from autograder.evidence import ACTIVATION_PROBE, LAYER_ATTRIBUTES, LayerEvidence, ModelEvidence
from autograder.lab import IMAGE_SHAPE

MAX_SIDE = 4096
MAX_VALUES = 4_000_000
BATCH = 125

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


_known_values: dict[str, np.ndarray] = {}


def activation_name(values: tuple[float, ...]) -> str | None:
    """The known activation that returns these values at ACTIVATION_PROBE, if there is one."""
    if len(values) != len(ACTIVATION_PROBE):
        return None
    if not _known_values:
        probe = keras.ops.convert_to_tensor(ACTIVATION_PROBE[None])
        for name, function in ACTIVATIONS.items():
            _known_values[name] = keras.ops.convert_to_numpy(function(probe))[0]
    found = np.asarray(values)
    for name, known in _known_values.items():
        if np.all(np.abs(found - known) <= _ACTIVATION_TOLERANCE * (1 + np.abs(known))):
            return name
    return None


def is_activation(layer: LayerEvidence) -> bool:
    """Whether the operation does nothing but apply an activation to each value."""
    return layer.activation is not None and layer.kind not in LAYER_ATTRIBUTES


def run_layer(built: keras.Layer, layer: LayerEvidence, images: np.ndarray) -> np.ndarray:
    """What one layer makes of its input (n, …), constructed with these weights. Raises RebuildError."""
    shape = (1, *images.shape[1:])
    _output_shape(built, layer, [shape])
    _build(built, layer, [shape])
    try:
        output = built(keras.ops.convert_to_tensor(images), training=False)
    except Exception as error:
        raise RebuildError(_of(layer, _first_line(error))) from None
    return keras.ops.convert_to_numpy(output)


def output_shapes(layers: tuple[LayerEvidence, ...]) -> list[tuple[int, ...]]:
    """The shape after each operation for one 28×28×1 image. Raises RebuildError."""
    return [shape for _, shape in _constructed(layers)]


def run(model: ModelEvidence, images: np.ndarray) -> np.ndarray:
    """What the network makes of images (n, 28, 28, 1), as a float32 array. Raises RebuildError."""
    if model.problem:
        raise RebuildError(model.problem)
    if not model.layers:
        raise RebuildError("the network has no layers")
    layers = _constructed(model.layers)
    batches = [images[i : i + BATCH] for i in range(0, len(images), BATCH)]
    for (layer, _), evidence in zip(layers, model.layers, strict=True):
        _build(layer, evidence, [_shape_before(layers, i) for i in evidence.inputs])
    return np.concatenate([_run_batch(layers, model.layers, batch) for batch in batches])


def _run_batch(layers: list, evidence: tuple[LayerEvidence, ...], batch: np.ndarray) -> np.ndarray:
    source = keras.ops.convert_to_tensor(batch)
    results: list = []
    for (layer, _), described in zip(layers, evidence, strict=True):
        inputs = [source if i == -1 else results[i] for i in described.inputs]
        try:
            results.append(layer(inputs[0] if len(inputs) == 1 else inputs, training=False))
        except Exception as error:
            raise RebuildError(_of(described, _first_line(error))) from None
    return keras.ops.convert_to_numpy(results[-1])


def _constructed(layers: tuple[LayerEvidence, ...]) -> list[tuple[keras.Layer, tuple[int, ...]]]:
    """Each layer, not yet built, with the shape of its output for one image."""
    made: list[tuple[keras.Layer, tuple[int, ...]]] = []
    for position, evidence in enumerate(layers):
        if not evidence.inputs or any(not -1 <= i < position for i in evidence.inputs):
            raise RebuildError(_of(evidence, "its inputs come from nowhere"))
        if len(evidence.inputs) > 1 and evidence.kind not in _MERGING:
            raise RebuildError(_of(evidence, "it takes one input"))
        inputs = [_shape_before(made, i) for i in evidence.inputs]
        layer = construct(evidence)
        made.append((layer, _output_shape(layer, evidence, inputs)))
    return made


def _output_shape(layer: keras.Layer, evidence: LayerEvidence, inputs: list) -> tuple[int, ...]:
    """The shape of what the layer makes of inputs of these shapes. Raises RebuildError."""
    try:
        shape = layer.compute_output_shape(inputs[0] if len(inputs) == 1 else inputs)
        shape = tuple(int(side) for side in shape)
    except Exception as error:
        raise RebuildError(_of(evidence, _first_line(error))) from None
    if min(shape) < 1:
        raise RebuildError(_of(evidence, f"nothing is left of the image: {shape[1:]}"))
    if math.prod(shape) > MAX_VALUES:
        raise RebuildError(_of(evidence, f"its output {shape[1:]} is too large to be judged"))
    return shape


def _shape_before(made: list, index: int) -> tuple[int, ...]:
    return (1, *IMAGE_SHAPE) if index == -1 else made[index][1]


def construct(evidence: LayerEvidence) -> keras.Layer:
    """The layer that the evidence names, not yet built. Raises RebuildError if it is none known here."""
    if evidence.own_class:
        raise RebuildError(_of(evidence, "it is a class of its own, not one of Keras's"))
    if evidence.kind in _IDENTITY:
        return keras.layers.Identity()
    arguments: dict[str, object] = dict(evidence.attributes)
    if set(arguments) != set(LAYER_ATTRIBUTES.get(evidence.kind, ())):
        raise RebuildError(_of(evidence, "its attributes are not those of its class"))
    if any(_largest(value) > MAX_SIDE for value in arguments.values()):
        raise RebuildError(_of(evidence, "its sizes are too large to be judged"))
    if evidence.activation is not None:
        name = activation_name(evidence.activation_values)
        if name is None:
            raise RebuildError(_of(evidence, f"its activation '{evidence.activation}' is unknown"))
        if is_activation(evidence):
            return keras.layers.Activation(ACTIVATIONS[name])
        arguments["activation"] = ACTIVATIONS[name]
    elif evidence.kind not in LAYER_ATTRIBUTES and evidence.kind not in _PLAIN:
        raise RebuildError(_of(evidence, f"the judge does not know {evidence.kind} layers"))
    try:
        return getattr(keras.layers, evidence.kind)(**arguments)
    except Exception as error:
        raise RebuildError(_of(evidence, _first_line(error))) from None


def _build(layer: keras.Layer, evidence: LayerEvidence, inputs: list[tuple[int, ...]]) -> None:
    """Creates the layer's weights and fills them; their sizes are checked before they are made."""
    if not evidence.weights:
        return
    fan_in = math.prod(inputs[0][1:]) if evidence.kind == "Dense" else inputs[0][-1]
    attributes = evidence.attributes
    wanted = fan_in * max(_largest(attributes.get("filters", 1)), _largest(attributes.get("units", 1)))
    kernel = attributes.get("kernel_size", (1,))
    if wanted * math.prod(kernel if isinstance(kernel, tuple) else (1,)) > 4 * MAX_VALUES:
        raise RebuildError(_of(evidence, "its weights are too many to be judged"))
    try:
        layer.build(inputs[0])
        layer.set_weights(list(evidence.weights))
    except Exception as error:
        raise RebuildError(_of(evidence, _first_line(error))) from None


def _largest(value: object) -> float:
    if isinstance(value, tuple):
        return max((_largest(item) for item in value), default=0)
    return abs(value) if isinstance(value, int | float) else 0


def _of(evidence: LayerEvidence, problem: str) -> str:
    return f"layer '{evidence.name}' ({evidence.kind}): {problem}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
