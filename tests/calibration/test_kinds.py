"""What is trained follows from the lab, and the plan of trainings is balanced."""

import dataclasses

import pytest
from measurements import IMAGES
from the_lab import AUTOENCODER, DENOISING, EXERCISES

from autograder.calibration import kinds
from autograder.lab import RequiredLayer

POOL = RequiredLayer("MaxPooling2D", size=(2, 2))
FIXED = dataclasses.replace(POOL, padding="same")


def with_encoder(*layers, **changed):
    return dataclasses.replace(AUTOENCODER, encoder=layers, **changed)


def right(exercise):
    return {name for name, kind in kinds.of(exercise).items() if kind.label == kinds.RIGHT}


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_a_plan_is_balanced_wherever_it_ends(exercise):
    plan = kinds.plan(exercise, 300, IMAGES)
    known = kinds.of(exercise)
    right = [training for training in plan if known[training.kind].label == kinds.RIGHT]
    assert len(right) == 300 * len(kinds.RATES) * len(IMAGES)
    assert len({training.seed for training in plan}) == len(plan)
    tenth = plan[: len(plan) // 10]
    assert {training.kind for training in tenth} == {training.kind for training in plan}
    counts = [[training.data for training in tenth].count(name) for name in IMAGES]
    assert max(counts) - min(counts) <= 0.05 * len(tenth)


@pytest.mark.parametrize(
    ("poolings", "names"),
    [
        ([POOL, POOL, FIXED], {"first pooling 'valid'", "two poolings 'valid'"}),
        ([FIXED, POOL], {"second pooling 'valid'"}),
        ([POOL] * 3, {"first pooling 'valid'", "two poolings 'valid'", "three poolings 'valid'"}),
        ([FIXED], set()),
    ],
    ids=["the first two", "the second", "three", "none"],
)
def test_poolings_are_valid_only_where_the_lab_leaves_it_open(poolings, names):
    assert {name for name in right(with_encoder(*poolings)) if "pooling" in name} == names


def test_other_activations_are_right_only_where_the_lab_leaves_them_open():
    prescribed = AUTOENCODER.encoder[0]
    free = dataclasses.replace(prescribed, activation=None)
    more = right(with_encoder(prescribed, free)) - right(with_encoder(prescribed, prescribed))
    assert more == {"activation elu", "activation tanh"}
    output = dataclasses.replace(AUTOENCODER.output, activation=None)
    more = right(dataclasses.replace(AUTOENCODER, output=output)) - right(AUTOENCODER)
    assert more == {"output linear"}


def test_noise_decides_on_some_kinds():
    assert kinds.of(AUTOENCODER).keys() - kinds.of(DENOISING).keys() == {"targets noisy"}
    assert kinds.of(DENOISING).keys() - kinds.of(AUTOENCODER).keys() == {
        *("targets the noisy inputs", "trained on clean images")
    }
