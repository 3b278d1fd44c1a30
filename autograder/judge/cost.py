"""What a layer takes before it is built or run: weights, memory and work, from sizes alone.

All are for one image. Nothing here makes a variable or a tensor: a text of 1 KiB may describe a layer
that takes gigabytes or minutes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import keras

Shape = tuple[int, ...]

MOST_WORK = 10**12
"""Steps of a network for all images it is run on: 35 to 70 s on one core.

A step is a multiplication and an addition. One core does 20 to 40 thousand million of them a second in a
convolution of 16 channels or more; with fewer it is up to 300 times slower, so that those count as 16
(measured: 0.13 from 1 channel to 1 with a 128×128 kernel, 33 of those counted).
"""
MOST_WORK_OF_LAYER = 10**10
"""Steps of one layer for one image, half a second.

The lab's take 2 million; 64 channels on 224×224, as of a network that doubles where it should halve,
1,800 million. Weights that fit into a message take at most 3,000 million on images of 28×28.
"""
MOST_HELD = 2**26
"""Values that are held at once, 256 MiB: for one image, or for all that are run together."""
_FEW_CHANNELS = 16
_PER_VALUE = 50
"""Steps that any layer takes for each value: activations do 70 (gelu) to 1,400 (relu) million/s."""
_COPIES = 5
"""Of a layer's output while it is worked out: gelu and hard_sigmoid take so many, a convolution two."""


@dataclass(frozen=True)
class Cost:
    """What one layer takes for one image."""

    weights: tuple[Shape, ...]
    """The shapes of its variables."""
    output: int
    """Values of what it answers."""
    scratch: int
    """Values held while it runs, besides its inputs and its output."""
    work: int
    """Steps."""


def of_layer(layer: keras.Layer, inputs: tuple[Shape, ...], output: Shape) -> Cost:
    """What an unbuilt layer takes. inputs, output: shapes for one image, (1, …)."""
    estimate = _OF_KIND.get(type(layer).__name__, _of_any)
    weights, scratch, work = estimate(layer, inputs[0], output)
    values = math.prod(output)
    passed = values + sum(math.prod(shape) for shape in inputs)
    return Cost(weights, values, scratch + _COPIES * values, work + _PER_VALUE * passed)


def last_uses(fed: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """After each operation, the indices of what no later one needs; -1 is the network's input.

    fed: the indices of what goes into each operation. What comes out of the last one is kept.
    """
    last = {position: position for position in range(-1, len(fed) - 1)}
    for position, inputs in enumerate(fed):
        last.update(dict.fromkeys(inputs, position))
    done: list[list[int]] = [[] for _ in fed]
    for index, position in last.items():
        done[max(position, 0)].append(index)
    return [tuple(indices) for indices in done]


def most_held(costs: Sequence[Cost], fed: Sequence[tuple[int, ...]], image: int) -> int:
    """Values of one image that are held at once, at most, if each is dropped after its last use.

    image: values of the network's input.
    """
    held, most = image, 0
    for cost, done in zip(costs, last_uses(fed), strict=True):
        held += cost.output
        most = max(most, held + cost.scratch)
        held -= sum(image if index == -1 else costs[index].output for index in done)
    return most


def _of_any(layer: keras.Layer, source: Shape, output: Shape) -> tuple[tuple[Shape, ...], int, int]:
    return (), 0, 0


def _of_convolution(layer: keras.Layer, source: Shape, output: Shape):
    channels, _ = _split(layer, source)
    _, places = _split(layer, output)
    groups, filters = int(layer.groups), int(layer.filters)
    kernel = (*_ints(layer.kernel_size), channels // groups, filters)
    work = math.prod(places) * _multiplied(layer.kernel_size, groups, channels, filters)
    return _with_bias(layer, kernel, filters), _spread(layer, source, channels + filters), work


def _of_transposed(layer: keras.Layer, source: Shape, output: Shape):
    channels, places = _split(layer, source)
    filters = int(layer.filters)
    kernel = (*_ints(layer.kernel_size), filters, channels)
    # TensorFlow writes down what each place adds to the output before it sums that up.
    scratch = math.prod(places) * math.prod(kernel[:-1])
    work = math.prod(places) * _multiplied(layer.kernel_size, 1, channels, filters)
    return _with_bias(layer, kernel, filters), scratch, work + _PER_VALUE * scratch // _COPIES


def _of_depthwise(layer: keras.Layer, source: Shape, output: Shape):
    channels, _ = _split(layer, source)
    _, places = _split(layer, output)
    made = channels * int(layer.depth_multiplier)
    kernel = (*_ints(layer.kernel_size), channels, int(layer.depth_multiplier))
    work = math.prod(places) * _multiplied(layer.kernel_size, 1, *kernel[-2:])
    return _with_bias(layer, kernel, made), _spread(layer, source, channels + made), work


def _of_separable(layer: keras.Layer, source: Shape, output: Shape):
    channels, _ = _split(layer, source)
    _, places = _split(layer, output)
    made, filters = channels * int(layer.depth_multiplier), int(layer.filters)
    depthwise = (*_ints(layer.kernel_size), channels, int(layer.depth_multiplier))
    weights = (depthwise, *_with_bias(layer, (1, 1, made, filters), filters))
    scratch = math.prod(places) * made + _spread(layer, source, channels + made)
    multiplied = _multiplied(layer.kernel_size, 1, *depthwise[-2:])
    return weights, scratch, math.prod(places) * (multiplied + _multiplied((1,), 1, made, filters))


def _of_pooling(layer: keras.Layer, source: Shape, output: Shape):
    channels, places = _split(layer, output)
    return (), 0, math.prod(places) * _multiplied(layer.pool_size, 1, channels, 1)


def _of_dense(layer: keras.Layer, source: Shape, output: Shape):
    kernel = (source[-1], int(layer.units))
    work = math.prod(source[:-1]) * _multiplied((1,), 1, *kernel)
    return _with_bias(layer, kernel, kernel[-1]), 0, work


def _of_normalization(layer: keras.Layer, source: Shape, output: Shape):
    return ((source[layer.axis],),) * (2 + bool(layer.scale) + bool(layer.center)), 0, 0


def _of_layer_normalization(layer: keras.Layer, source: Shape, output: Shape):
    axes = layer.axis if isinstance(layer.axis, list | tuple) else (layer.axis,)
    shape = tuple(source[axis] for axis in axes)
    return (shape,) * (bool(layer.scale) + bool(layer.center)), 0, 0


def _of_group_normalization(layer: keras.Layer, source: Shape, output: Shape):
    return ((source[layer.axis],),) * (bool(layer.scale) + bool(layer.center)), 0, 0


def _of_prelu(layer: keras.Layer, source: Shape, output: Shape):
    shared = layer.shared_axes or ()
    return (tuple(1 if axis in shared else side for axis, side in enumerate(source) if axis),), 0, 0


_OF_KIND = {
    "Conv2D": _of_convolution,
    "Conv2DTranspose": _of_transposed,
    "DepthwiseConv2D": _of_depthwise,
    "SeparableConv2D": _of_separable,
    "MaxPooling2D": _of_pooling,
    "AveragePooling2D": _of_pooling,
    "Dense": _of_dense,
    "BatchNormalization": _of_normalization,
    "LayerNormalization": _of_layer_normalization,
    "GroupNormalization": _of_group_normalization,
    "PReLU": _of_prelu,
}
"""Those that have weights, or take more than a few steps for each value that goes in or comes out."""


def _multiplied(window: Sequence[int], groups: int, channels: int, made: int) -> int:
    """Steps at one place, of channels and what is made of them in groups; few count as more."""
    pairs = max(channels // groups, _FEW_CHANNELS) * max(made // groups, _FEW_CHANNELS)
    return math.prod(_ints(window)) * groups * pairs


def _spread(layer: keras.Layer, source: Shape, channels: int) -> int:
    """Values of the images that a dilated convolution is worked out on: they are padded all around."""
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
