"""Networks are described the same however they are written, and whatever they are."""

import pytest


@pytest.fixture(scope="module")
def layers():
    """The module of Keras."""
    import keras

    return keras.layers


def described(model, **options):
    from autograder.kernel.describe import describe

    return describe(model, "a request", **options)


def outline(model):
    found = described(model)
    assert not found.problem
    return [
        (layer.kind, layer.activation_values, layer.inputs, layer.input_shape) for layer in found.layers
    ]


def test_however_a_network_is_written_its_layers_are_the_same(layers):
    import keras

    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = keras.layers.Conv2D(4, 3, activation="relu")

        def call(self, x):
            return self.inner(x)

    image = keras.Input((28, 28, 1))
    functional = keras.Model(
        image, layers.Conv2D(4, 3, activation=lambda x: keras.ops.maximum(x, 0))(image)
    )
    nested = keras.Sequential([keras.Sequential([layers.Conv2D(4, 3, activation="relu")])])
    own = keras.Sequential([keras.Input((28, 28, 1)), Block()])

    first, *others = map(outline, (functional, nested, own))
    assert [kind for kind, *_ in first] == ["Conv2D"]
    assert others == [first, first]
    assert [described(model).api for model in (functional, nested)] == ["functional", "sequential"]


def test_a_class_of_ones_own_is_told_if_it_may_act_differently(layers):
    import keras

    class Named(layers.Conv2D):
        def __init__(self, **options):
            super().__init__(1, 3, **options)

    class Changed(Named):
        def call(self, inputs):
            return 0 * super().call(inputs)

    model = keras.Sequential([keras.Input((28, 28, 1)), Named(), Changed()])
    assert [(layer.kind, layer.own_class) for layer in described(model).layers] == [
        ("Conv2D", False),
        ("Conv2D", True),
    ]


def test_loss_and_optimizer_answer_only_when_asked(layers):
    import keras

    model = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(1, 3, padding="same")])
    model.compile(loss=[keras.losses.BinaryCrossentropy(label_smoothing=0.1)], optimizer="adagrad")

    asked, unasked = described(model), described(model, compiled=False)

    assert asked.loss.label_smoothing == unasked.loss.label_smoothing == pytest.approx(0.1)
    assert asked.optimizer.name == unasked.optimizer.name == "Adagrad"
    assert len(asked.loss.values) == 4
    assert len(asked.optimizer.response) == 8
    assert unasked.loss.values == unasked.optimizer.response == ()


@pytest.mark.parametrize(("value", "problem"), [(None, "None"), ([], "a list"), ("a", "a str")])
def test_anything_else_is_no_model(value, problem):
    found = described(value)
    assert (found.api, found.layers, found.problem) == ("none", (), f"{problem} is no Keras model")


def test_too_many_weights_are_a_problem(layers):
    import keras

    model = keras.Sequential([keras.Input((2000,)), layers.Dense(2000)])
    assert "too many to be judged" in described(model).problem
