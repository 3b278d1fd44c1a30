"""Measures what is planned in parallel processes, except for what a file already holds."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.calibration import results
from benchmarks.calibration.kinds import Training
from benchmarks.calibration.noise_kinds import Draw
from benchmarks.calibration.results import Drawn, Kind, Trained

Subject = Training | Draw


def measure(
    plan: Sequence[Subject], kind: type[Kind], sources: dict[str, str], file: Path, workers: int
) -> None:
    """Makes the measurements that the file does not hold, and appends their results to the file.

    sources: by name, where `images.load` finds the digits. Ctrl-C lets running measurements end; the
    same call continues from there.
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
    """Processes that measure. Leaving the context lets running measurements end and cancels the rest."""

    def __init__(self, workers: int) -> None:
        # Not forked, as a fork of a process that has imported TensorFlow hangs.
        context = multiprocessing.get_context("spawn")
        self._executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_start)

    def __enter__(self) -> "_Pool":
        return self

    def __exit__(self, *error: object) -> None:
        self._executor.shutdown(cancel_futures=True)

    def measured(self, plan: Sequence[Subject], sources: dict[str, str]) -> Iterator[Trained | Drawn]:
        """The results, in the order in which they are ready."""
        futures = [self._executor.submit(_measure, each, sources[each.data]) for each in plan]
        return (future.result() for future in as_completed(futures))


def _start() -> None:
    # Ctrl-C is for the parent process, which lets this one finish its measurement.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from benchmarks.calibration import trainings

    trainings.start()


def _measure(each: Subject, source: str) -> Trained | Drawn:
    from benchmarks.calibration import noise_measuring, trainings

    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        if isinstance(each, Draw):
            return noise_measuring.measure(each, source)
        return trainings.measure(each, source)
