"""What `fit`, `predict` and `evaluate` do in the grading kernel, seen from a student's code."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow

STEPS, SIZE = 140, 28


@pytest.fixture
def recorder(kernel, tmp_path, monkeypatch):
    """The watcher of `fit`, with nothing on record; files are written to a folder of the test's own."""
    import keras

    from autograder.kernel import watchers

    monkeypatch.chdir(tmp_path)
    # With first weights that are bad by chance a network is trained for longer.
    keras.utils.set_random_seed(1)
    watchers.current().fits.forget()
    return watchers.current().fits


@pytest.fixture(scope="module")
def digits(images):
    """The embedded training digits as a student prepares them, and many more of them."""
    from autograder.lab.images import scaled

    return scaled(images.x_train[np.arange(6000) % len(images.x_train)])


def small_network(optimizer="adagrad", **compiled):
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 1)),
            layers.Conv2D(4, 3, activation="relu", padding="same"),
            layers.Conv2D(1, 3, activation="sigmoid", padding="same"),
        ]
    )
    model.compile(loss="binary_crossentropy", optimizer=optimizer, **compiled)
    return model


def steps(recorder, model):
    return [fit.steps for fit in recorder.calls(model)]


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


def test_few_images_are_shown_over_and_over(recorder, digits):
    model = small_network()

    model.fit(digits[:157], digits[:157], epochs=10, verbose=0)

    assert steps(recorder, model) == [STEPS]


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


def test_further_calls_go_on_where_the_last_ended(recorder, digits):
    model = small_network()
    model.fit(digits, digits, verbose=0)
    before = model.evaluate(digits, digits, verbose=0)
    model.layers[0].trainable = False

    for _ in range(3):
        model.fit(digits, digits, verbose=0)

    assert model.evaluate(digits, digits, verbose=0) < before
    assert sum(steps(recorder, model)) == int(model.optimizer.iterations)


def test_a_rate_of_zero_teaches_nothing_until_there_is_another(recorder, digits):
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
def test_what_is_saved_loads_as_it_was_compiled_and_counts_as_trained(
    recorder, digits, optimizer, ending
):
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


def test_images_and_targets_of_different_number_are_refused_as_by_keras(recorder, digits):
    model = small_network()

    with pytest.raises(ValueError, match="cardinality"):
        model.fit(digits, digits[:2000], verbose=0)

    (call,) = recorder.calls(model)
    assert call.steps == 0
    assert "cardinality" in call.problem


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


def test_evaluate_gives_what_was_asked_for(recorder, digits):
    model = small_network(metrics=["mse"])

    values = model.evaluate(digits, digits, verbose=0)
    by_name = model.evaluate(digits[:500], digits[:500], batch_size=50, return_dict=True, verbose=0)

    assert values == pytest.approx([by_name["loss"], by_name["mse"]], rel=1e-3)


def fed(images, *, late=None, batches=60):
    """A generator of pairs of batches, with other images after the fourteenth, if given."""
    for i in range(batches):
        batch = images[100 * i : 100 * i + 100] if late is None or i < 14 else late
        yield batch, batch


def only_call(recorder, model):
    (call,) = recorder.calls(model)
    return call


@pytest.mark.parametrize(("share", "count"), [(0.95, 300), (0.2, 4800), (0.1, 5400)])
def test_what_is_set_aside_for_validation_is_not_trained_on(recorder, digits, share, count):
    model = small_network()

    model.fit(digits, digits, validation_split=share, batch_size=100, verbose=0)

    call = only_call(recorder, model)
    assert call.images_per_epoch == call.read == count
    assert max(call.input.rows) < count


def test_of_an_array_the_different_images_are_counted(recorder, digits, images):
    model, few = small_network(), np.tile(digits[:100], (60, 1, 1, 1))

    model.fit(digits, digits, verbose=0)
    model.fit(few, few, verbose=0)

    assert [call.different for call in recorder.calls(model)] == [len(images.x_train), 100]


def test_an_epoch_of_a_generator_is_read_to_its_end(recorder, digits):
    model = small_network()

    model.fit(fed(digits, late=np.zeros_like(digits[:100])), epochs=3, verbose=0)

    call = only_call(recorder, model)
    assert (call.images_per_epoch, call.batch_size, call.read) == (6000, 100, 6000)
    late = np.array(call.input.rows) >= 1400
    assert late.sum() == 24
    assert not call.input.values[late].any()
    assert call.input.values[~late].any(axis=(1, 2, 3)).all()


def test_a_generator_moves_on_by_one_epoch_in_a_call(recorder, digits):
    model, taken = small_network(), []

    def counted():
        while True:
            taken.append(None)
            yield digits[:100], digits[:100]

    endless = counted()
    for number in (1, 2):
        model.fit(endless, steps_per_epoch=60, epochs=1, verbose=0)
        assert len(taken) == 60 * number

    for call in recorder.calls(model):
        assert (call.images_per_epoch, call.different) == (6000, 100)


PIPELINES = {
    "shuffled": lambda pairs: (pairs.shuffle(500).batch(100).prefetch(2), {}, 6000),
    "of unknown length": lambda pairs: (pairs.filter(lambda *_: True).batch(100), {}, 6000),
    "without end": lambda pairs: (pairs.batch(100).repeat(), {"steps_per_epoch": 60}, 6000),
    "kept": lambda pairs: (pairs.cache().batch(100, drop_remainder=True), {}, 6000),
    "a part": lambda pairs: (pairs.take(950).batch(100), {}, 950),
    "ending unevenly": lambda pairs: (pairs.take(5950).batch(100), {}, 5950),
}


@pytest.mark.parametrize("make", PIPELINES.values(), ids=PIPELINES)
def test_an_epoch_of_a_pipeline_is_read_to_its_end(recorder, digits, make):
    import tensorflow as tf

    pipeline, options, count = make(tf.data.Dataset.from_tensor_slices((digits, digits)))
    model = small_network()

    model.fit(pipeline, epochs=2, verbose=0, **options)

    call = only_call(recorder, model)
    assert (call.images_per_epoch, call.read, call.batch_size) == (count, count, 100)
    assert call.different == min(count, 1297)
    assert call.steps == STEPS


def test_reading_ends_in_time_and_training_goes_on(recorder, digits, monkeypatch):
    import time

    model = small_network()
    monkeypatch.setattr(recorder, "_reading", 0.2)

    def slow():
        for batch in fed(digits):
            yield batch
            time.sleep(0.05)

    model.fit(slow(), steps_per_epoch=60, verbose=0)

    call = only_call(recorder, model)
    assert call.images_per_epoch == 6000
    assert 1400 < call.read < 6000
    assert call.steps == STEPS


def test_a_generator_that_fails_late_is_one_that_ends_there(recorder, digits):
    model = small_network()

    def failing():
        yield from fed(digits, batches=20)
        raise OSError("no more")

    model.fit(failing(), steps_per_epoch=60, verbose=0)

    assert only_call(recorder, model).images_per_epoch == 2000


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


def test_to_stop_at_what_is_no_number_is_right(recorder, digits):
    import keras

    model = small_network()

    model.fit(np.nan * digits, digits, callbacks=[keras.callbacks.TerminateOnNaN()], verbose=0)

    assert only_call(recorder, model).stopped is None


@pytest.fixture(scope="module")
def as_prescribed(kernel, digits):
    """The weights that the small network has after the shortened training."""
    import keras

    keras.utils.set_random_seed(1)
    model = small_network()
    model.fit(digits, digits, epochs=2, verbose=0)
    return model.get_weights()


def nothing(y_true, y_pred):
    import keras

    return 0 * keras.ops.mean(y_pred)


LOSSES = {
    "squared error": lambda keras: "mse",
    "logits of a sigmoid": lambda keras: keras.losses.BinaryCrossentropy(from_logits=True),
    "categorical": lambda keras: keras.losses.categorical_crossentropy,
    "of no gradient": lambda keras: nothing,
}


@pytest.mark.parametrize("make", LOSSES.values(), ids=LOSSES)
def test_whatever_the_loss_the_network_learns_as_prescribed(recorder, digits, as_prescribed, make):
    import keras

    keras.utils.set_random_seed(1)
    model = small_network()
    model.compile(loss=make(keras), optimizer="adagrad", metrics=["accuracy"])

    history = model.fit(digits, digits, epochs=2, verbose=0, validation_split=0.1).history

    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert np.isfinite(list(history.values())).all()
    for weights, right in zip(model.get_weights(), as_prescribed, strict=True):
        np.testing.assert_allclose(weights, right, atol=1e-5)


@pytest.mark.parametrize("activation", ["relu", "softmax", None])
def test_whatever_the_last_activation_what_comes_before_it_learns(
    recorder, digits, as_prescribed, activation
):
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


def test_an_error_of_the_students_own_loss_is_raised_and_the_call_is_on_record(recorder, digits):
    import keras

    model = small_network()
    model.add(keras.layers.ZeroPadding2D(1))

    with pytest.raises(ValueError, match="shape"):
        model.fit(digits, digits, batch_size=100, epochs=10, verbose=0)

    call = only_call(recorder, model)
    assert (call.epochs, call.batch_size, call.steps, call.incident) == (10, 100, 0, "")
    assert call.problem.startswith("ValueError")
    assert call.target.shape == digits.shape


def test_a_pipeline_with_targets_beside_it_is_refused_as_by_keras(recorder, digits):
    import tensorflow as tf

    pairs = tf.data.Dataset.from_tensor_slices((digits, digits)).batch(100)
    model = small_network()

    with pytest.raises(ValueError, match="should not be passed"):
        model.fit(pairs, digits, verbose=0)

    assert only_call(recorder, model).problem


def test_where_the_shortened_training_fails_the_call_runs_as_it_is_and_a_person_is_told(
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


def test_what_cannot_be_read_is_trained_on_for_a_few_steps(recorder, digits, monkeypatch):
    from autograder.kernel import feed

    monkeypatch.setattr(feed, "read", lambda *_: 1 / 0)
    told = []
    monkeypatch.setattr(recorder, "_incident", told.append)
    model = small_network()

    model.fit(digits, digits, batch_size=10, epochs=10, verbose=0)

    call = only_call(recorder, model)
    assert (call.steps, call.input, call.problem, len(told)) == (STEPS, None, "", 1)


def test_to_try_fit_on_a_few_images_takes_nothing_from_the_training(recorder, digits):
    model = small_network()

    model.fit(digits[:1000], digits[:1000], epochs=1, verbose=0)
    model.fit(digits, digits, epochs=10, batch_size=100, verbose=0)

    assert steps(recorder, model) == [100, STEPS]


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


def test_what_callbacks_keep_as_the_best_is_the_last(recorder, digits):
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


def test_averages_of_weights_are_there_for_callbacks_that_swap_them(recorder, digits, as_prescribed):
    import keras

    keras.utils.set_random_seed(1)
    model = small_network(keras.optimizers.Adagrad(use_ema=True))
    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)

    model.fit(digits, digits, epochs=2, verbose=0, callbacks=[swap], validation_split=0.1)

    for weights, right in zip(model.get_weights(), as_prescribed, strict=True):
        np.testing.assert_allclose(weights, right, atol=1e-4)


@pytest.mark.parametrize(("count", "trained"), [(1, 10), (50, 50), (1000, 140)])
def test_a_call_goes_through_no_more_images_than_it_asks_for(recorder, digits, count, trained):
    model = small_network()
    model.fit(digits[:count], digits[:count], batch_size=100, epochs=10, verbose=0)
    assert steps(recorder, model)[0] // 10 * 10 == trained


def slow_network():
    """One of weights so small that the first hundred steps change little of what it answers."""
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

    assert STEPS < steps(recorder, model)[0] <= 5 * STEPS
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


def test_weights_that_were_trained_or_loaded_are_left_as_they_are(recorder, digits):

    first = with_spread(1.0)
    first.fit(digits, digits, epochs=1, verbose=0)
    small = [0.01 * weights if weights.ndim > 1 else weights for weights in first.get_weights()]
    first.set_weights(small)
    first.optimizer.learning_rate = 0.0
    first.fit(digits, digits, epochs=1, verbose=0)

    for one, other in zip(first.get_weights(), small, strict=True):
        np.testing.assert_array_equal(one, other)


def test_small_initial_weights_are_scaled_wherever_they_are_kept(recorder, digits):
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


def test_one_that_never_learns_is_trained_on_to_a_bound_in_all_calls(recorder, digits):
    import keras

    model = small_network(keras.optimizers.Adagrad(0.0))

    for _ in range(3):
        model.fit(digits, digits, epochs=4, batch_size=100, verbose=0)

    assert steps(recorder, model)[0] == 5 * STEPS
    assert sum(steps(recorder, model)) <= 8 * STEPS


def test_training_on_ends_in_time(recorder, digits, monkeypatch):
    import keras

    from autograder.kernel import short_fit

    monkeypatch.setattr(short_fit, "SHORT_SECONDS", 0)
    model = small_network(keras.optimizers.Adagrad(0.0))

    model.fit(digits, digits, epochs=4, batch_size=100, verbose=0)

    assert steps(recorder, model) == [1]


def test_a_loop_over_batches_is_bounded_and_on_record(recorder, digits):
    model = small_network()

    for _ in range(10):
        for start in range(0, 6000, 100):
            batch = digits[start : start + 100]
            loss = model.train_on_batch(batch, batch)

    call = only_call(recorder, model)
    assert np.isfinite(loss)
    assert (call.loop, call.epochs, call.images_per_epoch, call.batch_size) == (True, 1, 60_000, 100)
    assert (call.steps, call.different) == (STEPS, 1297)
    assert int(model.optimizer.iterations) == STEPS


def test_what_is_loaded_and_trained_on_counts_with_what_was_before(recorder, digits):
    import keras

    model, other = small_network(), small_network()
    model.fit(digits, digits, epochs=5, verbose=0)
    model.save("half.keras")
    model.save_weights("half.weights.h5")
    other.fit(digits, digits, epochs=3, verbose=0)

    loaded, rebuilt = keras.models.load_model("half.keras"), small_network()
    assert recorder.calls(rebuilt) == ()
    loaded.fit(digits, digits, initial_epoch=5, epochs=10, verbose=0)
    rebuilt.load_weights("half.weights.h5")

    assert [call.epochs for call in recorder.calls(loaded)] == [5, 5]
    assert [call.epochs for call in recorder.calls(rebuilt)] == [5]


def test_a_network_trained_without_fit_is_shown_to_a_person(recorder, digits, monkeypatch):
    told = []
    monkeypatch.setattr(recorder, "_incident", told.append)
    model = small_network()
    model.optimizer.apply([0 * weights for weights in model.trainable_weights], model.trainable_weights)

    assert recorder.calls(model) == ()
    assert "loop of its own" in told[0]
