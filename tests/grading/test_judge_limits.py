"""The judge's process ends where it takes more memory than judging needs."""

import subprocess
import sys

import pytest

from autograder.grading.judge_limits import MEMORY_MIB

PROGRAM = """
from autograder.grading.judge_limits import MEMORY_MIB, limit
limit()
try:
    data = bytearray({mib} * 2**20)
    print("there is room")
except MemoryError:
    print("there is none")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits on what is allocated hold on Linux only")
@pytest.mark.parametrize(
    ("mib", "said"), [(MEMORY_MIB // 2, "there is room"), (2 * MEMORY_MIB, "there is none")]
)
def test_what_judging_needs_is_there_and_no_more(mib, said):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(mib=mib)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == said
