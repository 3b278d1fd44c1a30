"""The images that submissions are judged on, in the forms that the criteria need."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.lab.images import Images, scaled

Floats = NDArray[np.float32]
_NOISE_SEED = 7919
SAME_PIXEL = 2e-3
"""Largest difference in any pixel between two copies of one image (half a grey level, rounded up)."""


@dataclass(frozen=True)
class Reference:
    """The images that a submission is judged on: (n, 28, 28, 1), from 0 (black) to 1 (white)."""

    images: Images

    @cached_property
    def train(self) -> Floats:
        return scaled(self.images.x_train)

    @cached_property
    def test(self) -> Floats:
        return scaled(self.images.x_test)

    @cached_property
    def held_out(self) -> Floats:
        return scaled(self.images.held_out)

    @cached_property
    def mean_image_error(self) -> float:
        """The mean squared error if the answer to every held-out image is the mean training image."""
        return float(np.mean((self.held_out - self.train.mean(axis=0)) ** 2))

    def noisy_held_out(self, sigma: float) -> Floats:
        """The held-out images with Gaussian noise of standard deviation `sigma`."""
        noise = np.random.default_rng(_NOISE_SEED).normal(0, sigma, self.held_out.shape)
        return self.held_out + noise.astype(np.float32)

    def train_images(self, rows: NDArray[np.int_]) -> Floats:
        """The images at these rows of the training set that the kernel loaded."""
        return np.take(self.train, rows, axis=0, mode="wrap")

    def test_images(self, rows: NDArray[np.int_]) -> Floats:
        """The images at these rows of the test set that the kernel loaded."""
        return np.take(self.test, rows, axis=0, mode="wrap")


def nearest(images: NDArray[Any], pool: Floats) -> Floats:
    """For each image, the image in the pool with the least squared difference."""
    a, b = images.reshape(len(images), -1), pool.reshape(len(pool), -1)
    distance = (b**2).sum(axis=1)[None] - 2 * a @ b.T
    best: NDArray[np.intp] = distance.argmin(axis=1)
    return pool[best]


def are_among(images: NDArray[Any], pool: Floats) -> NDArray[np.bool]:
    """For each image, whether the pool holds it, pixel for pixel."""
    difference = np.abs(images - nearest(images, pool)).reshape(len(images), -1)
    same: NDArray[np.bool] = difference.max(axis=1) <= SAME_PIXEL
    return same
