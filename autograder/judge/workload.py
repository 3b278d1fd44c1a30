"""Estimates a layer's weights, memory and work for one image, before the layer is built or run.

Nothing here makes a variable or a tensor: a text of 1 KiB may describe a layer that takes gigabytes or
minutes.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras

Shape = tuple[int, ...]
Estimate = tuple[tuple[Shape, ...], int, int]
"""The shapes of a layer's weights, the values of its scratch memory, and its steps of work."""

MOST_WORK = 10**12
"""Largest number of steps of a network for all images together: 35 to 70 s on one core.

A step is a multiplication and an addition. One core does 20 to 40 thousand million steps a second in a
convolution of at least 16 channels. With fewer channels it is up to 300 times slower, so fewer count as
16. (Measured with one input and one output channel and a 128×128 kernel: 0.13 thousand million real
steps a second, which count as 33.)
"""
MOST_WORK_OF_LAYER = 10**10
"""Largest number of steps of one layer for one image: half a second.

The lab's layers take up to 2 million. Weights that fit into a message take at most 3,000 million on
images of 28×28.
"""
MOST_HELD = 2**26
"""Most values in memory at once (256 MiB): for one image, or for all images in one batch."""
_FEW_CHANNELS = 16
"""Fewer channels are counted as this many."""
_PER_VALUE = 50
"""Steps for each input and output value: activations do 70 (gelu) to 1,400 (relu) million values/s."""
_COPIES = 5
"""Copies of a layer's output that it may hold while it runs: 5 for gelu, 2 for a convolution."""


@dataclass(frozen=True)
class Workload:
    """The weights, memory and work of one layer for one image."""

    weights: tuple[Shape, ...]
    """The shapes of the layer's variables."""
    output: int
    """Number of values of the layer's output."""
    scratch: int
    """Number of values held while the layer runs, besides its inputs and its output."""
    work: int
    """Number of steps."""


def of_layer(layer: keras.Layer, inputs: tuple[Shape, ...], output: Shape) -> Workload:
    """Estimates the load of an unbuilt layer. inputs, output: shapes for one image, (1, …)."""
    estimate = _OF_KIND.get(type(layer).__name__, _of_any)
    weights, scratch, work = estimate(layer, inputs[0], output)
    values = math.prod(output)
    passed = values + sum(math.prod(shape) for shape in inputs)
    return Workload(weights, values, scratch + _COPIES * values, work + _PER_VALUE * passed)


def last_uses(fed: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """For each operation, the indices of the outputs that no later one needs; -1 is the network's input.

    fed: the indices of the outputs that go into each operation. The last operation's output is kept.
    """
    last = {position: position for position in range(-1, len(fed) - 1)}
    for position, inputs in enumerate(fed):
        last.update(dict.fromkeys(inputs, position))
    done: list[list[int]] = [[] for _ in fed]
    for index, position in last.items():
        done[max(position, 0)].append(index)
    return [tuple(indices) for indices in done]


def most_held(loads: Sequence[Workload], fed: Sequence[tuple[int, ...]], image: int) -> int:
    """The most values held at once for one image if each output is dropped after its last use.

    image: the number of values of the network's input.
    """
    held, most = image, 0
    for load, done in zip(loads, last_uses(fed), strict=True):
        held += load.output
        most = max(most, held + load.scratch)
        held -= sum(image if index == -1 else loads[index].output for index in done)
    return most


def _of_any(layer: keras.Layer, source: Shape, output: Shape) -> Estimate:
    return (), 0, 0


def _of_convolution(layer: keras.Layer, source: Shape, output: Shape) -> Estimate:
    channels, _ = _split(layer, source)
    _, places = _split(layer, output)
    groups, filters = int(layer.groups), int(layer.filters)
    kernel = (*_ints(layer.kernel_size), channels // groups, filters)
    work = math.prod(places) * _multiplied(layer.kernel_size, groups, channels, filters)
    return _with_bias(layer, kernel, filters), _spread(layer, source, channels + filters), work


def _of_transposed(layer: keras.Layer, source: Shape, output: Shape) -> Estimate:
    channels, places = _split(layer, source)
    filters = int(layer.filters)
    kernel = (*_ints(layer.kernel_size), filters, channels)
    # TensorFlow stores the contribution of each place to the output before it adds them up.
    scratch = math.prod(places) * math.prod(kernel[:-1])
    work = math.prod(places) * _multiplied(layer.kernel_size, 1, channels, filters)
    return _with_bias(layer, kernel, filters), scratch, work + _PER_VALUE * scratch // _COPIES


def _of_depthwise(layer: keras.Layer, source: Shape, output: Shape) -> Estimate:
    channels, _ = _split(layer, source)
    _, places = _split(layer, output)
    made = channels * int(layer.depth_multiplier)
    kernel = (*_ints(layer.kernel_size), channels, int(layer.depth_multiplier))
    work = math.prod(places) * _multiplied(layer.kernel_size, 1, *kernel[-2:])
    return _with_bias(layer, kernel, made), _spread(layer, source, channels + made), work


def _of_separable(layer: keras.Layer, source: Shape, output: Shape) -> Estimate:
    channels, _ = _split(layer, source)
    _, places = _split(layer, output)
    made, filters = channels * int(layer.depth_multiplier), int(layer.filters)
    depthwise = (*_ints(layer.kernel_size), channels, int(layer.depth_multiplier))
    weights = (depthwise, *_with_bias(layer, (1, 1, made, filters), filters))
    scratch = math.prod(places) * made + _spread(layer, source, channels + made)
    multiplied = _multiplied(layer.kernel_size, 1, *depthwise[-2:])
    return weights, scratch, math.prod(places) * (multiplied + _multiplied((1,), 1, made, filters))


def _of_pooling(layer: keras.Layer, source: Shape, output: Shape) -> Estimate:
    channels, places = _split(layer, output)
    return (), 0, math.prod(places) * _multiplied(layer.pool_size, 1, channels, 1)


def _of_dense(layer: keras.Layer, source: Shape, output: Shape) -> Estimate:
    kernel = (source[-1], int(layer.units))
    work = math.prod(source[:-1]) * _multiplied((1,), 1, *kernel)
    return _with_bias(layer, kernel, kernel[-1]), 0, work


def _of_normalization(layer: keras.Layer, source: Shape, output: Shape) -> Estimate:
    axes = layer.axis if isinstance(layer.axis, list | tuple) else (layer.axis,)
    shape = tuple(source[axis] for axis in axes)
    moving = 2 if isinstance(layer, keras.layers.BatchNormalization) else 0
    return (shape,) * (moving + bool(layer.scale) + bool(layer.center)), 0, 0


def _of_prelu(layer: keras.Layer, source: Shape, output: Shape) -> Estimate:
    shared = layer.shared_axes or ()
    return (tuple(1 if axis in shared else side for axis, side in enumerate(source) if axis),), 0, 0


_OF_KIND: dict[str, Callable[[keras.Layer, Shape, Shape], Estimate]] = {
    "Conv2D": _of_convolution,
    "Conv2DTranspose": _of_transposed,
    "DepthwiseConv2D": _of_depthwise,
    "SeparableConv2D": _of_separable,
    "MaxPooling2D": _of_pooling,
    "AveragePooling2D": _of_pooling,
    "Dense": _of_dense,
    "BatchNormalization": _of_normalization,
    "LayerNormalization": _of_normalization,
    "GroupNormalization": _of_normalization,
    "PReLU": _of_prelu,
}
"""Estimates for kinds of layers with weights, or with many steps for each value."""


def _multiplied(window: Sequence[int], groups: int, channels: int, made: int) -> int:
    """Steps at one place of a layer that makes output channels from groups of input channels."""
    pairs = max(channels // groups, _FEW_CHANNELS) * max(made // groups, _FEW_CHANNELS)
    return math.prod(_ints(window)) * groups * pairs


def _spread(layer: keras.Layer, source: Shape, channels: int) -> int:
    """Values of the padded images that a dilated convolution works on."""
    if max(layer.dilation_rate) == 1:
        return 0
    _, places = _split(layer, source)
    sizes = zip(places, _ints(layer.kernel_size), _ints(layer.dilation_rate), strict=True)
    return channels * math.prod(side + kernel * dilation for side, kernel, dilation in sizes)


def _with_bias(layer: keras.Layer, kernel: Shape, made: int) -> tuple[Shape, ...]:
    return (kernel, (made,)) if layer.use_bias else (kernel,)


def _split(layer: keras.Layer, shape: Shape) -> tuple[int, Shape]:
    """The channels of an image's shape (1, …), and its sides."""
    if layer.data_format == "channels_first":
        return shape[1], shape[2:]
    return shape[-1], shape[1:-1]


def _ints(sizes: Sequence[int]) -> Shape:
    return tuple(int(size) for size in sizes)
