"""Lets `keras.datasets` load the images that a course grades on, without a network.

All aliases of a dataset's `load_data` are one function. It looks up what it downloads and reads with in
its own module, where something else can stand in for that.
"""

import io
from types import SimpleNamespace

import numpy as np
from keras.src.datasets import fashion_mnist as keras_fashion_mnist
from keras.src.datasets import mnist as keras_mnist

LABELS_HEADER, IMAGES_HEADER = 8, 16
"""Bytes that `load_data` skips at the beginning of a file of Fashion-MNIST."""
FASHION_MNIST_FILES = {
    "train-labels-idx1-ubyte.gz": ("y_train", LABELS_HEADER),
    "train-images-idx3-ubyte.gz": ("x_train", IMAGES_HEADER),
    "t10k-labels-idx1-ubyte.gz": ("y_test", LABELS_HEADER),
    "t10k-images-idx3-ubyte.gz": ("x_test", IMAGES_HEADER),
}
"""The array that each file of Fashion-MNIST holds, and the length of its header."""


def mnist(images: str) -> None:
    """Lets MNIST be loaded from an .npz file that holds its four arrays, at the path `images`."""
    keras_mnist.get_file = lambda *_, **__: images


def fashion_mnist(images: str) -> None:
    """Lets Fashion-MNIST be loaded from such an .npz file."""

    def open_file(name: str, mode: str) -> io.BytesIO:
        array, header = FASHION_MNIST_FILES[name]
        with np.load(images, allow_pickle=False) as arrays:
            return io.BytesIO(bytes(header) + arrays[array].astype(np.uint8).tobytes())

    keras_fashion_mnist.get_file = lambda fname, *_, **__: fname
    keras_fashion_mnist.gzip = SimpleNamespace(open=open_file)


PROVIDE = {"mnist": mnist, "fashion_mnist": fashion_mnist}
"""The function that lets a dataset be loaded, by the dataset's name in `keras.datasets`."""
