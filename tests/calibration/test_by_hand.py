"""A criterion's line moves in the lab file, and nothing else changes."""

import pytest
from the_lab import SOURCE

from autograder.calibration import by_hand
from autograder.lab.file import read

TEXT = (SOURCE / "lab.toml").read_text("utf-8")
LINE, COMMENTED = "reconstruction = 8\n", "reconstruction = 8  # what comes out\n"
BY_HAND = "[exercises.autoencoder.by_hand]\ndiscussion = 4\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TEXT, TEXT.replace(LINE, "").replace(BY_HAND, BY_HAND + LINE)),
        (
            TEXT.replace(LINE, COMMENTED),
            TEXT.replace(LINE, "").replace(BY_HAND, BY_HAND + COMMENTED),
        ),
        (
            TEXT.replace(f"{BY_HAND}\n", ""),
            TEXT.replace(LINE, "").replace("discussion = 4\n", LINE),
        ),
    ],
    ids=["as it is", "with a comment", "without the table"],
)
def test_the_line_moves_and_nothing_else(tmp_path, before, after):
    assert before != after
    (tmp_path / "lab.toml").write_text(before, "utf-8")
    by_hand.move(tmp_path, "autoencoder", "reconstruction")
    assert (tmp_path / "lab.toml").read_text("utf-8") == after
    quality = read(tmp_path).exercises["autoencoder"].quality
    assert (quality.id, quality.points, quality.by_hand) == ("reconstruction", 8, True)
