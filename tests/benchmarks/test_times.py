"""Times add up under their name."""

import time

from benchmarks.times import timed


def test_what_has_the_same_name_adds_up():
    times = {}
    with timed(times, "waiting"):
        time.sleep(0.1)
    with timed(times, "waiting"):
        time.sleep(0.1)
    with timed(times, "computing"):
        sum(range(10**6))

    assert set(times) == {"waiting", "computing"}
    cpu, wall = times["waiting"]
    assert cpu < 0.1
    assert wall >= 0.2
    assert times["computing"][0] > 0
