"""The judge as a process of its own: it imports TensorFlow once, apart from whoever asks.

Each notebook has one budget of time for all its messages, whatever the judge fails over: other notebooks
wait for the same judge.
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

import psutil
import threadpoolctl

from autograder.grading import judge_limits
from autograder.judge import bounds
from autograder.judge.verdict import Verdict, zero
from autograder.lab import EXERCISES
from autograder.lab.images import Images
from autograder.protocol.evidence import Message
from autograder.sandbox.quick_imports import quick_imports

log = logging.getLogger(__name__)

Verdicts = dict[str, Verdict]
"""By criterion."""

READY_SECONDS = 300
"""That the process may take to start: on a busy machine, many times what it takes by itself."""
BUSY = 4
"""Times its processor time that a notebook may take by the clock: others use the processors too."""
MOST_FAILURES = 2
"""Messages of a notebook that the judge may fail over: then the rest is not tried."""
TICK = 1
"""Seconds between two looks at the time that is used."""

_reference = None


def _start(images: Images) -> None:
    """In the judge's process: imports what judging needs."""
    global _reference
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")
    with _silent_stderr(), quick_imports():
        import tensorflow as tf

        import autograder.judge.criteria  # noqa: F401
        from autograder.judge.reference import Reference
    # Operations this small gain nothing from being shared out, which costs about as much again.
    threadpoolctl.threadpool_limits(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    _reference = Reference(images)
    judge_limits.limit()


def _end_with_parent() -> None:
    """A killed grader leaves no judge behind."""
    if grader := multiprocessing.parent_process():
        grader.join()
    os._exit(1)


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Sends what TensorFlow's libraries write while they load, which no setting stops, nowhere."""
    own = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(own, 2)
        os.close(own)


def _judge(notebook: str, messages: dict[str, Message]) -> Verdicts:
    from autograder.judge.criteria import judge_message

    exercise = EXERCISES[notebook]
    return {
        criterion: judge_message(criterion, message, exercise, _reference)
        for criterion, message in messages.items()
    }


def _nothing() -> None:
    """A first task: the pool starts its process only when there is one."""


class JudgeError(RuntimeError):
    """There is no judge: the fault is the installation's, not a submission's."""


def most_seconds(timeout: float) -> float:
    """The longest that the verdicts on one notebook can take, with the judge's starts."""
    return BUSY * (timeout + TICK) + MOST_FAILURES * READY_SECONDS


class _OutOfTime(Exception):
    """The notebook's budget is used up."""


class _Budget:
    """The time for one notebook: processor time of the judge's process, and a bound by the clock."""

    def __init__(self, seconds: float) -> None:
        self._processor, self._clock = seconds, BUSY * seconds

    @property
    def left(self) -> bool:
        return self._processor > 0 and self._clock > 0

    def wait(self, answer: Future[Verdicts], judge: psutil.Process) -> Verdicts:
        """What the judge answers. Raises _OutOfTime, or whatever the judge ended with."""
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
    """The processor time that a process has had; where it has ended, what was `last` seen."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return last
    return times.user + times.system


class _Turns:
    """One after the other, in the order in which they asked: a plain lock may leave one out for long."""

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

    def __init__(self, images: Images, timeout: float) -> None:
        self._images, self._timeout = images, timeout
        # One notebook after the other: when one breaks the process, no other is judged in it.
        self._turns = _Turns()
        self._closed = False
        self._pool = self._new_pool()

    def verdicts(self, notebook: str, messages: dict[str, Message]) -> Verdicts:
        """The verdict on each criterion's message; a zero that says so where the judge fails over it.

        Raises JudgeError if the judge does not even start: that is nobody's zero.
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
                answer = self._pool.submit(_judge, notebook, {criterion: message})
                verdicts |= budget.wait(answer, self._process)
            except Exception as error:
                # Only the message that the judge fails over shall go without its verdict.
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
            # Whoever closed it may have met the pool before.
            self._end()
            raise JudgeError("The judge was closed while a verdict was waited for.")

    def _wait_until_ready(self) -> None:
        """So that its start is not taken from the time for anybody's evidence."""
        latest = time.monotonic() + READY_SECONDS
        try:
            bounds.calibrated()
        except bounds.CalibrationError as error:
            raise JudgeError(f"There is nothing to judge by: {error}") from error
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
