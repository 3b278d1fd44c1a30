"""Which tests one process runs one after the other, and which shares of them come first.

The tests of a file share courses, kernels and clusters, so they stay together. The cases of the corpus
share the training of one network at most, so there are many small shares: they fill the gaps at the end.
"""

import functools
import re
from pathlib import Path

import corpus
from xdist.scheduler.loadscope import LoadScopeScheduling

MAX_MIB = 2560
"""The most memory that one test process may take."""

LONGEST = (  # files in tests/
    "test_attacks.py",
    "adapting/test_adoption.py: garments",
    "adapting/test_adoption.py: stronger_noise",
    "adapting/test_adoption.py: third_exercise",
    "calibration/test_command.py",
    "batch/test_workers.py",
    "test_attacks.py: clock",
    "batch/test_driver.py",
    "course/test_exporter.py",
    "test_nbgrader.py",
    "sandbox/test_bubblewrap.py",
    "sandbox/test_clock.py",
    "test_fuzz.py",
    "kernel/test_short_fit.py",
    "kernel/test_feed.py",
    "benchmarks/test_repeat.py",
    "sandbox/test_fork_server.py",
    "submissions/test_harmless.py",
    "submissions/test_forged_pages.py",
    "submissions/test_svg.py",
    "adapting/test_trial.py",
    "adapting/test_quickstart.py",
    "judge/test_workload.py",
    "judge/test_search.py",
    "kernel/test_plotly_figures.py",
    "judge/test_noise.py",
    "benchmarks/test_floor.py",
)
"""Shares that take more than 20 seconds (`pytest --durations=0` tells), the longest first."""
CORPUS = "test_corpus.py"


def share_of(nodeid: str) -> str:
    """The share that a test belongs to."""
    file = nodeid.partition("::")[0].removeprefix("tests/")
    if file == CORPUS:
        case = nodeid.partition("[")[2].rstrip("]")
        return f"{file}: as {_first_that_starts_alike().get(case, case)}"
    if file == "test_attacks.py" and re.search(r"\[clock\b", nodeid):
        # These wait for the clock, in a class of their own.
        return f"{file}: clock"
    if file == "adapting/test_adoption.py":
        # Each lab has a course and a calibration of its own.
        return f"{file}: {nodeid.partition('[')[2].rstrip(']')}"
    return file


@functools.cache
def _first_that_starts_alike() -> dict[str, str]:
    """For each case of the corpus the first one that has its start."""
    first: dict[tuple, str] = {}
    return {case.id: first.setdefault(case.start, case.id) for case in corpus.load()}


def longest_first(nodeid: str) -> tuple:
    """The key to sort tests by."""
    share = share_of(nodeid)
    place = LONGEST.index(share) if share in LONGEST else len(LONGEST)
    return place, share.startswith(CORPUS), share


class Shares(LoadScopeScheduling):
    """Hands a process that is nearly done the next share."""

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)


def most_memory_mib() -> float:
    """The most memory that this process ever took; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    kib = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(kib) / 1024
