"""The command `python -m benchmarks.calibration`."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.calibration import derivation, kinds, measuring, noise_kinds, power, results

TRAININGS, NOISE = "trainings.jsonl", "noise.jsonl"
RECORD, PAGE = "calibration.json", "index.html"


@dataclass(frozen=True)
class Options:
    """The options of the command."""

    data: list[str]
    """Sources of digits, as `images.load` takes them."""
    seeds: int
    output: Path
    workers: int
    """Number of processes; 0 for one per core."""
    report: bool
    """Whether to measure nothing and only derive bounds and page from the existing results."""


def calibrate(options: Options) -> str:
    """Measures what the folder does not hold yet, and writes bounds and page. Returns a summary.

    Raises KeyboardInterrupt, derivation.TooFewError and images.ImagesError.
    """
    options.output.mkdir(parents=True, exist_ok=True)
    trainings, noise = options.output / TRAININGS, options.output / NOISE
    if not options.report:
        sources = {Path(source).stem: source for source in options.data}
        workers = options.workers or os.cpu_count() or 1
        draws = noise_kinds.plan(options.seeds, tuple(sources))
        measuring.measure(draws, results.Drawn, sources, noise, workers)
        planned = kinds.plan(options.seeds, tuple(sources))
        measuring.measure(planned, results.Trained, sources, trainings, workers)
    found = derivation.of(results.read(trainings, results.Trained))
    drawn = power.rows(results.read(noise, results.Drawn))
    # Imported late, as these import TensorFlow.
    from benchmarks.calibration import record
    from benchmarks.calibration.page import page

    contents = record.written(found, drawn)
    record.write(contents, options.output / RECORD)
    (options.output / PAGE).write_text(page(found, drawn, contents), "utf-8")
    return "\n".join([*(_line(bound) for bound in found), *_lines_of_noise(contents["noise"])])


def _line(bound: derivation.Bound) -> str:
    nearest = bound.nearest.nearest
    room = "" if bound.is_safe else f" (safe would be {bound.safe:.3f})"
    return (
        f"{bound.criterion}: right up to {bound.worst.right[-1]:.3f} < bound {bound.value:.2f} < "
        f"{nearest.error:.3f} ({nearest.of.kind}){room}"
    )


def _lines_of_noise(noise: dict[str, Any]) -> list[str]:
    return [
        f"noise on {source}: {found['right']['failed']} of {found['right']['n']} right ones failed, "
        f"{found['wrong']['passed']} of {found['wrong']['n']} wrong ones passed"
        for source, found in noise["sources"].items()
    ]
