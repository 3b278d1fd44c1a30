"""Loops of `train_on_batch` are shortened and on record."""

import numpy as np
import pytest
from small_network import STEPS, only_call, small_network

from autograder.kernel.samples import EMBEDDED

pytestmark = pytest.mark.slow


def test_a_loop_over_batches_is_bounded_and_on_record(recorder, digits):
    model = small_network()

    for _ in range(10):
        for start in range(0, 6000, 100):
            batch = digits[start : start + 100]
            loss = model.train_on_batch(batch, batch)

    call = only_call(recorder, model)
    assert np.isfinite(loss)
    assert (call.loop, call.epochs, call.images_per_epoch, call.batch_size) == (True, 1, 60_000, 100)
    assert (call.steps, call.different) == (STEPS, EMBEDDED)
    assert int(model.optimizer.iterations) == STEPS


@pytest.mark.parametrize(("number", "trained"), [(30, 30), (None, 200)])
def test_a_loop_takes_the_number_of_steps_of_the_lab_or_all(recorder, digits, number, trained):
    recorder.steps = number
    model = small_network()

    for start in range(0, 2000, 10):
        batch = digits[start : start + 10]
        model.train_on_batch(batch, batch)

    assert only_call(recorder, model).steps == int(model.optimizer.iterations) == trained
