"""The grading images look like MNIST, and the held-out ones stay with the judge."""

import gzip

import numpy as np
import pytest

from autograder.lab.images import HELD_OUT, ImagesError, _digits_file, load, scaled


def test_the_embedded_digits_have_the_shapes_and_types_of_mnist():
    mnist = load("embedded").as_mnist()

    assert {name: (a.shape, a.dtype.name) for name, a in mnist.items()} == {
        "x_train": ((60_000, 28, 28), "uint8"),
        "y_train": ((60_000,), "uint8"),
        "x_test": ((10_000, 28, 28), "uint8"),
        "y_test": ((10_000,), "uint8"),
    }
    assert set(np.unique(mnist["y_train"])) == set(range(10))
    digits = scaled(mnist["x_test"])
    assert digits.dtype == np.float32
    assert digits.min() == 0
    assert digits.max() == 1
    assert not digits[:, :4].any(), "MNIST's digits have a margin of four pixels"


def test_the_embedded_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    table = np.loadtxt(_digits_file(), delimiter=",")
    np.testing.assert_array_equal(table[:, :-1], load_digits().data)
    np.testing.assert_array_equal(table[:, -1], load_digits().target)


def test_a_course_may_do_with_fewer(images):
    mnist = images.as_mnist()

    assert len(mnist["x_train"]) == images.train_count < 60_000
    assert len(mnist["x_test"]) == images.test_count < 10_000
    np.testing.assert_array_equal(mnist["x_train"][: len(images.x_train)], images.x_train)


def test_no_held_out_digit_is_among_those_the_kernel_sees(images):
    seen = {image.tobytes() for image in (*images.x_train, *images.x_test)}

    assert len(images.held_out) == HELD_OUT
    assert not any(image.tobytes() in seen for image in images.held_out)


def test_the_first_ten_test_images_differ(images):
    assert len({image.tobytes() for image in images.x_test[:10]}) == 10


def test_a_file_with_test_images_only_is_enough(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "digits.npz"
    pictures = rng.integers(0, 256, (2000, 28, 28), np.uint8)
    np.savez(path, x_test=pictures, y_test=np.zeros(2000, np.uint8))

    loaded = load(str(path))

    assert len(loaded.x_train) + len(loaded.x_test) + len(loaded.held_out) == 2000


def test_a_full_mnist_keeps_its_own_test_set(tmp_path):
    path = tmp_path / "mnist.npz"
    train = np.random.default_rng(0).integers(0, 256, (3000, 28, 28), np.uint8)
    test = train[:500] ^ 255
    np.savez(path, x_train=train, y_train=train[:, 0, 0], x_test=test, y_test=test[:, 0, 0])

    loaded = load(str(path))

    np.testing.assert_array_equal(loaded.x_test, test)
    np.testing.assert_array_equal(loaded.held_out, train[-HELD_OUT:])
    assert len(loaded.x_train) == 3000 - HELD_OUT


@pytest.fixture
def fashion_mnist(tmp_path, monkeypatch):
    """A copy of Fashion-MNIST in Keras's cache: its folder, and the array of each file."""
    folder = tmp_path / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    random = np.random.default_rng(0)
    arrays = {}
    for name, count in (("train", 3000), ("t10k", 500)):
        arrays[f"{name}-images-idx3-ubyte.gz"] = random.integers(0, 256, (count, 28, 28), np.uint8)
        arrays[f"{name}-labels-idx1-ubyte.gz"] = random.integers(0, 10, count, np.uint8)
    for name, array in arrays.items():
        header = bytes(16 if "images" in name else 8)
        (folder / name).write_bytes(gzip.compress(header + array.tobytes()))
    return folder, arrays


def test_fashion_mnist_is_read_as_keras_keeps_it(fashion_mnist):
    _, arrays = fashion_mnist
    train, test = arrays["train-images-idx3-ubyte.gz"], arrays["t10k-images-idx3-ubyte.gz"]

    loaded = load("fashion_mnist")

    np.testing.assert_array_equal(loaded.x_train, train[:-HELD_OUT])
    np.testing.assert_array_equal(loaded.held_out, train[-HELD_OUT:])
    np.testing.assert_array_equal(loaded.x_test, test)
    np.testing.assert_array_equal(loaded.y_test, arrays["t10k-labels-idx1-ubyte.gz"])


def test_a_broken_or_missing_file_of_fashion_mnist_is_named_with_what_to_do(fashion_mnist):
    folder, _ = fashion_mnist
    file = folder / "t10k-images-idx3-ubyte.gz"
    file.write_bytes(b"no archive")
    with pytest.raises(ImagesError, match=r"t10k-images.* cannot be read as a gzip file"):
        load("fashion_mnist")
    file.unlink()
    with pytest.raises(ImagesError, match=r"fashion_mnist\.load_data.*embedded"):
        load("fashion_mnist")


def test_missing_images_are_an_error_that_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(ImagesError, match=r"load_data.*embedded"):
        load("mnist")
    with pytest.raises(ImagesError, match=r"nowhere\.npz.*Check the path"):
        load(str(tmp_path / "nowhere.npz"))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x_train": np.zeros((9, 28, 28), np.uint8)}, "no array 'x_test'"),
        ({"x_test": np.zeros((9, 28, 28)), "y_test": np.zeros(9)}, "not uint8"),
        ({"x_test": np.zeros((9, 28, 28), np.uint8), "y_test": np.zeros(9)}, "too few"),
    ],
)
def test_a_file_with_other_arrays_is_an_error(tmp_path, arrays, message):
    np.savez(tmp_path / "file.npz", **arrays)
    with pytest.raises(ImagesError, match=message):
        load(str(tmp_path / "file.npz"))


def test_a_file_that_is_no_archive_is_an_error(tmp_path):
    (tmp_path / "mnist.npz").write_text("not an archive")
    with pytest.raises(ImagesError, match="cannot be read"):
        load(str(tmp_path / "mnist.npz"))
