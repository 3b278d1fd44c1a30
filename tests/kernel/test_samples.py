"""A sample tells shape and type of an array, and holds a few of its rows."""

import numpy as np
import pytest

from autograder.kernel.samples import EMBEDDED, HEAD, MAX_ROW_VALUES, sample


def test_a_sample_holds_the_first_rows_and_some_further_on():
    array = np.arange(2000, dtype=np.int64)[:, None]
    taken = sample(array)
    assert (taken.shape, taken.dtype) == ((2000, 1), "int64")
    assert taken.rows == (*range(HEAD), 100, 500, 1000, EMBEDDED)
    np.testing.assert_array_equal(taken.values, array[list(taken.rows)])


def test_embedded_digits_repeat_after_as_many_rows(images, request):
    if request.config.getoption("--images") == "embedded":
        assert len(images.x_train) == EMBEDDED


def test_the_beginning_of_an_array_is_sampled_as_such():
    assert sample(np.zeros((100, 2)), count=60_000).shape == (60_000, 2)
    assert sample([[1.5, 2.5]]).values.tolist() == [[1.5, 2.5]]


@pytest.mark.parametrize(
    "array", [np.array(3.0), np.zeros((2, MAX_ROW_VALUES + 1)), np.array([["a"]]), np.array([None])]
)
def test_no_values_are_sent_of_large_rows_or_other_things_than_numbers(array):
    assert sample(array).values.size == 0
