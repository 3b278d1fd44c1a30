"""The command `autograder calibrate`."""

import os
from pathlib import Path

from autograder.calibration import measuring
from autograder.calibration.kinds import plan

RESULTS = "results.jsonl"


def calibrate(data: list[str], seeds: int, output: Path, workers: int) -> None:
    """Measures, or goes on measuring."""
    output.mkdir(parents=True, exist_ok=True)
    sources = {
        source if source in ("embedded", "mnist") else Path(source).stem: source for source in data
    }
    trainings = plan(seeds, tuple(sources))
    measuring.measure(trainings, sources, output / RESULTS, workers or os.cpu_count() or 1)
