"""Networks are rebuilt from evidence; a layer that would be too large is refused before it is built."""

import dataclasses

import numpy as np
import pytest
from by_hand import conv, evidence, network, one_convolution, point, prescribed, up
from the_lab import EXERCISES

from autograder.judge import rebuild
from autograder.judge.behaviour import verified
from autograder.judge.doubt import kind_text
from autograder.judge.rebuild import RebuildError
from autograder.protocol.evidence import ACTIVATION_PROBE

IMAGES = np.random.default_rng(0).random((3, 28, 28, 1), np.float32)


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.notebook)
def test_the_prescribed_network_makes_images_of_images(exercise):
    shapes = rebuild.output_shapes(network(*prescribed(exercise)).layers)
    assert shapes[-1] == (1, 28, 28, 1)
    assert len(shapes) == len(prescribed(exercise))


def test_a_network_is_run_with_its_own_weights():
    np.testing.assert_allclose(rebuild.run(one_convolution(point()), IMAGES), IMAGES)
    np.testing.assert_allclose(
        rebuild.run(one_convolution(point(2), 1), IMAGES), 2 * IMAGES + 1, rtol=1e-6
    )


TOO_LARGE = {
    "dilation": conv(16, dilation_rate=(4096, 4096)),
    "channels": conv(10_000),
    "kernel": conv(16, kernel_size=(5000, 5000)),
    "output": up(100),
    "weights": conv(4096, kernel_size=(64, 64)),
}


@pytest.mark.parametrize("layer", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_would_be_too_large_is_refused(layer):
    weights = (np.zeros((3, 3, 1, 16), np.float32), np.zeros(16, np.float32))
    with pytest.raises(RebuildError, match=r"too (large|many)"):
        rebuild.run(network(dataclasses.replace(layer, weights=weights)), IMAGES)


@pytest.mark.parametrize("dilation", [65, 4096, 5000])
def test_a_layer_that_is_too_large_to_be_tried_is_doubted(dilation):
    forged = network(conv(16, dilation_rate=(dilation, dilation)), conv(1, "sigmoid"))
    first, _ = verified(evidence("encoder", forged)).model.layers
    assert kind_text(first) == "Conv2D that could not be tried (its sizes are too large to be judged)"


def test_a_layer_that_takes_its_input_from_nowhere_is_refused():
    model = network(conv(1))
    endless = dataclasses.replace(model.layers[0], inputs=(0,))
    with pytest.raises(RebuildError, match="come from nowhere"):
        rebuild.run(dataclasses.replace(model, layers=(endless,)), IMAGES)


def test_an_activation_of_ones_own_is_run_by_its_values():
    own = dataclasses.replace(one_convolution(point()).layers[0], activation="its own")
    values = tuple(float(value) for value in np.sin(ACTIVATION_PROBE))
    model = network(dataclasses.replace(own, activation_values=values))
    np.testing.assert_allclose(rebuild.run(model, IMAGES), np.sin(IMAGES), atol=0.03)


def test_an_activation_that_gives_no_numbers_cannot_be_run():
    own = dataclasses.replace(one_convolution(point()).layers[0], activation="its own")
    for values in ((float("nan"),) * len(ACTIVATION_PROBE), (1.0,)):
        with pytest.raises(RebuildError, match="its activation 'its own' is unknown"):
            rebuild.run(network(dataclasses.replace(own, activation_values=values)), IMAGES)
