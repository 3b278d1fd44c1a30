"""Some noisy images are read, and a signature of each."""

import numpy as np
import pytest

from autograder.kernel import noisy
from autograder.protocol import challenge


@pytest.mark.parametrize("shape", [challenge.IMAGE_SHAPE, (challenge.PIXELS,)])
def test_images_of_the_requested_rows_and_all_signatures_are_read(monkeypatch, shape):
    monkeypatch.setattr(noisy, "BLOCK", 70)
    images = np.random.default_rng(0).normal(0, 0.2, (200, *shape)).astype(np.float16)

    seen = noisy.look("a", {"x": images})

    (rows,) = challenge.noisy_rows("a", 200)
    assert seen["x"].rows == tuple(rows)
    assert (seen["x"].shape, seen["x"].dtype) == (images.shape, "float16")
    np.testing.assert_array_equal(seen["x"].values, images[rows])
    signatures = challenge.signatures("a", images.astype(np.float32).reshape(200, -1))
    np.testing.assert_array_equal(seen[challenge.signatures_of("x")].values, signatures[None])


@pytest.mark.parametrize("images", [np.zeros((9, 27, 28, 1)), np.array(1.0), [["a"] * 784]])
def test_other_arrays_are_told_by_their_shape_only(images):
    (seen,) = noisy.look("a", {"x": images}).values()
    assert seen.shape == np.shape(images)
    assert not seen.values.size
