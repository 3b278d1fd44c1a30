"""Runs the judge in a process of its own, which imports TensorFlow once.

Each notebook has one budget of time for all its messages, as other notebooks wait for the same judge.
"""

import contextlib
import logging
import multiprocessing
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures import TimeoutError as JudgeTimeout
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import psutil
import threadpoolctl

from autograder.grading import judge_limits
from autograder.judge.verdict import Verdict, zero
from autograder.lab import Exercise, Lab
from autograder.lab.images import Images
from autograder.protocol.evidence import Message
from autograder.sandbox.quick_imports import quick_imports, silent_stderr

log = logging.getLogger(__name__)

Verdicts = dict[str, Verdict]
"""The verdicts by criterion."""

READY_SECONDS = 300
"""Seconds that the process may take to start: many times what it takes on an idle machine."""
BUSY = 4
"""Most wall time for a notebook, as a multiple of its processor time: others use the processors."""
MOST_FAILURES = 2
"""Messages of a notebook over which the judge may fail before the rest is left out."""
TICK = 1
"""Seconds between two checks of the time that is used."""

_reference: Any = None
"""The images that this process judges on, once `_start` has run."""


def _start(images: Images) -> None:
    """Runs first in the judge's process: imports what judging needs."""
    global _reference
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")
    with silent_stderr(), quick_imports():
        import tensorflow as tf

        import autograder.judge.criteria  # noqa: F401
        from autograder.judge.reference import Reference
    # Operations are too small to gain from threads, which would double their cost.
    threadpoolctl.threadpool_limits(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    _reference = Reference(images)
    judge_limits.limit()


def _end_with_parent() -> None:
    """Ends this process when the grader ends, even if the grader is killed."""
    if grader := multiprocessing.parent_process():
        grader.join()
    os._exit(1)


def _judge(exercise: Exercise, messages: dict[str, Message]) -> Verdicts:
    from autograder.judge.criteria import judge_message

    return {
        criterion: judge_message(criterion, message, exercise, _reference)
        for criterion, message in messages.items()
    }


def _nothing() -> None:
    """Does nothing: the pool starts its process only for a first task."""


class JudgeError(RuntimeError):
    """The judge cannot be started: a fault of the installation, not of a submission."""


def most_seconds(timeout: float) -> float:
    """Returns the most seconds that judging one notebook takes, restarts of the judge included."""
    return BUSY * (timeout + TICK) + MOST_FAILURES * READY_SECONDS


class _OutOfTime(Exception):
    """The notebook's budget is used up."""


class _Budget:
    """The time for one notebook: processor time of the judge, and wall time."""

    def __init__(self, seconds: float) -> None:
        self._processor, self._clock = seconds, BUSY * seconds

    @property
    def left(self) -> bool:
        return self._processor > 0 and self._clock > 0

    def wait(self, answer: Future[Verdicts], judge: psutil.Process) -> Verdicts:
        """Returns the judge's answer. Raises _OutOfTime, or the judge's error."""
        processor, clock = _processor_seconds(judge, 0.0), time.monotonic()
        while self.left:
            wait([answer], TICK)
            before = processor, clock
            processor, clock = _processor_seconds(judge, processor), time.monotonic()
            self._processor -= processor - before[0]
            self._clock -= clock - before[1]
            if answer.done():
                return answer.result()
        raise _OutOfTime


def _processor_seconds(process: psutil.Process, last: float) -> float:
    """Returns the processor time of a process; `last` if it has ended."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return last
    return times.user + times.system


class _Turns:
    """Lets threads take turns in the order in which they ask; a plain lock may keep one waiting."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        mine = threading.Event()
        with self._guard:
            self._waiting.append(mine)
            self._waiting[0].set()
        try:
            mine.wait()
            yield
        finally:
            with self._guard:
                self._waiting.remove(mine)
                if self._waiting:
                    self._waiting[0].set()


_NOT_JUDGED = zero(
    "a verdict",
    "a judge that stopped or took too long over this evidence",
    "This criterion could not be judged.",
    "Please tell the course staff: a person has to look at it.",
    review=True,
    transient=True,
)


class Judge:
    """Hands evidence to the judge's process and brings the verdicts back.

    Constructing it starts the process; TensorFlow's import runs while the kernel is still busy.
    """

    def __init__(self, lab: Lab, images: Images, timeout: float) -> None:
        self._lab, self._images, self._timeout = lab, images, timeout
        # One notebook after the other: when one breaks the process, no other is judged in it.
        self._turns = _Turns()
        self._closed = False
        self._pool = self._new_pool()

    def verdicts(self, notebook: str, messages: dict[str, Message]) -> Verdicts:
        """Returns the verdict on each criterion's message; where the judge fails, a zero that says so.

        Raises JudgeError if the judge does not start: nobody gets a zero for that.
        """
        with self._turns.turn():
            return self._verdicts(notebook, messages)

    def _verdicts(self, notebook: str, messages: dict[str, Message]) -> Verdicts:
        budget, failures = _Budget(self._timeout), 0
        verdicts: dict[str, Verdict] = {}
        for criterion, message in messages.items():
            if failures >= MOST_FAILURES or not budget.left:
                verdicts[criterion] = _NOT_JUDGED
                continue
            self._wait_until_ready()
            try:
                answer = self._pool.submit(_judge, self._lab.exercises[notebook], {criterion: message})
                verdicts |= budget.wait(answer, self._process)
            except Exception as error:
                # Only the message over which the judge fails goes without its verdict.
                log.error("The judge failed on notebook %s, %s: %r", notebook, criterion, error)
                verdicts[criterion] = _NOT_JUDGED
                failures += 1
                self._restart()
        return verdicts

    @property
    def _process(self) -> psutil.Process:
        (pid,) = self._pool._processes
        return psutil.Process(pid)

    def _restart(self) -> None:
        self._end()
        self._pool = self._new_pool()
        if self._closed:
            # `close` may have ended the pool before this one.
            self._end()
            raise JudgeError("The judge was closed while a verdict was waited for.")

    def _wait_until_ready(self) -> None:
        """Waits for the process, so that its start does not count as time for evidence."""
        latest = time.monotonic() + READY_SECONDS
        try:
            try:
                self._pool.submit(_nothing).result(READY_SECONDS)
            except BrokenProcessPool:
                # It may have been killed since the last verdict.
                self._restart()
                self._pool.submit(_nothing).result(latest - time.monotonic())
        except (BrokenProcessPool, JudgeTimeout) as error:
            raise JudgeError(f"The judge's process cannot be started: {error!r}") from error

    def close(self) -> None:
        """Ends the judge's process, whatever it is doing, for good."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        for process in list((self._pool._processes or {}).values()):
            process.kill()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _new_pool(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start,
            initargs=(self._images,),
        )
        pool.submit(_nothing)
        return pool
