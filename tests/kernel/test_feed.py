"""The data of `fit` is read to the end of an epoch."""

import numpy as np
import pytest
from small_network import STEPS, only_call, small_network

from autograder.kernel.samples import EMBEDDED

pytestmark = pytest.mark.slow


def fed(images, *, late=None, batches=60):
    """A generator of pairs of batches, with other images after the fourteenth, if given."""
    for i in range(batches):
        batch = images[100 * i : 100 * i + 100] if late is None or i < 14 else late
        yield batch, batch


@pytest.mark.parametrize(("share", "count"), [(0.95, 300), (0.2, 4800), (0.1, 5400)])
def test_images_set_aside_for_validation_are_not_trained_on(recorder, digits, share, count):
    model = small_network()

    model.fit(digits, digits, validation_split=share, batch_size=100, verbose=0)

    call = only_call(recorder, model)
    assert call.images_per_epoch == call.read == count
    assert max(call.input.rows) < count


def test_different_images_of_an_array_are_counted(recorder, digits, images):
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
    assert call.different == min(count, EMBEDDED)
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


def test_a_generator_that_fails_late_ends_there(recorder, digits):
    model = small_network()

    def failing():
        yield from fed(digits, batches=20)
        raise OSError("no more")

    model.fit(failing(), steps_per_epoch=60, verbose=0)

    assert only_call(recorder, model).images_per_epoch == 2000


def test_a_pipeline_with_separate_targets_is_refused_as_by_keras(recorder, digits):
    import tensorflow as tf

    pairs = tf.data.Dataset.from_tensor_slices((digits, digits)).batch(100)
    model = small_network()

    with pytest.raises(ValueError, match="should not be passed"):
        model.fit(pairs, digits, verbose=0)

    assert only_call(recorder, model).problem
