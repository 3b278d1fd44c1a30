"""The command `autograder calibrate`."""

import os
from dataclasses import dataclass
from pathlib import Path

from autograder.calibration import bounds, measuring, results
from autograder.calibration.kinds import plan

RESULTS, RECORD, PAGE = "results.jsonl", "calibration.json", "calibration.html"


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    data: list[str]
    """Where `images.load` finds digits, of each source."""
    seeds: int
    output: Path
    workers: int
    """Processes; 0: one for each core."""
    report: bool
    """Measure nothing: only write what rests on the results there are."""


def calibrate(options: Options) -> str:
    """Measures what the folder does not hold yet, and writes bounds and page. Returns what to say.

    Raises KeyboardInterrupt where it was interrupted, bounds.TooFewError and images.ImagesError.
    """
    options.output.mkdir(parents=True, exist_ok=True)
    file = options.output / RESULTS
    if not options.report:
        sources = {Path(source).stem: source for source in options.data}
        trainings = plan(options.seeds, tuple(sources))
        measuring.measure(trainings, sources, file, options.workers or os.cpu_count() or 1)
    found = bounds.of(results.read(file))
    # Only now: these import TensorFlow.
    from autograder.calibration import record
    from autograder.calibration.page import page

    contents = record.written(found)
    record.write(contents, options.output / RECORD)
    (options.output / PAGE).write_text(page(found, contents))
    return "\n".join(_line(bound) for bound in found)


def _line(bound: bounds.Bound) -> str:
    nearest = bound.nearest.nearest
    room = "" if bound.is_safe else f" (safe would be {bound.safe:.3f})"
    return (
        f"{bound.criterion}: right up to {bound.worst.right[-1]:.3f} < bound {bound.value:.2f} < "
        f"{nearest.error:.3f} ({nearest.training.kind}){room}"
    )
