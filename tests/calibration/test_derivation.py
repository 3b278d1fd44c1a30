"""Each bound lies between right and wrong results, and says whether it is safe."""

import numpy as np
import pytest
from measurements import trained

from autograder.calibration import derivation, slow


def test_a_bound_lies_between_right_and_wrong():
    for bound in derivation.of(trained()):
        assert bound.worst.right[-1] < bound.value < bound.nearest.nearest.error
        assert bound.safe <= bound.value
        for source in bound.sources:
            estimated, most = source.rejects(bound.value)
            assert estimated < derivation.REJECTIONS
            assert estimated <= most
            assert source.seen(bound.value)[0] == 0


def test_a_bound_moves_towards_wrong_results_until_it_is_safe():
    bound, _ = derivation.of(trained(spread=0.035))
    assert np.sqrt(slow.SLOW * bound.nearest.nearest.error) < bound.safe <= bound.value
    assert bound.nearest.nearest.error / bound.value > derivation.DISTANCE


def test_a_bound_without_room_is_not_safe():
    bound, _ = derivation.of(trained(spread=0.075))
    assert not bound.is_safe
    assert bound.worst.right[-1] < bound.value < bound.nearest.nearest.error


def test_a_bound_leaves_room_for_right_networks_up_to_slow():
    bound, _ = derivation.of(trained(right=0.2, spread=0.002, wrong=0.9))
    assert bound.value == pytest.approx(np.sqrt(slow.SLOW * bound.nearest.nearest.error), abs=0.01)


def test_no_bound_is_safe_if_many_networks_stay_slow():
    bound, _ = derivation.of(trained(slow=0.4))
    assert not bound.is_safe


def test_few_results_do_not_show_what_is_safe():
    bound, _ = derivation.of(trained(seeds=20))
    assert not bound.is_safe
    assert bound.worst.right[-1] < bound.value < bound.nearest.nearest.error


def test_too_few_results_give_no_bound():
    with pytest.raises(derivation.TooFewError, match="autoencoder on embedded, other"):
        derivation.of(trained(seeds=2))
