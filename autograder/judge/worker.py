"""The judge as a process of its own: it imports TensorFlow once, apart from whoever asks."""

import contextlib
import logging
import multiprocessing
import os
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as JudgeTimeout
from concurrent.futures.process import BrokenProcessPool

import threadpoolctl

from autograder.evidence import Message
from autograder.images import Images
from autograder.imports import quick_imports
from autograder.judge.verdict import Verdict, zero
from autograder.lab import EXERCISES

log = logging.getLogger(__name__)

READY_SECONDS = 300
"""That the process may take to start: on a busy machine, many times what it takes by itself."""

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


def _end_with_parent() -> None:
    """A killed grader leaves no judge behind."""
    multiprocessing.parent_process().join()
    os._exit(1)


@contextlib.contextmanager
def _silent_stderr():
    """Sends what TensorFlow's libraries write while they load, which no setting stops, nowhere."""
    own = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(own, 2)
        os.close(own)


def _judge(notebook: str, messages: dict[str, Message]) -> dict[str, Verdict]:
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


class Judge:
    """Hands evidence to the judge's process and brings the verdicts back.

    Constructing it starts the process; TensorFlow's import runs while the kernel is still busy.
    """

    def __init__(self, images: Images, timeout: float) -> None:
        self._images, self._timeout = images, timeout
        # One notebook after the other: when one breaks the process, no other is judged in it.
        self._turn = threading.RLock()
        self._closed = False
        self._pool = self._new_pool()

    def verdicts(self, notebook: str, messages: dict[str, Message]) -> dict[str, Verdict]:
        """The verdict on each criterion's message; a zero that says so where the judge fails over it.

        Raises JudgeError if the judge does not even start: that is nobody's zero.
        """
        with self._turn:
            return self._verdicts(notebook, messages)

    def _verdicts(self, notebook: str, messages: dict[str, Message]) -> dict[str, Verdict]:
        if not messages:
            return {}
        self._wait_until_ready()
        try:
            future: Future = self._pool.submit(_judge, notebook, messages)
            return future.result(self._timeout)
        except (BrokenProcessPool, JudgeTimeout) as error:
            log.error("The judge failed on notebook %s, %s: %r", notebook, list(messages), error)
        self._restart()
        if len(messages) > 1:
            # Only the message that the judge fails over shall go without its verdict.
            alone = [self._verdicts(notebook, {name: message}) for name, message in messages.items()]
            return {name: verdict for verdicts in alone for name, verdict in verdicts.items()}
        failed = zero(
            "a verdict",
            "a judge that stopped or took too long over this evidence",
            "This criterion could not be judged.",
            "Please tell the course staff: a person has to look at it.",
            review=True,
        )
        return dict.fromkeys(messages, failed)

    def _restart(self) -> None:
        self._end()
        self._pool = self._new_pool()
        if self._closed:
            # Whoever closed it may have met the pool before.
            self._end()
            raise JudgeError("The judge was closed while a verdict was waited for.")

    def _wait_until_ready(self) -> None:
        """So that its start is not taken from the time for anybody's evidence."""
        try:
            try:
                self._pool.submit(_nothing).result(READY_SECONDS)
            except BrokenProcessPool:
                # It may have been killed since the last verdict.
                self._restart()
                self._pool.submit(_nothing).result(READY_SECONDS)
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
