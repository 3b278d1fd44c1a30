"""The plan of draws takes all kinds in turns."""

import numpy as np
from measurements import DIGITS

from autograder.calibration import noise_kinds


def test_every_beginning_of_the_plan_holds_all_kinds():
    plan = noise_kinds.plan(30, DIGITS)
    first = plan[: len(DIGITS) * len(noise_kinds.KINDS)]
    assert {(draw.data, draw.kind) for draw in first} == {
        (d, k) for d in DIGITS for k in noise_kinds.KINDS
    }
    assert len({draw.seed for draw in plan}) == len(plan)
    assert sum(draw.kind == "clipped" for draw in plan) == 6 * len(DIGITS)


def test_right_noise_has_the_prescribed_deviation(reference):
    clean = reference.train_images(np.arange(200))
    for name, kind in noise_kinds.RIGHT.items():
        noise = (kind.add(clean, np.random.default_rng(0)) - clean)[clean == 0]
        # Where clipping hides noise below 0, the other half shows its deviation.
        deviation = np.sqrt(np.mean(np.float64(noise[noise > 0]) ** 2))
        assert abs(deviation - noise_kinds.SIGMA) < 0.005, name
