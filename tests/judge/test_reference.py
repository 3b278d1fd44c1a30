"""The images that criteria compare with."""

import numpy as np
import pytest

from autograder.judge.reference import SAME_PIXEL, are_among, nearest
from autograder.lab import IMAGE_SHAPE


@pytest.mark.parametrize("name", ["train", "test", "held_out"])
def test_images_are_as_the_lab_prepares_them(reference, name):
    images = getattr(reference, name)
    assert images.dtype == np.float32
    assert images.shape[1:] == IMAGE_SHAPE
    assert (images.min(), images.max()) == (0, 1)


def test_a_kernel_loads_the_images_over_and_over(reference):
    count = len(reference.train)
    np.testing.assert_array_equal(
        reference.train_images(np.array([0, count, 2 * count + 3])), reference.train[[0, 0, 3]]
    )
    np.testing.assert_array_equal(
        reference.test_images(np.array([len(reference.test) + 1])), reference.test[[1]]
    )


def test_the_noise_on_held_out_images_is_the_same_each_time_and_as_strong_as_asked_for(reference):
    noisy = reference.noisy_held_out(0.2)
    np.testing.assert_array_equal(noisy, reference.noisy_held_out(0.2))
    assert (noisy - reference.held_out).std() == pytest.approx(0.2, rel=0.01)


def test_the_nearest_image_is_found_under_noise(reference):
    rows = np.array([5, 17, 3])
    noise = np.random.default_rng(1).normal(0, 0.2, (3, *IMAGE_SHAPE))
    np.testing.assert_array_equal(
        nearest(reference.train[rows] + noise, reference.train), reference.train[rows]
    )


def test_an_image_is_among_others_if_every_pixel_agrees(reference):
    images = reference.train[:3].copy()
    images[1, 10, 10] += SAME_PIXEL / 2
    images[2, 10, 10] += 2 * SAME_PIXEL
    assert are_among(images, reference.train).tolist() == [True, True, False]
    assert not are_among(reference.held_out[:5], reference.train).any()
