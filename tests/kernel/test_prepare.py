"""Chance is repeatable in a grading kernel, and as rich as without a seed."""

PIPELINES = """
import numpy as np
import tensorflow as tf

def noise():
    data = tf.data.Dataset.from_tensor_slices(np.zeros((4, 3), "float32")).batch(4)
    data = data.map(lambda batch: batch + tf.random.normal(tf.shape(batch)))
    return next(data.as_numpy_iterator())
"""


def test_two_pipelines_draw_noise_of_their_own(kernel):
    assert not kernel.errors(PIPELINES, "assert not np.allclose(noise(), noise())")


def test_another_run_draws_the_same(kernel):
    assert not kernel.errors(PIPELINES, "np.save('drawn.npy', noise())")
    assert not kernel.errors(PIPELINES, "assert np.allclose(np.load('drawn.npy'), noise())")


def test_a_seed_of_the_students_own_works_as_tensorflow_says(kernel):
    assert not kernel.errors(PIPELINES, "tf.random.set_seed(1)\nassert np.allclose(noise(), noise())")
