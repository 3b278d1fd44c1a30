"""A kernel is prepared as its command line says; chance in it is repeatable, but otherwise as rich."""

import pytest

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


class Prepared(Exception):
    """Ends `serve` where the kernel would start."""


@pytest.mark.parametrize(
    ("words", "dataset", "steps"),
    [
        ("--dataset mnist --steps 140", "mnist", 140),
        ("--dataset fashion_mnist --steps 60 -f connection.json", "fashion_mnist", 60),
        ("-f connection.json --dataset mnist", "mnist", None),
    ],
)
def test_the_command_line_says_what_the_lab_needs(kernel, monkeypatch, words, dataset, steps):
    from autograder.kernel import prepare

    def record(images, *, dataset, steps):
        raise Prepared(images, dataset, steps)

    monkeypatch.setattr(prepare, "prepare", record)
    with pytest.raises(Prepared) as prepared:
        prepare.serve(["--images", "images.npz", *words.split()])
    assert prepared.value.args == ("images.npz", dataset, steps)


def test_a_dataset_that_no_lab_is_about_is_refused(kernel, capsys):
    from autograder.kernel import prepare

    with pytest.raises(SystemExit):
        prepare.serve(["--images", "images.npz", "--dataset", "cifar10"])
    assert "mnist" in capsys.readouterr().err
