"""Every call of `fit` is on record, and so are the calls that led to a loaded network."""

import pytest
from small_network import STEPS, only_call, small_network

pytestmark = pytest.mark.slow


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


def test_calls_on_a_saved_network_count_for_the_loaded_one(recorder, digits):
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


def test_data_that_cannot_be_read_are_trained_on_for_a_few_steps(recorder, digits, monkeypatch):
    from autograder.kernel import feed

    monkeypatch.setattr(feed, "read", lambda *_: 1 / 0)
    told = []
    monkeypatch.setattr(recorder, "_incident", told.append)
    model = small_network()

    model.fit(digits, digits, batch_size=10, epochs=10, verbose=0)

    call = only_call(recorder, model)
    assert (call.steps, call.input, call.problem, len(told)) == (STEPS, None, "", 1)


def test_without_a_number_of_steps_each_call_is_trained_in_full(recorder, digits):
    recorder.steps = None
    model = small_network()

    model.fit(digits[:1000], digits[:1000], epochs=3, batch_size=10, verbose=0)

    assert only_call(recorder, model).steps == int(model.optimizer.iterations) == 300


def test_a_loop_that_is_followed_by_fit_is_on_record_with_it(recorder, digits):
    model = small_network()
    model.train_on_batch(digits[:100], digits[:100])

    model.fit(digits, digits, epochs=2, verbose=0)

    fit, loop = recorder.calls(model)
    assert (fit.steps, fit.problem, fit.incident, loop.loop) == (STEPS, "", "", True)
