"""The challenge follows from the request alone, and a signature from the noise alone."""

import numpy as np
import pytest

from autograder import lab
from autograder.protocol import challenge


def test_images_have_the_labs_shape():
    assert challenge.IMAGE_SHAPE == lab.IMAGE_SHAPE


def test_another_request_asks_for_another_answer():
    first, again, other = (challenge.layer_input(r, 2, (4, 4, 1)) for r in ("a", "a", "b"))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, challenge.layer_input("a", 3, (4, 4, 1)))
    assert challenge.layer_response("a", 0, first) != challenge.layer_response("b", 0, first)


@pytest.mark.parametrize("shape", [(0, 4), (2**12, 2**12)])
def test_an_empty_or_huge_input_is_refused(shape):
    with pytest.raises(ValueError, match="not tried"):
        challenge.layer_input("a", 0, shape)


def test_no_single_answer_fits_the_loss_of_all_requests():
    for targets, predictions in challenge.loss_inputs("a"):
        assert targets.shape == predictions.shape == (challenge.LOSS_BATCH, *lab.IMAGE_SHAPE)
        assert 0 < predictions.min() < predictions.max() < 1
    right = [
        np.mean((targets > 0.5) == (predictions > 0.5))
        for request in "abc"
        for targets, predictions in challenge.loss_inputs(request)
    ]
    assert np.std(right) > 0.05


def test_noisy_rows_are_neighbours_in_both_sets_and_others():
    train, test = challenge.noisy_rows("a", 60_000, 10_000)
    assert (np.diff(train) > 0).all()
    assert test.max() < 10_000
    shared = np.intersect1d(train, test)
    assert sum(row + 1 in shared for row in shared) >= challenge.NOISY_PAIRS // 2
    assert len(np.setdiff1d(train, test)) > challenge.NOISY_SINGLES // 2


def test_a_signature_follows_from_the_sign_of_the_noise():
    noise = np.random.default_rng(0).normal(0, 0.2, (5, challenge.PIXELS)).astype(np.float32)
    first = challenge.signatures("a", noise)
    np.testing.assert_array_equal(challenge.signatures("a", noise.clip(0, 1)), first)
    np.testing.assert_array_equal(challenge.signatures("a", -noise), -first)
    np.testing.assert_array_equal(challenge.signatures("a", noise[:, ::-1]), first[:, ::-1])
    blank = challenge.signatures("a", 0 * noise)
    np.testing.assert_array_equal(blank, [challenge.blank_signature("a")] * 5)
