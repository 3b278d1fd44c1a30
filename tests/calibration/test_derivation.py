"""Each bound lies between right and wrong results, and says whether it is safe."""

import dataclasses
import re

import numpy as np
import pytest
from measurements import bound, trained
from the_lab import AUTOENCODER, DENOISING

from autograder.calibration import derivation
from autograder.protocol.short_training import SLOW


@pytest.mark.parametrize("exercise", [AUTOENCODER, DENOISING], ids=lambda e: e.notebook)
def test_a_bound_lies_between_right_and_wrong(exercise):
    found = bound(exercise, seeds=100)
    assert found.criterion == exercise.quality.id
    assert found.told_apart
    assert found.worst.right[-1] < found.value < found.nearest.nearest.error
    assert found.safe <= found.value
    for source in found.sources:
        estimated, most = source.rejects(found.value)
        assert estimated < derivation.REJECTIONS
        assert estimated <= most
        assert source.seen(found.value)[0] == 0


def test_a_bound_moves_towards_wrong_results_until_it_is_safe():
    found = bound(spread=0.035, seeds=100)
    assert np.sqrt(SLOW * found.nearest.nearest.error) < found.safe <= found.value
    assert found.nearest.nearest.error / found.value > derivation.DISTANCE
    assert found.told_apart


def test_a_bound_leaves_room_for_right_networks_up_to_slow():
    found = bound(right=0.2, spread=0.002, wrong=0.9)
    assert found.value == pytest.approx(np.sqrt(SLOW * found.nearest.nearest.error), abs=0.01)


@pytest.mark.parametrize(
    ("made_up", "words"),
    [
        ({"right": 0.97, "spread": 0.03}, "errors up to 1."),
        ({"wrong": 0.55}, "the nearest wrong one has 0.55"),
        ({"spread": 0.075}, r"errors up to 0\.\d* \(one in 100,000 an estimated 1."),
        (
            {"slow_share": 0.4},
            r"are slow at first, so that a share of at least 0\.\d+ stays",
        ),
        ({"handed_on": 0.7}, "leave up to 0.70 of the noise, and more than 0.5 counts as handed on"),
    ],
    ids=["errors overlap", "wrong below slow", "no safe bound", "slow", "noise handed on"],
)
def test_what_overlaps_is_named(made_up, words):
    found = bound(DENOISING, seeds=100, **made_up)
    assert not found.told_apart
    assert any(re.search(words, text) for text in found.overlaps), found.overlaps


def test_few_results_give_a_bound_and_do_not_show_that_it_is_safe():
    found = bound(seeds=20)
    assert found.told_apart
    assert not found.is_safe
    assert found.worst.right[-1] < found.value < found.nearest.nearest.error


def test_networks_that_were_never_slow_do_not_make_a_bound_impossible():
    """How many stay slow is extrapolated from those slow at first: without any, it is unknown."""
    found = bound(DENOISING, slow_share=0.0)
    assert found.told_apart
    assert not found.is_safe


def test_what_other_exercises_show_of_slow_networks_counts_too():
    some, others = trained(DENOISING, slow_share=0.0, seeds=100), trained(AUTOENCODER, seeds=100)
    again = derivation.slow_again({DENOISING: some, AUTOENCODER: others})
    assert derivation.of(DENOISING, some, again).is_safe


def test_networks_that_all_stay_slow_give_no_bound():
    exercise = dataclasses.replace(AUTOENCODER, short_steps=20)
    assert not bound(exercise, right=0.97, slow_share=1.0, seeds=7).told_apart


def test_too_few_results_give_no_bound():
    with pytest.raises(derivation.TooFewError, match="autoencoder on embedded, other"):
        bound(seeds=2)
