"""Names of what the programs of this package time, and how they time it."""

import contextlib
import time
from collections.abc import Iterator

Seconds = tuple[float, float]
"""CPU and wall seconds."""
Times = dict[str, Seconds]
"""Seconds by what they were spent on."""

ARRAYS, NETWORKS, PICTURES = "arrays", "networks", "pictures"
IMPORT = "import"


def step(notebook: str) -> str:
    """Names one step of a notebook's full training."""
    return f"step of {notebook}"


def validation(notebook: str) -> str:
    """Names one pass over a notebook's validation images."""
    return f"validation of {notebook}"


@contextlib.contextmanager
def timed(times: Times, name: str) -> Iterator[None]:
    """Adds what the block takes, in all threads of this process, to `times[name]`."""
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    before = times.get(name, (0.0, 0.0))
    times[name] = (before[0] + time.process_time() - cpu, before[1] + time.perf_counter() - wall)
