"""Measures what is planned in parallel processes, except for what a file already holds."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from autograder.calibration import results
from autograder.calibration.kinds import Training
from autograder.calibration.noise_kinds import Draw
from autograder.calibration.results import Drawn, Kind, Trained
from autograder.lab import Exercise, Lab
from autograder.sandbox.quick_imports import quick_imports, silent_stderr

Subject = Training | Draw
WINDOW_SECONDS = 120
"""Time over which the bar estimates the speed."""


class Pool:
    """Processes that measure, which start when they are needed.

    Leaving the context lets running measurements end and cancels the rest.
    """

    def __init__(self, lab: Lab, workers: int) -> None:
        # Not forked, as a fork of a process that has imported TensorFlow hangs.
        context = multiprocessing.get_context("spawn")
        self._executor = ProcessPoolExecutor(
            workers, mp_context=context, initializer=_start, initargs=(lab.dataset,)
        )

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *error: object) -> None:
        self._executor.shutdown(cancel_futures=True)

    def measured(
        self, plan: Sequence[Subject], exercise: Exercise, sources: Mapping[str, str]
    ) -> Iterator[Trained | Drawn]:
        """The results, in the order in which they are ready."""
        futures = [self._executor.submit(_measure, each, exercise, sources[each.data]) for each in plan]
        return (future.result() for future in as_completed(futures))


def measure(
    plan: Sequence[Subject],
    kind: type[Kind],
    exercise: Exercise,
    sources: Mapping[str, str],
    file: Path,
    pool: Pool,
) -> None:
    """Makes the measurements that the file does not hold, and appends their results to the file.

    sources: by name, where `images.load` finds the images. Ctrl-C keeps the results; the same call
    continues from there.
    """
    known = {result.of for result in results.read(file, kind)}
    missing = [each for each in plan if each not in known]
    if not missing:
        return
    title = f"{exercise.notebook}: {file.stem}, {exercise.short_steps} steps"
    if kind is Drawn:
        title = f"{exercise.notebook}: {file.stem}"
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, speed_estimate_period=WINDOW_SECONDS) as progress:
        task = progress.add_task("", total=len(plan), completed=len(plan) - len(missing))
        for result in pool.measured(missing, exercise, sources):
            results.append(file, result)
            progress.advance(task)


def _start(dataset: str) -> None:
    # Ctrl-C is for the parent process, which lets this one finish its measurement.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")
    with silent_stderr(), quick_imports():
        from autograder.calibration import trainings

    trainings.start(dataset)


def _measure(each: Subject, exercise: Exercise, source: str) -> Trained | Drawn:
    from autograder.calibration import noise_measuring, trainings

    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        if isinstance(each, Draw):
            return noise_measuring.measure(each, exercise, source)
        return trainings.measure(each, exercise, source)
