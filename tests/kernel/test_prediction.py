"""`predict` and `evaluate` answer as Keras does, though they run few images."""

import numpy as np
import pytest
from small_network import SIZE, small_network

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "uint8"])
def test_predict_answers_as_keras_does(recorder, digits, dtype):
    import keras

    model = small_network()
    images = (10 * digits[:600]).astype(dtype)
    full = keras.Model.predict.__wrapped__(model, images, verbose=0)

    answers = model.predict(images, batch_size=100, verbose=0)

    assert (answers.shape, answers.dtype) == (full.shape, full.dtype)
    np.testing.assert_allclose(answers[:500], full[:500], atol=1e-5)
    np.testing.assert_array_equal(answers[500:], answers[:100])
    assert model.predict_on_batch(images).shape == full.shape
    assert model.predict(images, steps=2, batch_size=10, verbose=0).shape[0] == 20


def test_predict_of_a_network_not_yet_built_and_of_one_with_a_step_of_its_own(recorder, digits):
    import keras

    class Doubled(keras.Sequential):
        def predict_step(self, data):
            return 2 * super().predict_step(data)

    layers = [keras.layers.Conv2D(1, 3, activation="sigmoid", padding="same")]

    assert keras.Sequential(layers).predict(digits[:7], verbose=0).shape == (7, SIZE, SIZE, 1)
    assert Doubled(layers).predict(0 * digits[:7], verbose=0).max() == pytest.approx(1.0)


def test_evaluate_returns_what_was_asked_for(recorder, digits):
    model = small_network(metrics=["mse"])

    values = model.evaluate(digits, digits, verbose=0)
    by_name = model.evaluate(digits[:500], digits[:500], batch_size=50, return_dict=True, verbose=0)

    assert values == pytest.approx([by_name["loss"], by_name["mse"]], rel=1e-3)
