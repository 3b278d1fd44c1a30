"""A broken file of bounds is named, with what is wrong."""

import re

import pytest

from autograder.judge import bounds
from autograder.judge.bounds import CalibrationError

BROKEN = {
    "no such file": (None, "cannot be read"),
    "no JSON": ("{", "holds no calibration"),
    "a criterion missing": ('{"criteria": {"denoising": {"bound": 0.5}}}', "reconstruction"),
    "a bound of 0": (
        '{"criteria": {"denoising": {"bound": 0.5}, "reconstruction": {"bound": 0.0}}}',
        "the bound of reconstruction is 0.0",
    ),
}


@pytest.mark.parametrize(("text", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named(tmp_path, text, words):
    file = tmp_path / "calibration.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(CalibrationError, match=re.escape(words)) as caught:
        bounds.calibrated(file)
    assert str(file) in str(caught.value)
