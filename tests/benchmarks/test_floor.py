"""The bare computations of a submission can be timed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from course import TEST_IMAGES, TRAIN_IMAGES

from benchmarks.times import ARRAYS, NETWORKS, PICTURES

CHECKOUT = Path(__file__).parents[2]

BRIEFLY = f"""
import dataclasses
from benchmarks import floor

load = floor.load
floor.load = lambda name: dataclasses.replace(
    load(name), train_count={TRAIN_IMAGES}, test_count={TEST_IMAGES}
)
floor.REPETITIONS = 1
floor.main()
"""


@pytest.mark.slow
def test_the_bare_computations_take_time():
    done = subprocess.run(
        [sys.executable, "-c", BRIEFLY], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    times = json.loads(done.stdout)
    assert set(times) == {NETWORKS, ARRAYS, PICTURES}
    assert all(cpu > 0 and wall > 0 for cpu, wall in times.values())
