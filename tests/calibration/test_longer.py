"""The first longer training that tells right and wrong networks apart is found."""

import dataclasses

import pytest
from measurements import trained
from the_lab import AUTOENCODER

from autograder.calibration import longer
from autograder.calibration.longer import Longer
from autograder.lab.file import read

GOOD, BAD = {}, {"right": 0.97}


def found(**by_steps):
    """What is found if trainings of so many steps give such results; the keys are as in steps_280."""

    def few_trained(exercise):
        made_up = by_steps.get(f"steps_{exercise.short_steps}")
        return [] if made_up is None else trained(exercise, seeds=longer.SEEDS, data=("x",), **made_up)

    return longer.find(AUTOENCODER, few_trained)


@pytest.mark.parametrize(
    ("results", "tried", "separates"),
    [
        ({"steps_280": GOOD}, (280,), 280),
        ({"steps_280": BAD, "steps_560": GOOD}, (280, 560), 560),
        ({"steps_280": BAD, "steps_560": BAD}, (280, 560), None),
        ({"steps_280": BAD}, (280,), None),
        ({}, (), None),
    ],
    ids=["twice", "four times", "neither", "not measured to the end", "not measured"],
)
def test_longer_trainings_are_tried_one_after_the_other(results, tried, separates):
    networks = len(trained(seeds=longer.SEEDS, data=("x",))) if tried else 0
    assert found(**results) == Longer(tried, networks, separates)


def test_no_more_steps_are_tried_than_a_lab_file_may_ask_for(tmp_path):
    exercise = dataclasses.replace(AUTOENCODER, short_steps=600)
    assert [each.short_steps for each in longer.exercises(exercise)] == [1200]
    written = "short_steps = {}\n"
    (tmp_path / "lab.toml").write_text(lab_file(written.format(longer.MOST_STEPS)))
    assert read(tmp_path).exercises["autoencoder"].short_steps == longer.MOST_STEPS
    (tmp_path / "lab.toml").write_text(lab_file(written.format(longer.MOST_STEPS + 1)))
    with pytest.raises(Exception, match="2000"):
        read(tmp_path)


def lab_file(line):
    from the_lab import SOURCE

    return (SOURCE / "lab.toml").read_text().replace("epochs = 10\n", f"epochs = 10\n{line}")
