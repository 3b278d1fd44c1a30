"""The cost of a network is estimated before it is built; a network that costs too much is refused."""

import dataclasses
import subprocess
import sys
import time
import weakref

import keras
import numpy as np
import pytest
from by_hand import CHANNELS_LAST, activation, conv, evidence, layer, network, pool, up

from autograder.judge import rebuild, workload
from autograder.judge.architecture import refusal
from autograder.judge.behaviour import verified
from autograder.judge.doubt import kind_text
from autograder.judge.rebuild import RebuildError, TooLargeError

SIZES = {"strides": (1, 1), "padding": "same", "dilation_rate": (1, 1), "use_bias": True} | CHANNELS_LAST
GRADED_IMAGES = 250


def depthwise(kernel: int, multiplier: int):
    sizes = {"kernel_size": (kernel, kernel), "depth_multiplier": multiplier}
    return layer("DepthwiseConv2D", "linear", **SIZES | sizes)


def separable(filters: int, kernel: int, multiplier: int, **changes):
    sizes = {"filters": filters, "kernel_size": (kernel, kernel), "depth_multiplier": multiplier}
    return layer("SeparableConv2D", "linear", **SIZES | sizes | changes)


def transposed(filters: int, kernel: int, strides: int = 1):
    sizes = {"filters": filters, "kernel_size": (kernel, kernel), "strides": (strides, strides)}
    return layer("Conv2DTranspose", "linear", **SIZES | sizes)


def dense(units: int):
    return layer("Dense", "linear", units=units, use_bias=True)


def normalization(axis: int = -1, **changes):
    attributes = {"axis": axis, "epsilon": 1e-3, "center": True, "scale": True}
    return layer("BatchNormalization", **attributes | changes)


def window(size: int):
    sizes = {"pool_size": (size, size), "strides": (1, 1), "padding": "same"}
    return layer("MaxPooling2D", **sizes | CHANNELS_LAST)


def same():
    return layer("Rescaling", scale=1.0, offset=0.0)


def images(count: int = 1, side: int = 28, channels: int = 1) -> np.ndarray:
    return np.zeros((count, side, side, channels), np.float32)


def fed(*layers):
    """A network of layers, each with the indices of its inputs."""
    model = network(*(each for each, _ in layers))
    joined = (
        dataclasses.replace(each, inputs=inputs)
        for each, (_, inputs) in zip(model.layers, layers, strict=True)
    )
    return dataclasses.replace(model, layers=tuple(joined))


def with_weights(model):
    """The network with weights as its layers need them."""
    drawn = list(rebuild._drawn(model.layers, (28, 28, 1)))
    layers = (
        dataclasses.replace(each, weights=tuple(np.zeros(s, np.float32) for s in known.load.weights))
        for each, known in zip(model.layers, drawn, strict=True)
    )
    return dataclasses.replace(model, layers=tuple(layers))


KINDS = {
    "Conv2D": conv(6, groups=2, kernel_size=(3, 5)),
    "Conv2D without bias": conv(6, use_bias=False, dilation_rate=(2, 2)),
    "Conv2DTranspose": transposed(6, 3, 2),
    "SeparableConv2D": separable(6, 3, 2),
    "SeparableConv2D, channels first": separable(6, 3, 2, data_format="channels_first"),
    "DepthwiseConv2D": depthwise(3, 2),
    "Dense": dense(6),
    "BatchNormalization": normalization(),
    "BatchNormalization of rows": normalization(1, center=False),
    "LayerNormalization": layer("LayerNormalization", axis=-1, epsilon=1e-3, center=True, scale=True),
    "LayerNormalization of images": layer(
        "LayerNormalization", axis=(1, 2, 3), epsilon=1e-3, center=False, scale=True
    ),
    "GroupNormalization": layer(
        "GroupNormalization", groups=2, axis=-1, epsilon=1e-3, center=True, scale=True
    ),
    "UnitNormalization": layer("UnitNormalization", axis=-1),
    "PReLU": layer("PReLU", shared_axes=None),
    "PReLU shared": layer("PReLU", shared_axes=(1, 2)),
    "Permute": layer("Permute", dims=(2, 1, 3)),
    "Resizing": layer(
        "Resizing",
        height=14,
        width=14,
        interpolation="bilinear",
        crop_to_aspect_ratio=False,
        pad_to_aspect_ratio=False,
        fill_mode="constant",
        fill_value=0.0,
        antialias=False,
        **CHANNELS_LAST,
    ),
    "MaxPooling2D": pool(),
    "UpSampling2D": up(),
    "Rescaling": same(),
    "Flatten": layer("Flatten"),
    "GlobalAveragePooling2D": layer("GlobalAveragePooling2D"),
    "Reshape": layer("Reshape", target_shape=(16, -1)),
    "ZeroPadding2D": layer("ZeroPadding2D", padding=((1, 1), (2, 2)), **CHANNELS_LAST),
    "Cropping2D": layer("Cropping2D", cropping=((1, 1), (2, 2)), **CHANNELS_LAST),
    "Activation": activation("relu"),
    "Dropout": layer("Dropout"),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_weights_of_a_layer_are_known_before_it_is_built(kind):
    inputs = ((1, 8, 10, 4),)
    drawn = rebuild._draw(rebuild.blueprint(kind), kind, inputs)
    unbuilt = rebuild._unbuilt(drawn.blueprint)
    assert not unbuilt.weights
    built = rebuild._built(drawn.blueprint, inputs)
    assert drawn.load.weights == tuple(tuple(variable.shape) for variable in built.weights)
    if kind.attributes.get("data_format") != "channels_first":
        assert built(keras.ops.zeros(inputs[0])).shape == drawn.shape


CHAIN = network(up(35), *[same() for _ in range(60)], pool(size=35))
ENDLESS = {
    "an intermediate image of 45,000 channels": (separable(16, 64, 2800), images(channels=16)),
    "weights of 180 million": (separable(1, 8, 4000), images(channels=700)),
    "a large kernel on a large image": (conv(1, kernel_size=(128, 128)), images(side=1000)),
    "a large kernel for each channel": (depthwise(128, 1), images(side=1000)),
    "places written down 4,096 times": (transposed(1, 64), images(side=1000)),
    "a large window": (window(400), images(side=1000)),
    "an image spread out": (conv(256, kernel_size=(9, 9), dilation_rate=(64, 64)), images(side=100)),
    "a long row": (dense(4000), images(side=900)),
    "an output of 8 million": (up(2), images(side=1000, channels=2)),
}


@pytest.mark.parametrize(("monster", "given"), ENDLESS.values(), ids=ENDLESS)
def test_a_layer_that_takes_too_much_is_refused_before_it_is_built(monster, given, monkeypatch):
    monkeypatch.setattr(rebuild, "_built", must_not_be_done)
    monkeypatch.setattr(rebuild, "_kept", must_not_be_done)
    inputs = ((1, *given.shape[1:]),)
    weights = rebuild._estimated(rebuild.blueprint(monster), inputs)[1].weights
    if sum(np.prod(shape) for shape in weights) < 2**20:
        monster = dataclasses.replace(monster, weights=tuple(np.zeros(s, np.float32) for s in weights))
    started = time.process_time()
    with pytest.raises(RebuildError, match=r"too large|weights have the shapes"):
        rebuild.run_layer(rebuild.blueprint(monster), monster, given)
    assert time.process_time() - started < 2


def must_not_be_done(*_):
    pytest.fail("a layer was built")


def test_a_layer_without_the_weights_it_needs_is_refused(monkeypatch):
    monkeypatch.setattr(rebuild, "_built", must_not_be_done)
    monkeypatch.setattr(rebuild, "_kept", must_not_be_done)
    with pytest.raises(RebuildError, match=r"weights have the shapes \(\), not"):
        rebuild.run(network(conv(16)), images())


TOO_MUCH = {
    "layers": network(*[same() for _ in range(4096)]),
    "inputs": fed((same(), (-1,)), *[(layer("Add"), (0,) * 200) for _ in range(10)]),
    "images held": fed(
        *[(up(46), (-1,)) for _ in range(40)],
        (layer("Average"), tuple(range(40))),
        (pool(size=46), (40,)),
    ),
    "work": network(up(30), *[conv(4, kernel_size=(9, 9)) for _ in range(3)], pool(size=30)),
}


@pytest.mark.parametrize("model", TOO_MUCH.values(), ids=TOO_MUCH)
def test_a_network_that_takes_too_much_is_refused_before_it_is_built(model, monkeypatch):
    monkeypatch.setattr(rebuild, "_built", must_not_be_done)
    monkeypatch.setattr(rebuild, "_kept", must_not_be_done)
    with pytest.raises(TooLargeError, match=r"too (large|many)"):
        rebuild.run(model, images(GRADED_IMAGES))


def test_answers_that_are_too_large_together_are_refused():
    assert rebuild.run(network(up(35)), images(1)).shape == (1, 980, 980, 1)
    with pytest.raises(TooLargeError, match="too large"):
        rebuild.run(network(up(35)), images(GRADED_IMAGES))


def test_images_of_another_size_count_as_large_as_they_are():
    model = with_weights(network(conv(16)))
    assert rebuild.run(model, images(2, 32)).shape == (2, 32, 32, 16)
    with pytest.raises(TooLargeError, match="too large"):
        rebuild.run(model, images(1, 1000))


def test_no_layer_of_a_network_with_too_many_layers_is_tried():
    shown = verified(evidence("encoder", TOO_MUCH["layers"]))
    assert "too many to be judged" in refusal(shown.model, "layers").found


def test_a_layer_that_takes_too_much_is_said_not_to_have_been_tried():
    monster, given = ENDLESS["a large kernel on a large image"]
    forged = dataclasses.replace(monster, input_shape=given.shape[1:], response=(0.0,) * 24)
    (found,) = verified(evidence("encoder", network(forged))).model.layers
    assert kind_text(found) == "Conv2D that could not be tried"


@pytest.mark.parametrize(
    ("model", "held"),
    [
        (CHAIN, 2),
        (
            fed((same(), (-1,)), (same(), (0,)), (same(), (1,)), (layer("Add"), (0, 2)), (same(), (3,))),
            3,
        ),
        (fed((same(), (-1,)), (same(), (-1,)), (layer("Add"), (0, 1)), (same(), (2,))), 3),
        (fed((same(), (-1,)), *[(same(), (0,)) for _ in range(20)]), 2),
    ],
    ids=["a chain", "a shortcut", "two branches", "dead ends"],
)
def test_no_more_is_held_than_is_still_needed(model, held, monkeypatch):
    outputs, most, run = [], [], rebuild._run

    def watched(*arguments):
        output = run(*arguments)
        outputs.append(weakref.ref(output))
        most.append(sum(known() is not None for known in outputs))
        return output

    monkeypatch.setattr(rebuild, "_run", watched)
    rebuild.run(model, images(2))
    assert max(most) <= held


def test_what_is_held_at_once_is_counted():
    each = workload.Workload((), 10, 5, 0)
    assert workload.most_held([each] * 5, [(i - 1,) for i in range(5)], 3) == 10 + 10 + 5
    assert workload.most_held([each] * 3, [(-1,), (-1,), (0, 1)], 3) == 3 * 10 + 5
    assert workload.most_held([each] * 3, [(-1,), (0,), (-1,)], 3) == 3 + 10 + 10 + 5


def test_images_are_run_in_batches_that_fit(monkeypatch):
    model, sizes, run = network(up(4), pool(size=4)), [], rebuild._run_batch
    monkeypatch.setattr(workload, "MOST_HELD", 10**6)
    monkeypatch.setattr(
        rebuild, "_run_batch", lambda *arguments: sizes.append(len(arguments[-1])) or run(*arguments)
    )
    given = np.random.default_rng(0).random((100, 28, 28, 1), np.float32)
    np.testing.assert_array_equal(rebuild.run(model, given), given)
    assert sum(sizes) == 100
    assert max(sizes) * 4 * 4 * 784 * 6 <= 10**6


LIKELY = {
    "128 channels": network(conv(128), pool(), conv(128), up(), conv(128), conv(1, "sigmoid")),
    "256 channels": network(conv(16), conv(256), conv(128), conv(64), conv(1, "sigmoid")),
    "512 channels": network(conv(512), pool(), conv(128), up(), conv(512), conv(1, "sigmoid")),
    "kernels of 7×7": network(*[conv(64, kernel_size=(7, 7)) for _ in range(3)], conv(1, "sigmoid")),
    "fully connected": network(
        *(layer("Flatten"), dense(900), activation("relu"), dense(784), activation("sigmoid")),
        layer("Reshape", target_shape=(28, 28, 1)),
    ),
    "doubled where it should be halved": network(
        *(conv(64), up(), conv(64), up(), conv(64), up(), conv(64), pool(), pool(), pool()),
        conv(1, "sigmoid"),
    ),
    "transposed": network(
        conv(64), pool(), transposed(64, 3, 2), transposed(128, 5), conv(1, "sigmoid")
    ),
    "separable": network(separable(128, 5, 4), separable(64, 7, 2), depthwise(5, 2), conv(1, "sigmoid")),
    "dilated": network(*[conv(64, dilation_rate=(d, d)) for d in (2, 4, 8, 16)], conv(1, "sigmoid")),
    "deep": network(
        *[each for _ in range(40) for each in (conv(16), normalization(), activation("relu"))]
    ),
}


@pytest.mark.parametrize("model", LIKELY.values(), ids=LIKELY)
def test_a_network_that_a_beginner_may_write_is_judged(model):
    model = with_weights(model)
    drawn = list(rebuild._drawn(model.layers, (28, 28, 1)))
    assert rebuild._batch_size(drawn, model.layers, images(GRADED_IMAGES)) >= 1
    for each, known in zip(model.layers, drawn, strict=True):
        rebuild._check_size(known, each)


def test_memory_beyond_the_judges_own_limit_is_refused():
    program = (
        "from autograder.grading import judge_limits\n"
        "judge_limits.limit()\n"
        "import numpy as np\n"
        "np.ones(2**27)\n"
        "try:\n"
        "    np.ones(2**28)\n"
        "except MemoryError:\n"
        "    print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "refused\n", done.stderr
