"""Made-up results of a calibration, as its plans ask for them."""

import numpy as np
from the_lab import AUTOENCODER, DENOISING

from autograder.calibration import derivation, kinds, noise_kinds, results, slow

IMAGES = ("embedded", "other")


def trained(
    exercise=AUTOENCODER,
    *,
    right=0.5,
    spread=0.02,
    wrong=1.0,
    seeds=40,
    slow_share=0.02,
    handed_on=0.03,
    data=IMAGES,
):
    """Results as if networks had been trained, with normally distributed errors of the right ones.

    slow_share: the share of right networks that each round leaves slow. handed_on: the share of the
    noise that right networks leave, if there is any.
    """
    chance = np.random.default_rng(5)
    most, found = slow.most_rounds(exercise), []
    for training in kinds.plan(exercise, seeds, data):
        is_right = kinds.of(exercise)[training.kind].label == kinds.RIGHT
        error = chance.normal(right, spread) if is_right else wrong + chance.exponential(0.2)
        rounds = int(chance.geometric(max(1 - slow_share, 1e-9))) if is_right else most
        left = right if rounds <= most else 0.9
        steps = slow.steps_of_a_round(exercise) * min(rounds, most)
        noise = handed_on if exercise.noise else None
        found.append(results.Trained(training, float(error), left, steps, noise, 1.0))
    return found


def bound(exercise=AUTOENCODER, **made_up):
    """The bound that follows from results such as `trained` makes up."""
    some = trained(exercise, **made_up)
    return derivation.of(exercise, some, derivation.slow_again({exercise: some}))


def drawn(right=1.0, wrong=40.0):
    """Results as if noise had been drawn and judged. right, wrong: how unlikely it is."""
    return [
        _judged(draw, right if noise_kinds.KINDS[draw.kind].right else wrong + draw.number)
        for draw in noise_kinds.plan(DENOISING, 30, IMAGES)
    ]


def _judged(draw, unlikely):
    return results.Drawn(draw, float(unlikely < 7), unlikely, "x_train_noisy: mean", 0.1)
