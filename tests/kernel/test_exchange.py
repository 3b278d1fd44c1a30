"""Parts that are exchanged for the short training are put back, and the network learns."""

import numpy as np
import pytest
from small_network import SIZE, small_network

pytestmark = pytest.mark.slow


def test_moving_averages_settle_also_in_a_nested_network(recorder, digits):
    import keras

    inner = keras.Sequential([keras.layers.BatchNormalization()])
    model = keras.Sequential([keras.Input((SIZE, SIZE, 1)), inner, *small_network().layers])
    model.compile(loss="binary_crossentropy", optimizer="adagrad")

    model.fit(digits, digits, verbose=0)

    (layer,) = inner.layers
    assert layer.momentum == 0.99
    assert float(layer.moving_mean[0]) == pytest.approx(digits.mean(), rel=0.1)
    assert float(layer.moving_variance[0]) == pytest.approx(digits.var(), rel=0.1)


def test_callbacks_keep_the_last_weights_as_the_best(recorder, digits):
    import keras

    model = small_network()
    stop = keras.callbacks.EarlyStopping("loss", min_delta=1, restore_best_weights=True)
    best = keras.callbacks.ModelCheckpoint("best.weights.h5", "loss", 0, True, True)

    model.fit(digits, digits, epochs=3, verbose=0, callbacks=[stop, best])

    last = model.get_weights()
    model.load_weights("best.weights.h5")
    np.testing.assert_array_equal(last[0], model.get_weights()[0])
    assert stop.restore_best_weights
    assert best.save_best_only


@pytest.mark.parametrize("activation", ["relu", "softmax", None])
def test_layers_before_a_wrong_last_activation_learn(recorder, digits, as_prescribed, activation):
    import keras

    keras.utils.set_random_seed(1)
    model = small_network()
    model.layers[-1].activation = own = keras.activations.get(activation)
    kept = keras.callbacks.ModelCheckpoint("kept.keras")

    model.fit(digits, digits, epochs=2, verbose=0, callbacks=kept)

    assert model.layers[-1].activation is own
    assert keras.models.load_model("kept.keras").layers[-1].activation is own
    if activation is None:
        assert np.mean((model(digits[:100]) - digits[:100]) ** 2) < 0.02
    else:
        np.testing.assert_allclose(model.get_weights()[0], as_prescribed[0], atol=1e-5)
