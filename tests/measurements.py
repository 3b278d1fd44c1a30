"""Made-up results of a calibration, as its plans ask for them."""

import numpy as np

from autograder.calibration import kinds, noise_kinds, results

DIGITS = ("embedded", "other")


def trained(*, right=0.5, spread=0.02, wrong=1.0, seeds=40, slow=0.05):
    """Results as if networks had been trained, with normally distributed errors of the right ones.

    slow: the share of right networks that each round leaves slow.
    """
    chance = np.random.default_rng(5)
    found = []
    for training in kinds.plan(seeds, DIGITS):
        is_right = kinds.BY_NAME[training.kind].label == kinds.RIGHT
        error = chance.normal(right, spread) if is_right else wrong + chance.exponential(0.2)
        rounds = min(chance.geometric(1 - slow), 4) if is_right else 5
        found.append(results.Trained(training, float(error), right, int(140 * rounds), None, 1.0))
    return found


def drawn(right=1.0, wrong=40.0):
    """Results as if noise had been drawn and judged. right, wrong: how unlikely it is."""
    return [
        _judged(draw, right if noise_kinds.KINDS[draw.kind].right else wrong + draw.number)
        for draw in noise_kinds.plan(30, DIGITS)
    ]


def _judged(draw, unlikely):
    return results.Drawn(draw, float(unlikely < 7), unlikely, "x_train_noisy: mean", 0.1)
