"""The numbers of the shortened training fit each other."""

from autograder.protocol import short_training


def test_a_slow_network_gets_more_rounds_than_one_and_fewer_than_all_calls_together():
    assert 1 < short_training.ROUNDS < short_training.ROUNDS_IN_ALL


def test_shares_lie_between_0_and_1():
    assert 0 < short_training.SLOW < 1
    assert 0 < short_training.SMALL < 1
