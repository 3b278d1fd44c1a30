"""Packed values are read by the version that wrote them, and by no other."""

import pytest

from autograder.submissions.packed import FormatError, packed, unpacked


def test_a_value_comes_back_as_it_was():
    value = {"a": [1, "ä"], "b": None}
    assert unpacked(packed(value), {"a", "b"}) == value


@pytest.mark.parametrize("data", [b"", b"nothing packed", packed({"a": 1})[:-3]])
def test_damaged_bytes_are_told(data):
    with pytest.raises(FormatError, match="damaged"):
        unpacked(data, {"a"})


@pytest.mark.parametrize("value", [{"a": 1, "b": 2}, {}, ["a"], 7])
def test_what_has_other_parts_is_another_versions(value):
    with pytest.raises(FormatError, match="another version"):
        unpacked(packed(value), {"a"})
