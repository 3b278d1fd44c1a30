"""The images that a class is graded on: those that a kernel loads, and those that only the judge sees.

The embedded default is scikit-learn's bundled copy of the UCI "Optical Recognition of Handwritten
Digits" test set: 1,797 digits of 8×8 pixels, enlarged to MNIST's size. A course may grade on MNIST or
Fashion-MNIST.
"""

import gzip
import importlib.metadata
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograder.lab import DATASETS, IMAGE_SHAPE, TEST_IMAGES, TRAIN_IMAGES

HELD_OUT = 250
TEST = 250
_SPLIT_SEED = 1998


Array = NDArray[np.uint8]


class ImagesError(Exception):
    """The images cannot be loaded; the message says what to do."""


@dataclass(frozen=True)
class Images:
    """Different images, uint8 (n, 28, 28), and their labels, uint8 (n,). No kernel sees `held_out`."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    held_out: np.ndarray
    train_count: int = TRAIN_IMAGES
    test_count: int = TEST_IMAGES
    """Sizes of the two sets that a kernel loads: the images are repeated to fill them."""

    def as_mnist(self) -> dict[str, np.ndarray]:
        """The arrays that Keras's `load_data` returns, by their names in MNIST's file."""
        train = np.resize(np.arange(len(self.x_train)), self.train_count)
        test = np.resize(np.arange(len(self.x_test)), self.test_count)
        return {
            "x_train": self.x_train[train],
            "y_train": self.y_train[train],
            "x_test": self.x_test[test],
            "y_test": self.y_test[test],
        }


def scaled(images: np.ndarray) -> np.ndarray:
    """Converts uint8 (n, 28, 28) as the lab does: to float32 (n, 28, 28, 1) in [0, 1]."""
    return images.astype(np.float32)[..., None] / 255


def load(source: str) -> Images:
    """Loads the images that the course's configuration names. Raises ImagesError.

    source: "embedded", "mnist" or "fashion_mnist" (the copy in Keras's cache), or the path of an .npz
    file with arrays as in MNIST's, of which `x_test` and `y_test` are enough.
    """
    if source == "embedded":
        return _split(*_embedded_digits())
    if source in DATASETS:
        cache = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "datasets"
        advice = (
            f"Run `python -c 'import keras; keras.datasets.{source}.load_data()'` once on a machine "
            "with network access, or"
        )
        if source == "mnist":
            return _load_npz(cache / "mnist.npz", advice)
        return _load_gzip(cache / "fashion-mnist", advice)
    return _load_npz(Path(source).expanduser(), "Check the path, or")


def _load_npz(path: Path, advice: str) -> Images:
    advice = f"{advice} set c.Grading.images = 'embedded' in nbgrader_config.py."
    if not path.is_file():
        raise ImagesError(f"There are no images to grade on at {path}. {advice}")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError) as error:
        raise ImagesError(f"{path} cannot be read as an .npz file: {error}. {advice}") from None
    for name in ("x_test", "y_test"):
        if name not in found:
            raise ImagesError(f"{path} holds no array '{name}'. {advice}")
    for name in {"x_test", "x_train"} & set(found):
        if found[name].dtype != np.uint8 or found[name].shape[1:] != IMAGE_SHAPE[:2]:
            raise ImagesError(f"'{name}' in {path} is not uint8 of shape (n, 28, 28). {advice}")
    if "x_train" not in found:
        return _split(found["x_test"], found["y_test"])
    return _whole(found["x_train"], found["y_train"], found["x_test"], found["y_test"])


def _load_gzip(folder: Path, advice: str) -> Images:
    """Loads the four files of Fashion-MNIST: each has a header of 8 or 16 bytes, then a byte a value."""
    arrays = []
    for name, header, shape in (
        ("train-images-idx3-ubyte.gz", 16, (-1, *IMAGE_SHAPE[:2])),
        ("train-labels-idx1-ubyte.gz", 8, (-1,)),
        ("t10k-images-idx3-ubyte.gz", 16, (-1, *IMAGE_SHAPE[:2])),
        ("t10k-labels-idx1-ubyte.gz", 8, (-1,)),
    ):
        path = folder / name
        advised = f"{advice} set c.Grading.images = 'embedded' in nbgrader_config.py."
        if not path.is_file():
            raise ImagesError(f"There are no images to grade on at {path}. {advised}")
        try:
            content = np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)
            arrays.append(content.reshape(shape))
        except (OSError, EOFError, ValueError) as error:
            raise ImagesError(f"{path} cannot be read as a gzip file: {error}. {advised}") from None
    return _whole(*arrays)


def _whole(x_train: Array, y_train: Array, x_test: Array, y_test: Array) -> Images:
    """A whole dataset keeps its test set; its last training images are held out."""
    return Images(x_train[:-HELD_OUT], y_train[:-HELD_OUT], x_test, y_test, x_train[-HELD_OUT:])


def _split(images: np.ndarray, labels: np.ndarray) -> Images:
    if len(images) < 2 * (TEST + HELD_OUT):
        raise ImagesError(f"{len(images)} images are too few to train, test and hold some out.")
    order = np.random.default_rng(_SPLIT_SEED).permutation(len(images))
    held_out, test, train = np.split(order, [HELD_OUT, HELD_OUT + TEST])
    return Images(
        x_train=images[train],
        y_train=labels[train].astype(np.uint8),
        x_test=images[test],
        y_test=labels[test].astype(np.uint8),
        held_out=images[held_out],
    )


def _embedded_digits() -> tuple[np.ndarray, np.ndarray]:
    """The bundled 8×8 digits as MNIST's: enlarged to 20×20, sharpened, with a margin of 4 pixels."""
    from scipy.ndimage import zoom

    *pixels, labels = np.loadtxt(_digits_file(), delimiter=",", unpack=True)
    small = np.stack(pixels, axis=1).reshape(-1, 8, 8) / np.max(pixels)
    large = zoom(small, (1, 2.5, 2.5), order=3)
    # Cubic enlargement leaves grey strokes; MNIST's are white with a thin soft edge.
    contrast = np.clip((large - 0.3) / 0.5, 0, 1)
    contrast = contrast**2 * (3 - 2 * contrast)
    images = np.pad(contrast, ((0, 0), (4, 4), (4, 4)))
    return np.round(255 * images).astype(np.uint8), labels.astype(np.uint8)


def _digits_file() -> Path:
    """The file that `sklearn.datasets.load_digits` reads; importing scikit-learn takes a second more."""
    package = importlib.metadata.distribution("scikit-learn").locate_file("sklearn")
    return Path(str(package), "datasets", "data", "digits.csv.gz")
