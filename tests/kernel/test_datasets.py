"""The lab's dataset is loaded without a network, in whatever way a student writes it."""

import numpy as np
import pytest

from autograder.lab import DATASETS

STYLES = [
    "import keras\nload_data = keras.datasets.{0}.load_data",
    "import tensorflow as tf\nload_data = tf.keras.datasets.{0}.load_data",
    "from tensorflow.keras.datasets.{0} import load_data",
    "from keras.datasets import {0}\nload_data = {0}.load_data",
    "from keras.src.datasets.{0} import load_data",
]
SAVE = """
import numpy as np
(x_train, y_train), (x_test, y_test) = load_data()
np.savez("loaded", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
"""


@pytest.fixture
def load(kernel, tmp_path, monkeypatch):
    """Lets a notebook load a dataset that these arrays stand in for; returns what it loaded."""
    from keras.src.datasets import fashion_mnist, mnist

    from autograder.kernel import datasets

    # Set to what they are, so that they are that again after the test.
    for module, name in [(mnist, "get_file"), (fashion_mnist, "get_file"), (fashion_mnist, "gzip")]:
        monkeypatch.setattr(module, name, getattr(module, name))

    def load(dataset, arrays, style):
        np.savez(tmp_path / "images.npz", **arrays)
        datasets.PROVIDE[dataset](str(tmp_path / "images.npz"))
        assert not kernel.errors(style.format(dataset), f"%cd {tmp_path}", SAVE)
        with np.load(tmp_path / "loaded.npz") as loaded:
            return dict(loaded)

    return load


@pytest.fixture
def arrays():
    """Different images and labels, few of them, as a course may grade on."""
    random = np.random.default_rng(1)
    return {
        "x_train": random.integers(256, size=(60, 28, 28), dtype=np.uint8),
        "y_train": random.integers(10, size=60, dtype=np.uint8),
        "x_test": random.integers(256, size=(20, 28, 28), dtype=np.uint8),
        "y_test": random.integers(10, size=20, dtype=np.uint8),
    }


def test_each_dataset_of_a_lab_can_be_provided():
    from autograder.kernel import datasets

    assert set(datasets.PROVIDE) == set(DATASETS)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_notebook_loads_the_arrays_of_the_course(load, arrays, dataset, style):
    loaded = load(dataset, arrays, style)

    for name, array in arrays.items():
        assert loaded[name].dtype == np.uint8
        np.testing.assert_array_equal(loaded[name], array)


def test_labels_of_another_type_are_loaded_as_bytes_as_keras_does(load, arrays):
    wide = arrays | {name: arrays[name].astype(np.int64) for name in ("y_train", "y_test")}

    loaded = load("fashion_mnist", wide, STYLES[0])

    for name in ("y_train", "y_test"):
        assert loaded[name].dtype == np.uint8
        np.testing.assert_array_equal(loaded[name], arrays[name])
