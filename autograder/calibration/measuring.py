"""All that is planned, in processes beside each other; what is known is not measured again."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from autograder.calibration import results
from autograder.calibration.kinds import Training
from autograder.calibration.noise_kinds import Draw
from autograder.calibration.results import Drawn, Result

Plan = list[Training] | list[Draw]


def measure(
    plan: Plan, kind: type[Result | Drawn], sources: dict[str, str], file: Path, workers: int
) -> None:
    """Measures what the file does not hold, and appends it there as results of a kind.

    sources: where `images.load` finds the digits of each name. Ctrl-C ends it after what runs; the same
    call goes on where it was.
    """
    known = {result.of for result in results.read(file, kind)}
    missing = [each for each in plan if each not in known]
    if not missing:
        return
    columns = (TextColumn(file.stem), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress, _Pool(workers) as pool:
        task = progress.add_task("", total=len(plan), completed=len(plan) - len(missing))
        for result in pool.measured(missing, sources):
            results.append(file, result)
            progress.advance(task)


class _Pool:
    """Processes that measure; when left, those which run end, and the others never start."""

    def __init__(self, workers: int) -> None:
        # Spawned: a fork of a process that has imported TensorFlow hangs.
        context = multiprocessing.get_context("spawn")
        self._executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_start)

    def __enter__(self) -> "_Pool":
        return self

    def __exit__(self, *error: object) -> None:
        self._executor.shutdown(cancel_futures=True)

    def measured(self, plan: Plan, sources: dict[str, str]) -> Iterable:
        """The results, as they come."""
        futures = [self._executor.submit(_measure, each, sources[each.data]) for each in plan]
        return (future.result() for future in as_completed(futures))


def _start() -> None:
    # Whoever started this process is told by Ctrl-C, and lets it end what it does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from autograder.calibration import trainings

    trainings.start()


def _measure(each: Training | Draw, source: str) -> Result | Drawn:
    from autograder.calibration import noise_measuring, trainings

    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        return (noise_measuring if isinstance(each, Draw) else trainings).measure(each, source)
