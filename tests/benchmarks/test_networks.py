"""The networks of the benchmark are those that the lab prescribes."""

import pytest
from the_lab import EXERCISES

from autograder.lab import IMAGE_SHAPE

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_a_network_has_the_prescribed_layers(exercise):
    from benchmarks.networks import build

    network = build(exercise)

    prescribed = (*exercise.encoder, *exercise.decoder, exercise.output)
    assert [type(layer).__name__ for layer in network.layers] == [layer.kind for layer in prescribed]
    assert [layer.filters for layer in network.layers if hasattr(layer, "filters")] == [
        layer.filters for layer in prescribed if layer.filters
    ]
    assert network.output_shape == (None, *IMAGE_SHAPE)
