"""Rebuilds a submission's network from evidence, with known classes and checked sizes, without its code.

Building a layer takes longer than running it, and most students hand in the same few layers. So built
layers are kept, but no student's weights: each call passes the weights to run the layers with.
"""

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from autograder.judge import workload
from autograder.judge.doubt import doubt_of, kind_text
from autograder.judge.workload import Shape, Workload
from autograder.lab import IMAGE_SHAPE
from autograder.protocol.evidence import (
    ACTIVATION_PROBE,
    LAYER_ATTRIBUTES,
    Attribute,
    LayerEvidence,
    ModelEvidence,
)

MAX_LAYERS = 300
"""Most layers of a network that is judged: building one takes milliseconds. The lab's has 14."""
MAX_INPUTS = 1000
"""Most inputs of all layers of a network together."""
MAX_SIDE = 4096
"""Largest number in a layer's attributes."""
MAX_VALUES = 4_000_000
"""Most values in a layer's output for one image."""
MAX_DILATION = 64
"""TensorFlow enlarges the image by the dilation: 4096 takes 22 GiB for an image of 28×28."""
MAX_KEPT = 256
"""Most built layers, shapes and activations that are kept."""
MAX_KEPT_WEIGHTS = 2**16
"""Most weights of a layer that is kept. The largest layer of the lab has 9,248."""
Values = NDArray[Any]
Activation = Callable[[Any], Any]
"""A function of a Keras tensor."""

_IDENTITY = {
    *("Identity", "Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout"),
    *("ActivityRegularization", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom"),
    *("RandomContrast", "RandomBrightness"),
}
"""Layers that return their input unchanged outside training."""
_MERGING = {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"}
_PLAIN = {"Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D", *_MERGING}

ACTIVATIONS: dict[str, Activation] = {
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
    """The network cannot be rebuilt. The message names the layer and the reason."""


class ImpossibleError(RebuildError):
    """Nobody can run the network, as a layer does not fit its input."""


class TooLargeError(RebuildError):
    """A layer or network of known classes is too large to be tried."""


@functools.lru_cache(MAX_KEPT)
def activation_name(values: tuple[float, ...]) -> str | None:
    """Returns the name of the known activation with these values at ACTIVATION_PROBE, if any."""
    if len(values) != len(ACTIVATION_PROBE):
        return None
    found = np.asarray(values)
    for name, known in _known_values().items():
        if np.all(np.abs(found - known) <= _ACTIVATION_TOLERANCE * (1 + np.abs(known))):
            return name
    return None


@functools.cache
def _known_values() -> dict[str, Values]:
    probe = keras.ops.convert_to_tensor(ACTIVATION_PROBE[None])
    return {name: keras.ops.convert_to_numpy(known(probe))[0] for name, known in ACTIVATIONS.items()}


SIGMOID = tuple(float(value) for value in 1 / (1 + np.exp(-ACTIVATION_PROBE.astype(float))))
"""The values of a sigmoid at ACTIVATION_PROBE."""


def unknown_activation(layer: LayerEvidence) -> str:
    """Says that a layer's activation is none of ACTIVATIONS; empty if it is one of them."""
    if layer.activation is None or activation_name(layer.activation_values):
        return ""
    return f"its activation '{layer.activation}' is unknown"


def _by_values(values: tuple[float, ...]) -> Activation | None:
    """Approximates a student's own activation by lines between its values at ACTIVATION_PROBE."""
    if len(values) != len(ACTIVATION_PROBE) or not np.all(np.isfinite(values)):
        return None
    order = np.argsort(ACTIVATION_PROBE)
    points, at_points = ACTIVATION_PROBE[order], np.asarray(values, np.float32)[order]
    slopes = np.diff(at_points) / np.diff(points)

    def activation(x: Any) -> Any:
        flat = keras.ops.reshape(keras.ops.cast(x, "float32"), (-1,))
        line = keras.ops.searchsorted(points[1:-1], flat)
        start, height, slope = (keras.ops.take(each, line) for each in (points, at_points, slopes))
        return keras.ops.reshape(height + slope * (flat - start), keras.ops.shape(x))

    return activation


def is_activation(layer: LayerEvidence) -> bool:
    """Whether a layer does nothing but apply an activation to each value."""
    return layer.activation is not None and layer.kind not in LAYER_ATTRIBUTES


@dataclass(frozen=True)
class Blueprint:
    """A layer without its weights and name. Equal texts mean equal layers."""

    text: str
    kind: str = field(compare=False)
    arguments: dict[str, Attribute] = field(compare=False)
    activation: Activation | None = field(compare=False)


@dataclass(frozen=True)
class _Drawn:
    """A layer and the facts that are known about it before it is built."""

    blueprint: Blueprint
    inputs: tuple[Shape, ...]
    """The shapes of its inputs for one image: (1, …)."""
    shape: Shape
    load: Workload


def run_layer(blueprint: Blueprint, layer: LayerEvidence, images: Values) -> Values:
    """Runs one layer with its weights on its input (n, …). Raises RebuildError."""
    drawn = _draw(blueprint, layer, ((1, *images.shape[1:]),))
    _check_size(drawn, layer)
    output = _run(drawn, layer, keras.ops.convert_to_tensor(images))
    return np.asarray(keras.ops.convert_to_numpy(output))


def output_shapes(layers: tuple[LayerEvidence, ...]) -> list[Shape]:
    """The shape of each layer's output for one image of 28×28×1. Raises RebuildError."""
    return [drawn.shape for drawn in _drawn(layers, IMAGE_SHAPE)]


def possible_shapes(layers: tuple[LayerEvidence, ...]) -> list[Shape]:
    """The shapes up to the first layer that does not fit its input. Raises other RebuildErrors."""
    shapes = []
    try:
        for drawn in _drawn(layers, IMAGE_SHAPE):
            shapes.append(drawn.shape)
    except ImpossibleError:
        pass
    return shapes


def run(model: ModelEvidence, images: Values) -> Values:
    """Runs the network on images (n, 28, 28, 1) and returns its float32 output. Raises RebuildError."""
    if model.problem:
        raise RebuildError(model.problem)
    if not model.layers:
        raise RebuildError("the network has no layers")
    if not images.size:
        raise RebuildError("there are no images to run it on")
    drawn = list(_drawn(model.layers, images.shape[1:]))
    for each, layer in zip(drawn, model.layers, strict=True):
        _check_size(each, layer)
    size = _batch_size(drawn, model.layers, images)
    batches = [images[i : i + size] for i in range(0, len(images), size)]
    return np.concatenate([_run_batch(drawn, model.layers, batch) for batch in batches])


def _batch_size(drawn: list[_Drawn], layers: tuple[LayerEvidence, ...], images: Values) -> int:
    """How many images are run at once. Raises TooLargeError if all of them together take too much."""
    loads = [each.load for each in drawn]
    fed = [layer.inputs for layer in layers]
    work = len(images) * sum(each.work for each in loads)
    if work > workload.MOST_WORK:
        problem = _WORK.format(work, f"{len(images)} images", workload.MOST_WORK)
        raise TooLargeError(f"the network is {problem}")
    held, answer = workload.most_held(loads, fed, images[0].size), loads[-1].output
    if held > workload.MOST_HELD or len(images) * answer > workload.MOST_HELD:
        problem = _HELD.format(f"{held:,} values at once for an image and {answer:,} in each answer")
        raise TooLargeError(f"the network is {problem}")
    return workload.MOST_HELD // held


def _run_batch(drawn: list[_Drawn], layers: tuple[LayerEvidence, ...], batch: Values) -> Values:
    held = {-1: keras.ops.convert_to_tensor(batch)}
    done = workload.last_uses([layer.inputs for layer in layers])
    for position, (each, layer) in enumerate(zip(drawn, layers, strict=True)):
        inputs = [held[i] for i in layer.inputs]
        held[position] = _run(each, layer, inputs[0] if len(inputs) == 1 else inputs)
        for index in done[position]:
            del held[index]
    return np.asarray(keras.ops.convert_to_numpy(held[len(layers) - 1]))


def too_many(layers: tuple[LayerEvidence, ...]) -> str:
    """Says that a network has more layers than are judged; empty if it has not."""
    inputs = sum(len(layer.inputs) for layer in layers)
    if len(layers) <= MAX_LAYERS and inputs <= MAX_INPUTS:
        return ""
    return (
        f"the network has {len(layers)} layers with {inputs} inputs, too many to be judged: "
        f"at most {MAX_LAYERS} with {MAX_INPUTS}"
    )


def _drawn(layers: tuple[LayerEvidence, ...], image: Shape) -> Iterator[_Drawn]:
    """Yields each layer as it would be built for images of this shape."""
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
    """Returns the blueprint of a layer. Raises RebuildError if the judge does not know the layer."""
    # A doubted activation is run all the same: it is known by its values, not by its name.
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
    # 1, 1.0 and True are equal, but their texts are not.
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
"""Returns a layer that only computes shapes."""


def _draw(blueprint: Blueprint, layer: LayerEvidence, inputs: tuple[Shape, ...]) -> _Drawn:
    """Computes a layer's output shape and workload for inputs of these shapes. Raises RebuildError."""
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
def _estimated(blueprint: Blueprint, inputs: tuple[Shape, ...]) -> tuple[Shape, Workload]:
    layer = _unbuilt(blueprint)
    shape = layer.compute_output_shape(inputs[0] if len(inputs) == 1 else list(inputs))
    shape = tuple(int(side) for side in shape)
    return shape, workload.of_layer(layer, inputs, shape)


_WORK = "too large to be judged: {:.1e} multiplications for {}, at most {:.0e} are tried"
_HELD = f"too large to be judged: {{}}, at most {workload.MOST_HELD:,} are held"


def _check_size(drawn: _Drawn, layer: LayerEvidence) -> None:
    """Raises RebuildError if the layer takes too much, or has other weights than it needs."""
    takes = drawn.load
    if takes.work > workload.MOST_WORK_OF_LAYER:
        problem = _WORK.format(takes.work, "one image", workload.MOST_WORK_OF_LAYER)
        raise TooLargeError(_of(layer, f"it is {problem}"))
    if takes.output + takes.scratch > workload.MOST_HELD:
        problem = _HELD.format(f"{takes.output + takes.scratch:,} values at once for one image")
        raise TooLargeError(_of(layer, f"it is {problem}"))
    found = tuple(weights.shape for weights in layer.weights)
    # Thus the size of the message bounds what is built.
    if found != takes.weights:
        raise RebuildError(_of(layer, f"its weights have the shapes {found}, not {takes.weights}"))


def _run(drawn: _Drawn, layer: LayerEvidence, inputs: Any) -> Any:
    """Runs the layer on a tensor, or a list of them, with the weights in the evidence."""
    small = sum(weights.size for weights in layer.weights) <= MAX_KEPT_WEIGHTS
    try:
        built = (_kept if small else _built)(drawn.blueprint, drawn.inputs)
        # In this scope the layer's variables have these values; their own are neither read nor set.
        with keras.StatelessScope(list(zip(built.weights, layer.weights, strict=True))):
            return built(inputs, training=False)
    except (MemoryError, tf.errors.ResourceExhaustedError):
        problem = "it is too large to be judged: the memory does not suffice"
        raise TooLargeError(_of(layer, problem)) from None
    except Exception as error:
        raise RebuildError(_of(layer, _first_line(error))) from None


def _built(blueprint: Blueprint, inputs: tuple[Shape, ...]) -> keras.Layer:
    """Builds the layer, with variables of its own."""
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
