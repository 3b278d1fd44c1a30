"""The coarse search tries usual sizes first and says where an image may be."""

import numpy as np
from PIL import Image

from autograder.judge.coarse_search import SCALE_STEP, coarse_peaks, units


def test_whole_numbers_of_pixels_come_first():
    sizes = units((100, 100), (28, 28))
    assert sizes[:3] == [1, 2, 3]
    assert max(sizes) <= 100 / 28
    between = np.divide(sizes[4:], sizes[3:-1])
    np.testing.assert_allclose(between, SCALE_STEP)


def test_an_image_is_not_looked_for_where_it_does_not_fit():
    assert units((10, 10), (28, 28)) == []


def test_the_best_place_is_where_the_image_is():
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80), np.uint8)
    template = pixels[20:34, 30:44].astype(np.float32)
    for picture in (Image.fromarray(pixels), Image.fromarray(255 - pixels).convert("RGB")):
        peaks = coarse_peaks(picture, {7: template, 8: np.zeros((90, 90), np.float32)})
        assert list(peaks) == [7], "the other template is larger than the picture"
        likeness, x, y = peaks[7][0]
        assert (x, y) == (30, 20)
        assert likeness > 0.99


def test_an_image_that_is_not_in_the_picture_has_no_place():
    chance = np.random.default_rng(0)
    picture = Image.fromarray(chance.integers(0, 256, (60, 80), np.uint8))
    assert coarse_peaks(picture, {0: chance.random((14, 14), np.float32)}) == {0: []}
