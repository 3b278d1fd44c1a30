"""A network learns whatever optimizer it was compiled with, and is saved with that optimizer."""

import numpy as np
import pytest
from small_network import STEPS, small_network, steps

pytestmark = pytest.mark.slow


def test_a_learning_rate_of_zero_teaches_nothing(recorder, digits):
    import keras

    model = small_network(keras.optimizers.Adagrad(0.0))
    untrained = model.get_weights()
    model.fit(digits, digits, epochs=2, verbose=0)
    for before, after in zip(untrained, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)

    model.optimizer.learning_rate = 0.01
    model.fit(digits, digits, epochs=2, verbose=0)
    assert not np.array_equal(untrained[0], model.get_weights()[0])

    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adagrad(0.0))
    trained = model.get_weights()
    model.fit(digits, digits, epochs=2, verbose=0)
    np.testing.assert_array_equal(trained[0], model.get_weights()[0])


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("optimizer", ["Adagrad", "Adam", "SGD"])
def test_a_saved_network_loads_as_compiled_and_counts_as_trained(recorder, digits, optimizer, ending):
    import keras

    model = small_network(optimizer.lower())
    best = keras.callbacks.ModelCheckpoint(f"best.{ending}", monitor="loss", save_best_only=True)
    model.fit(digits, digits, epochs=2, verbose=0, callbacks=[best])
    model.save(f"last.{ending}")

    for name in ("best", "last"):
        loaded = keras.models.load_model(f"{name}.{ending}")
        assert type(loaded.optimizer) is getattr(keras.optimizers, optimizer)
        assert int(loaded.optimizer.iterations) == STEPS
        assert steps(recorder, loaded) == [STEPS]


def test_averages_of_weights_exist_for_callbacks_that_swap_them(recorder, digits, as_prescribed):
    import keras

    keras.utils.set_random_seed(1)
    model = small_network(keras.optimizers.Adagrad(use_ema=True))
    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)

    model.fit(digits, digits, epochs=2, verbose=0, callbacks=[swap], validation_split=0.1)

    for weights, right in zip(model.get_weights(), as_prescribed, strict=True):
        np.testing.assert_allclose(weights, right, atol=1e-4)


@pytest.mark.parametrize("strategy", ["MirroredStrategy", "OneDeviceStrategy"])
def test_a_network_distributed_over_devices_trains_as_any_other(recorder, digits, strategy):
    import keras
    import tensorflow as tf

    from autograder.kernel.describe import describe

    devices = {"OneDeviceStrategy": ["/cpu:0"]}.get(strategy, [])
    keras.utils.set_random_seed(1)
    alone = small_network().fit(digits, digits, epochs=2, verbose=0)
    recorder.forget()
    keras.utils.set_random_seed(1)
    with getattr(tf.distribute, strategy)(*devices).scope():
        model = small_network()

    history = model.fit(digits, digits, epochs=2, verbose=0)

    assert history.history["loss"] == pytest.approx(alone.history["loss"], rel=1e-3)
    assert steps(recorder, model) == [STEPS]
    assert model.optimizer.iterations.numpy() == STEPS
    evidence = describe(model, "a request")
    assert evidence.problem == ""
    assert evidence.optimizer.learning_rate == pytest.approx(0.001)
    model.save("model.keras")
    assert steps(recorder, keras.models.load_model("model.keras")) == [STEPS]
