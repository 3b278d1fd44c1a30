"""The short training looks like the whole one to a student's code."""

import numpy as np
import pytest
from small_network import SIZE, STEPS, only_call, small_network, steps

from autograder.protocol.short_training import ROUNDS, ROUNDS_IN_ALL

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("options", [{}, {"steps_per_execution": 600}, {"run_eagerly": True}], ids=str)
def test_every_epoch_is_there_with_its_validation(recorder, digits, options):
    import keras

    model = small_network(**options)
    stop = keras.callbacks.EarlyStopping(patience=0, baseline=0.0)
    calmer = keras.callbacks.ReduceLROnPlateau(patience=0)

    history = model.fit(digits, digits, 100, 10, 0, [stop, calmer], validation_split=0.2).history

    assert len(history["loss"]) == len(history["val_loss"]) == len(history["learning_rate"]) == 10
    assert steps(recorder, model) == [STEPS]
    assert int(model.optimizer.iterations) == STEPS


def test_few_images_are_repeated(recorder, digits):
    model = small_network()

    model.fit(digits[:157], digits[:157], epochs=10, verbose=0)

    assert steps(recorder, model) == [STEPS]


def test_further_calls_go_on_where_the_last_ended(recorder, digits):
    model = small_network()
    model.fit(digits, digits, verbose=0)
    before = model.evaluate(digits, digits, verbose=0)
    model.layers[0].trainable = False

    for _ in range(3):
        model.fit(digits, digits, verbose=0)

    assert model.evaluate(digits, digits, verbose=0) < before
    assert sum(steps(recorder, model)) == int(model.optimizer.iterations)


def test_images_and_targets_of_different_number_are_refused_as_by_keras(recorder, digits):
    model = small_network()

    with pytest.raises(ValueError, match="cardinality"):
        model.fit(digits, digits[:2000], verbose=0)

    (call,) = recorder.calls(model)
    assert call.steps == 0
    assert "cardinality" in call.problem


def stopper(moment):
    import keras

    class Stop(keras.callbacks.Callback):
        pass

    setattr(Stop, moment, lambda self, *_, **__: setattr(self.model, "stop_training", True))
    return Stop()


@pytest.mark.parametrize(
    ("moment", "stopped"),
    [("on_train_batch_end", 1), ("on_train_begin", 1), ("on_epoch_begin", 1), ("on_epoch_end", None)],
)
def test_a_callback_that_stops_within_the_first_epoch_is_noticed(recorder, digits, moment, stopped):
    model = small_network()

    model.fit(digits, digits, epochs=10, callbacks=[stopper(moment)], verbose=0)

    call = only_call(recorder, model)
    assert call.stopped == stopped
    assert call.steps == STEPS


def test_a_callback_that_stops_at_a_loss_of_nan_is_right(recorder, digits):
    import keras

    model = small_network()

    model.fit(np.nan * digits, digits, callbacks=[keras.callbacks.TerminateOnNaN()], verbose=0)

    assert only_call(recorder, model).stopped is None


def test_where_the_short_training_fails_the_call_runs_as_written_and_a_person_is_told(
    recorder, digits, monkeypatch
):
    from autograder.kernel.short_optimizer import ShortOptimizer

    monkeypatch.setattr(ShortOptimizer, "apply", lambda *_: 1 / 0)
    told = []
    monkeypatch.setattr(recorder, "_incident", told.append)
    model = small_network()

    history = model.fit(digits, digits, epochs=2, verbose=0).history

    call = only_call(recorder, model)
    assert len(history["loss"]) == 2
    assert (call.steps, call.problem) == (STEPS, "")
    assert "ZeroDivisionError" in call.incident
    assert "ZeroDivisionError" in told[0]


def test_a_trial_on_a_few_images_takes_nothing_from_the_training(recorder, digits):
    model = small_network()

    model.fit(digits[:1000], digits[:1000], epochs=1, verbose=0)
    model.fit(digits, digits, epochs=10, batch_size=100, verbose=0)

    assert steps(recorder, model) == [100, STEPS]


@pytest.mark.parametrize(("count", "trained"), [(1, 10), (50, 50), (1000, STEPS)])
def test_a_call_trains_on_no_more_images_than_it_asks_for(recorder, digits, count, trained):
    model = small_network()
    model.fit(digits[:count], digits[:count], batch_size=100, epochs=10, verbose=0)
    assert steps(recorder, model)[0] // 10 * 10 == trained


@pytest.mark.parametrize("number", [200, 300])
def test_another_lab_may_train_for_another_number_of_steps(recorder, digits, number):
    recorder.steps = number
    model = small_network()

    model.fit(digits, digits, epochs=10, batch_size=100, verbose=0)

    assert steps(recorder, model) == [number]


TRAINING = """
import keras
from small_network import small_network

(x_train, _), _ = keras.datasets.mnist.load_data()
x_train = x_train[..., None].astype("float32") / 255
model = small_network()
history = model.fit(x_train, x_train, epochs=10, batch_size=100, verbose=0)
"""


def test_the_number_of_steps_may_change_between_notebooks(kernel):
    for number in (200, 300):
        trained = f"assert int(model.optimizer.iterations) == {number}"
        assert not kernel.errors(TRAINING, trained, steps=number)


def slow_network():
    """A network whose weights are so small that the first hundred steps hardly change its answers."""
    import keras

    # All the same: otherwise they were scaled.
    layers, tiny = keras.layers, keras.initializers.Constant(0.01)
    convolutions = [layers.Conv2D(4, 3, activation="relu", padding="same") for _ in range(4)]
    for layer in convolutions:
        layer.kernel_initializer = tiny
    model = keras.Sequential([keras.Input((SIZE, SIZE, 1)), *convolutions, *small_network().layers[1:]])
    model.compile(loss="binary_crossentropy", optimizer="adagrad")
    return model


def test_a_network_that_learns_slowly_is_trained_on(recorder, digits):
    import keras

    keras.utils.set_random_seed(1)
    model = slow_network()
    seen = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: begun.append(logs))
    best = keras.callbacks.ModelCheckpoint("best.weights.h5", "loss", 0, True, True)
    begun = []

    history = model.fit(digits, digits, 100, 10, 0, [seen, best], validation_split=0.1)

    assert STEPS < steps(recorder, model)[0] <= ROUNDS * STEPS
    assert (len(history.history["loss"]), len(history.history["val_loss"]), len(begun)) == (10, 10, 1)
    assert model.history is history
    last = model.get_weights()
    model.load_weights("best.weights.h5")
    for saved, weights in zip(model.get_weights(), last, strict=True):
        np.testing.assert_array_equal(saved, weights)


def with_spread(spread):
    """A small network, as it is first and after one step, with initial weights of this size."""
    import keras

    keras.utils.set_random_seed(1)
    model = small_network(keras.optimizers.Adagrad(0.01))
    for variable in model.trainable_weights:
        if len(variable.shape) > 1:
            variable.assign(variable * spread)
    return model


def test_small_initial_weights_are_scaled_to_the_usual_spread(recorder, digits):
    small, usual, zero = with_spread(0.001), with_spread(1.0), with_spread(0.0)

    for model in (small, usual, zero):
        model.fit(digits, digits, epochs=1, verbose=0)

    for one, other in zip(small.get_weights(), usual.get_weights(), strict=True):
        # The usual ones are theirs by chance, not to the last digit.
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9 or one.size == 1
    assert not zero.get_weights()[0].any(), "zeros never learn"


def test_trained_or_loaded_weights_are_not_scaled(recorder, digits):

    first = with_spread(1.0)
    first.fit(digits, digits, epochs=1, verbose=0)
    small = [0.01 * weights if weights.ndim > 1 else weights for weights in first.get_weights()]
    first.set_weights(small)
    first.optimizer.learning_rate = 0.0
    first.fit(digits, digits, epochs=1, verbose=0)

    for one, other in zip(first.get_weights(), small, strict=True):
        np.testing.assert_array_equal(one, other)


def test_small_initial_weights_of_any_kind_are_scaled(recorder, digits):
    import keras
    import tensorflow as tf

    with tf.distribute.MirroredStrategy().scope():
        distributed = with_spread(0.01)
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        half = with_spread(0.01)
    finally:
        keras.mixed_precision.set_global_policy("float32")

    for model in (distributed, half):
        model.fit(digits, digits, epochs=1, verbose=0)
        assert np.std(model.get_weights()[0]) > 0.1
        assert not recorder.calls(model)[0].incident


def test_a_network_that_never_learns_is_trained_on_up_to_a_bound_in_all_calls(recorder, digits):
    import keras

    model = small_network(keras.optimizers.Adagrad(0.0))

    for _ in range(3):
        model.fit(digits, digits, epochs=4, batch_size=100, verbose=0)

    assert steps(recorder, model)[0] == ROUNDS * STEPS
    assert sum(steps(recorder, model)) <= (ROUNDS_IN_ALL + 1) * STEPS


def test_the_bound_of_a_network_that_never_learns_follows_the_number_of_steps(recorder, digits):
    import keras

    recorder.steps = 30
    model = small_network(keras.optimizers.Adagrad(0.0))

    model.fit(digits, digits, epochs=10, batch_size=100, verbose=0)

    assert steps(recorder, model) == [ROUNDS * 30]


def test_training_on_ends_in_time(recorder, digits, monkeypatch):
    import keras

    from autograder.kernel import short_fit

    monkeypatch.setattr(short_fit, "SHORT_SECONDS", 0)
    model = small_network(keras.optimizers.Adagrad(0.0))

    model.fit(digits, digits, epochs=4, batch_size=100, verbose=0)

    assert steps(recorder, model) == [1]
