"""A network counts for what it computes: its layers' descriptions are compared with their answers."""

import dataclasses

import corpus
import numpy as np
import pytest
from by_hand import ROWS, fit, sample
from the_lab import AUTOENCODER as EXERCISE

from autograder.protocol.evidence import Evidence

pytestmark = pytest.mark.slow

CASES = {case.id: case for case in corpus.load()}
CALL = fit(*[sample(np.zeros((len(ROWS), 28, 28, 1)), 6000)] * 2)


@pytest.fixture(scope="module")
def messages(kernel):
    """The messages of the test cells on a right network."""
    return kernel.evidence(kernel.run(CASES["architecture-functional"].executed))


@pytest.fixture(scope="module")
def honest(messages):
    """The evidence of the encoder's check."""
    from autograder.protocol.evidence import decode

    return decode(messages["encoder"][0].text)


def with_layer(evidence, position, **changes):
    layers = list(evidence.model.layers)
    layers[position] = dataclasses.replace(layers[position], **changes)
    return dataclasses.replace(evidence, model=dataclasses.replace(evidence.model, layers=tuple(layers)))


def doubts(evidence):
    from autograder.judge.behaviour import verified
    from autograder.judge.doubt import doubt_of, kind_text

    return [kind_text(layer) for layer in verified(evidence).model.layers if doubt_of(layer)]


@pytest.mark.parametrize("number", range(20))
def test_a_loss_that_answers_another_request_is_none(messages, reference, number):
    from the_lab import EXERCISES

    from autograder.judge.compilation import judge_loss
    from autograder.protocol.evidence import decode

    exercise, compiled = EXERCISES["autoencoder"], decode(messages["loss"][0].text)
    assert judge_loss(compiled, exercise, reference).credit == 1
    replayed = dataclasses.replace(compiled, request=f"another {number}")
    assert judge_loss(replayed, exercise, reference).credit == 0


def test_an_honest_network_is_not_doubted(honest):
    assert doubts(honest) == []


def test_answers_to_another_request_show_nothing(honest):
    replayed = dataclasses.replace(honest, request="another")
    layers = [layer for layer in replayed.model.layers if not layer.kind.startswith("Activation")]
    assert len(doubts(replayed)) >= len(layers) - 2


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"response": ()}, "Conv2D that could not be tried"),
        ({"weights": ()}, "Conv2D that is one in name only"),
        ({"input_shape": (10**6, 10**6, 1)}, "Conv2D that is one in name only"),
        ({"input_shape": (-1, 28, 1)}, "Conv2D that is one in name only"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_layer_that_does_not_answer_as_it_should_is_doubted(honest, changes, doubt):
    assert doubts(with_layer(honest, 0, **changes)) == [doubt]


def test_other_weights_than_those_that_answered_are_doubted(honest):
    weights = tuple(2 * w + 1 for w in honest.model.layers[0].weights)
    assert doubts(with_layer(honest, 0, weights=weights)) == ["Conv2D that is one in name only"]


def test_weights_of_zero_are_believed_beside_layers_that_show_what_they_are(honest):
    silent = tuple(np.zeros_like(w) for w in honest.model.layers[0].weights)
    dead = with_layer(honest, 0, weights=silent, response=(0.0,) * 24)
    assert doubts(dead) == []

    forged = with_layer(dead, 2, response=(0.5,) * 24)
    assert doubts(forged)[0] == "Conv2D that answers the same to everything"


def test_half_precision_is_not_doubted(honest):
    rounded = tuple(float(np.float16(value)) for value in honest.model.layers[0].response)
    assert doubts(with_layer(honest, 0, response=rounded)) == []


def conv(weights, request="r"):
    """The evidence of one convolution that answers with these weights."""
    import keras

    from autograder.kernel.describe import describe

    layer = keras.layers.Conv2D(4, 3, padding="same", activation="relu")
    network = keras.Sequential([keras.Input((28, 28, 1)), layer])
    layer.set_weights(weights)
    return Evidence("encoder", request, describe(network, request), (), {}, ())


def weights_of(seed):
    random = np.random.default_rng(seed)
    return [random.normal(0, 1, shape).astype(np.float32) for shape in ((3, 3, 1, 4), (4,))]


def test_networks_of_one_form_are_judged_by_their_own_weights_each(kernel):
    from autograder.judge import rebuild

    first, second = conv(weights_of(1)), conv(weights_of(2))
    image = np.random.default_rng(3).random((1, 28, 28, 1), np.float32)
    before = rebuild.run(first.model, image)
    assert not np.allclose(before, rebuild.run(second.model, image))
    assert np.array_equal(before, rebuild.run(first.model, image))
    assert doubts(first) == doubts(second) == []

    # The answers of one with the weights of the other.
    borrowed = with_layer(second, 0, response=first.model.layers[0].response)
    assert doubts(borrowed) == ["Conv2D that is one in name only"]
    # Nor does one without weights get those of whoever came before.
    stripped = with_layer(first, 0, weights=())
    assert doubts(stripped) == ["Conv2D that is one in name only"]
    with pytest.raises(rebuild.RebuildError, match="weights"):
        rebuild.run(stripped.model, image)


def test_one_layer_may_stand_in_a_network_twice(kernel):
    """The judge builds equal layers once, and runs them with different weights in each place."""
    import keras

    from autograder.judge import rebuild
    from autograder.kernel.describe import describe

    network = keras.Sequential([keras.Input((28, 28, 1))])
    for _ in range(2):
        network.add(keras.layers.Conv2D(1, 3, padding="same"))
        network.add(keras.layers.BatchNormalization())
    random = np.random.default_rng(4)
    network.set_weights([random.random(w.shape, np.float32) for w in network.get_weights()])
    images = random.random((5, 28, 28, 1), np.float32)
    for _ in range(2):
        judged = rebuild.run(describe(network, "r"), images)
        assert np.allclose(judged, network.predict(images, verbose=0), atol=1e-5)


def test_what_looks_alike_is_not_taken_for_the_same_layer(kernel):
    """1, 1.0 and True are equal, but not the same number of filters."""
    from autograder.judge import rebuild

    layer = conv(weights_of(1)).model.layers[0]
    texts = {
        rebuild.blueprint(dataclasses.replace(layer, attributes=layer.attributes | {"groups": one})).text
        for one in (1, True)
    }
    assert len(texts) == 2


def test_the_built_layers_that_are_kept_are_bounded(kernel):
    """The number and size of built layers are bounded, so that nobody fills the judge's memory."""
    from autograder.judge import rebuild

    evidence = conv(weights_of(1))
    layer = evidence.model.layers[0]
    for side in range(3, 3 + rebuild.MAX_KEPT + 20):
        small = dataclasses.replace(layer, input_shape=(3, side, 1))
        rebuild.run_layer(rebuild.blueprint(small), small, np.zeros((1, 3, side, 1), np.float32))
    assert rebuild._kept.cache_info().currsize == rebuild.MAX_KEPT

    weights = (np.zeros((5, 5, 1, 4000), np.float32), np.zeros(4000, np.float32))
    changed = layer.attributes | {"filters": 4000, "kernel_size": (5, 5)}
    large = dataclasses.replace(layer, attributes=changed, weights=weights)
    assert sum(w.size for w in weights) > rebuild.MAX_KEPT_WEIGHTS
    misses = rebuild._kept.cache_info().misses
    rebuild.run_layer(rebuild.blueprint(large), large, np.zeros((1, 3, 3, 1), np.float32))
    assert rebuild._kept.cache_info().misses == misses


@pytest.mark.parametrize(
    ("position", "changes", "reason"),
    [
        (0, {"attributes": {"groups": 7}}, "evenly divisible"),
        (1, {"attributes": {"pool_size": (0, 0)}}, "pool_size"),
        (0, {"inputs": (-1, -1)}, "it takes one input, not 2"),
        (1, {"inputs": (0, 0)}, "it takes one input, not 2"),
        (7, {"inputs": ()}, "it takes one input, not 0"),
        (0, {"activation_values": (1.0,) * 27}, "its activation 'relu' is unknown"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_tried_earns_nothing_and_needs_a_person(
    honest, reference, position, changes, reason
):
    from autograder.judge.criteria import judge

    layer = honest.model.layers[position]
    if "attributes" in changes:
        changes = {"attributes": layer.attributes | changes["attributes"]}
    forged = with_layer(honest, position, **changes)
    (doubt,) = doubts(forged)
    assert doubt.startswith(f"{layer.kind} that could not be tried (")
    assert reason in doubt

    part = "encoder" if position < 6 else "decoder"
    verdict = judge(dataclasses.replace(forged, check=part), EXERCISE, reference)
    assert verdict.credit == pytest.approx(5 / 6)
    assert verdict.review
    assert reason in verdict.found
    training = judge(dataclasses.replace(forged, check="training", fits=(CALL,)), EXERCISE, reference)
    assert training.credit == 0
    assert training.review
    assert reason in training.found


def test_kinds_that_nobody_asks_for_need_no_person(honest, reference):
    from autograder.judge.criteria import judge

    layers = honest.model.layers
    strange = dataclasses.replace(layers[1], kind="Lambda", attributes={}, inputs=(0,), response=())
    verdict = judge(with_layer(honest, 1, **vars(strange)), EXERCISE, reference)
    assert verdict.credit == pytest.approx(5 / 6)
    assert not verdict.review


def test_an_activation_in_name_only_is_none(kernel):
    """A network without one claims that a rectifier follows its convolution."""
    from autograder.judge.alignment import chain
    from autograder.judge.behaviour import verified

    evidence = conv(weights_of(1))
    layer = dataclasses.replace(evidence.model.layers[0], kind="ReLU", attributes={}, weights=())
    layer = dataclasses.replace(layer, inputs=(0,), input_shape=(28, 28, 4))
    model = dataclasses.replace(evidence.model, layers=(linear(evidence.model.layers[0]), layer))
    (step,) = chain(verified(dataclasses.replace(evidence, model=model)).model)
    assert step.activation == "ReLU that is one in name only"


def linear(layer):
    """The convolution without its activation."""
    from autograder.protocol.evidence import ACTIVATION_PROBE

    values = tuple(float(x) for x in ACTIVATION_PROBE)
    return dataclasses.replace(layer, activation="linear", activation_values=values)


def test_a_class_of_ones_own_is_run_where_it_does_what_it_inherits(kernel):
    import keras

    from autograder.judge import rebuild
    from autograder.kernel.describe import describe

    class Same(keras.layers.Conv2D):
        """Changes only the default settings."""

        def __init__(self, filters=1, kernel_size=3, **options):
            super().__init__(filters, kernel_size, **options)

    class Other(keras.layers.Conv2D):
        def call(self, images):
            return super().call(images) / 2

    images = np.random.default_rng(6).random((2, 28, 28, 1), np.float32)
    another = "Conv2D that could not be tried (it is a class of its own)"
    for cls, doubted in ((Same, []), (Other, [another])):
        network = keras.Sequential([keras.Input((28, 28, 1)), cls(1, 3, padding="same")])
        evidence = Evidence("encoder", "r", describe(network, "r"), (), {}, ())
        assert doubts(evidence) == doubted
        assert evidence.model.layers[0].own_class == bool(doubted)
    network = keras.Sequential([keras.Input((28, 28, 1)), Same(1, 3, padding="same")])
    answers = rebuild.run(describe(network, "r"), images)
    assert np.allclose(answers, network.predict(images, verbose=0), atol=1e-5)


def test_a_layer_that_is_used_again_is_known_as_the_same(kernel):
    import keras

    from autograder.kernel.describe import describe

    k = keras.layers
    shared, pool = k.Conv2D(1, 3, padding="same"), k.MaxPooling2D(padding="same")
    image = keras.Input((28, 28, 1))
    part = keras.Sequential([keras.Input((None, None, 1)), k.Conv2D(1, 3, padding="same")])
    x = pool(shared(pool(shared(image))))
    described = describe(keras.Model(image, part(part(x))), "r").layers
    assert [layer.same_as for layer in described] == [None, None, 0, 1, None, 4]

    unbuilt = keras.Sequential([k.Conv2D(1, 3), k.Conv2D(1, 3), k.ReLU()])
    assert [layer.same_as for layer in describe(unbuilt, "r").layers] == [None] * 3


def test_blocks_of_layers_are_opened(kernel):
    import keras
    import tensorflow as tf

    from autograder.kernel.describe import describe

    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.convolution = keras.layers.Conv2D(4, 3, padding="same", activation="relu")
            self.pool = keras.layers.MaxPooling2D(2)

        def call(self, images):
            return self.pool(self.convolution(images))

    class Network(keras.Model):
        def __init__(self):
            super().__init__()
            self.block = Block()

        @tf.function
        def call(self, images):
            return self.block(images)

    network = Network()
    network(np.zeros((1, 28, 28, 1), np.float32))
    for model in (keras.Sequential([keras.Input((28, 28, 1)), Block()]), network):
        described = describe(model, "r")
        assert not described.problem
        assert [layer.kind for layer in described.layers] == ["Conv2D", "MaxPooling2D"]
        assert doubts(Evidence("encoder", "r", described, (), {}, ())) == []
