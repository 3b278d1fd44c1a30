"""The grading images in the forms that the criteria compare with."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from autograder.lab.images import Images, scaled

_NOISE_SEED = 7919
SAME_PIXEL = 2e-3
"""Largest difference in any pixel between two copies of one image (half a grey level, rounded up)."""


@dataclass(frozen=True)
class Reference:
    """The images a submission is judged on. Arrays are float32 in [0, 1], (n, 28, 28, 1)."""

    images: Images

    @cached_property
    def train(self) -> np.ndarray:
        return scaled(self.images.x_train)

    @cached_property
    def test(self) -> np.ndarray:
        return scaled(self.images.x_test)

    @cached_property
    def held_out(self) -> np.ndarray:
        return scaled(self.images.held_out)

    @cached_property
    def mean_image_error(self) -> float:
        """Mean squared error of answering every held-out image with the mean training image."""
        return float(np.mean((self.held_out - self.train.mean(axis=0)) ** 2))

    def noisy_held_out(self, sigma: float) -> np.ndarray:
        """The held-out images with Gaussian noise of standard deviation `sigma`."""
        noise = np.random.default_rng(_NOISE_SEED).normal(0, sigma, self.held_out.shape)
        return self.held_out + noise.astype(np.float32)

    def train_images(self, rows: np.ndarray) -> np.ndarray:
        """The images at these rows of the training set that the kernel loaded."""
        return self.train[np.asarray(rows) % len(self.train)]

    def test_images(self, rows: np.ndarray) -> np.ndarray:
        """The images at these rows of the test set that the kernel loaded."""
        return self.test[np.asarray(rows) % len(self.test)]


def nearest(images: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """For each image the one of the pool with the least squared difference."""
    a, b = images.reshape(len(images), -1), pool.reshape(len(pool), -1)
    distance = (b**2).sum(axis=1)[None] - 2 * a @ b.T
    return pool[distance.argmin(axis=1)]


def are_among(images: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """For each image whether the pool holds it, pixel for pixel."""
    difference = np.abs(images - nearest(images, pool))
    return difference.reshape(len(images), -1).max(axis=1) <= SAME_PIXEL
