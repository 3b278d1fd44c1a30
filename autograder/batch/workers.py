"""The driver's side of Dask: hands out tasks, a few at a time, and gives back what comes of them.

Whatever becomes of a worker, each task has one outcome: a result, or the reason why there is none.
"""

import contextlib
import itertools
import logging
import math
import queue
import statistics
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError

import dask
from distributed import Client, Future, LocalCluster
from distributed.security import Security
from nbgrader.converters import NbGraderException

from autograder.batch.plugin import NAME, GradingPlugin, Settings, WorkerError, grade, is_sandboxed
from autograder.batch.tasks import Attempt, Outcome, Running, Task, look
from autograder.course.faults import in_words

TICK = 0.5
"""Seconds between two looks at what is going on."""
THREADS = 4
"""Notebooks at once that share one worker: its fork server and its judge take seconds to start."""
AHEAD = 2
"""Tasks handed out for each of them, so that none waits for the driver."""
SLOW = 4.0
"""How many times the median duration makes a task a slow one, which an idle worker tries as well."""
SLOW_SECONDS = 60.0
"""The least that a slow task takes."""
FETCH_SECONDS = 10
"""How long a worker may take to hand over a result; then it is asked again."""
DEATHS = 2
"""Workers that may die over a task."""
CONNECT_SECONDS = 20
GOODBYE_SECONDS = 10

LOSSES = (OSError, RuntimeError, CancelledError)
"""What calls end with whose connection is lost: one that this meets midway is cancelled."""


class SchedulerError(NbGraderException):
    """The scheduler cannot be reached, or was lost; the text says what to do."""


class Workers:
    """Dask workers that grade, on this machine or wherever an existing scheduler has some.

    patience: seconds after which a task is given up that no worker answers.
    """

    def __init__(self, client: Client, where: str, patience: float) -> None:
        self._client, self._where, self._patience = client, where, patience
        self._running: dict[Task, Running] = {}
        self._done: queue.Queue[tuple[Task, Future[bytes]]] = queue.Queue()
        self._durations: list[float] = []
        self._numbers = itertools.count()

    def outcomes(self, tasks: Iterable[Task]) -> Iterator[Outcome | None]:
        """The outcome of each task as it comes; None now and then while there is none.

        Raises SchedulerError if the scheduler is lost, WorkerError if no worker can grade.
        """
        waiting = iter(tasks)
        exhausted = False
        while True:
            while not exhausted and not (full := len(self._running) >= AHEAD * max(1, self.count)):
                task = next(waiting, None)
                if task is None:
                    exhausted = True
                else:
                    self._submit(task)
            if exhausted and not self._running:
                return
            try:
                outcome = self._outcome(*self._done.get(timeout=TICK))
            except queue.Empty:
                outcome = None
            # Where one that hangs has taken all slots, an idle worker gets nothing new either.
            self._look(nothing_new=exhausted or full)
            yield outcome or self._given_up()

    @property
    def count(self) -> int:
        """How many tasks can be worked on at once."""
        with self._losses_told():
            return sum(self._client.nthreads().values())

    @property
    def current(self) -> list[str]:
        """The students whose notebooks are being worked on."""
        at_work = [running.task.student for running in self._running.values() if running.started]
        return sorted(set(at_work))

    def unsandboxed(self) -> list[str]:
        """The workers on which submissions run unsandboxed."""
        with self._losses_told():
            held = self._client.run(is_sandboxed)
        return [place for place, sandboxed in held.items() if not sandboxed]

    def _submit(self, task: Task, place: str | None = None) -> None:
        number = next(self._numbers)
        key = f"{task.student}: {task.notebook} ({number})"
        # Else a worker does what was handed out within a short time in any order.
        how = {"key": key, "pure": False, "priority": -number}
        where = {} if place is None else {"workers": [place], "allow_other_workers": False}
        with self._losses_told():
            future = self._client.submit(grade, task.job, task.known, **how, **where)
        future.add_done_callback(lambda done: self._done.put((task, done)))
        self._running.setdefault(task, Running(task)).attempts.append(Attempt(number, future))

    def _outcome(self, task: Task, future: Future[bytes]) -> Outcome | None:
        running = self._running.get(task)
        if running is None or (attempt := running.attempt(future)) is None:
            # Its twin was faster.
            return None
        if future.status == "cancelled":
            self._check_connection(lost=True)
        if future.status == "error":
            with self._losses_told():
                error = future.exception()
            if error is None:
                # Cancelled since, with the connection.
                self._check_connection(lost=True)
            running.attempts.remove(attempt)
            if running.attempts:
                return None
            if isinstance(error, WorkerError):
                raise error
            del self._running[task]
            return Outcome(task, None, in_words(error))
        # Not finished any more: lost with the worker that had done it, and done anew by another one.
        seconds = FETCH_SECONDS if future.status == "finished" else TICK
        with self._losses_told():
            try:
                result = future.result(timeout=seconds)
            except TimeoutError:
                self._not_handed_over(task, attempt)
                return None
        self._forget(running)
        now = time.monotonic()
        # What was never seen at work took less time than there is between two looks.
        self._durations.append(now - (now if attempt.started is None else attempt.started))
        return Outcome(task, result)

    def _not_handed_over(self, task: Task, attempt: Attempt) -> None:
        """Who holds the result hangs, or nobody does any more: it is asked for again soon.

        A task whose result a worker does not hand over is meanwhile as slow as any.
        """
        with self._losses_told():
            holders = itertools.chain(*self._client.who_has([attempt.future]).values())
        if place := min(holders, default=""):
            attempt.given_to(place)
            attempt.begun(time.monotonic())
        self._done.put((task, attempt.future))

    def _look(self, *, nothing_new: bool) -> None:
        """Notes what is being worked on, and lets idle workers try what takes too long elsewhere."""
        self._check_connection()
        with self._losses_told():
            threads, processing = self._client.nthreads(), self._client.processing()
        now = time.monotonic()
        limit = math.inf
        if self._durations:
            limit = max(SLOW_SECONDS, SLOW * statistics.median(self._durations))
        attempts = [attempt for running in self._running.values() for attempt in running.attempts]
        idle = look(attempts, processing, threads, limit, now)
        if not nothing_new:
            return
        for running in list(self._running.values()):
            attempt, *twin = running.attempts
            others = idle - {attempt.place}
            if others and not twin and (attempt.stuck or attempt.lasts_longer(limit, now)):
                self._submit(running.task, min(others))
                idle.discard(min(others))

    def _given_up(self) -> Outcome | None:
        """One task that nobody answered for too long, if there is any."""
        now = time.monotonic()
        for running in self._running.values():
            if running.started is not None and now - running.started > self._patience:
                self._forget(running)
                problem = f"no worker answered within {self._patience:.0f} seconds"
                return Outcome(running.task, None, problem)
        return None

    def _forget(self, running: Running) -> None:
        del self._running[running.task]
        with contextlib.suppress(Exception):
            self._client.cancel([attempt.future for attempt in running.attempts], force=True)

    def _check_connection(self, lost: bool = False) -> None:
        if lost or self._client.status not in ("running", "connecting"):
            raise SchedulerError(_LOST.format(where=self._where))

    @contextlib.contextmanager
    def _losses_told(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            # A client that is closed fails in ways of its own.
            if self._client.status == "running" and not isinstance(error, LOSSES):
                raise
            logging.getLogger(__name__).info("the scheduler does not answer: %r", error)
            raise SchedulerError(_LOST.format(where=self._where)) from error


_LOST = (
    "The connection to {where} was lost. What was graded is recorded, and results that had arrived "
    "are kept: run the same command again to grade the rest."
)


@contextlib.contextmanager
def connected(
    settings: Settings, *, scheduler: str | None, workers: int, patience: float
) -> Iterator[Workers]:
    """Workers of an existing scheduler, or that many of this machine's own, which end with the run.

    Raises SchedulerError if there is no scheduler at that address.
    """
    with contextlib.ExitStack() as until_the_end:
        until_the_end.enter_context(
            dask.config.set(
                {
                    # Grading needs processes of its own.
                    "distributed.worker.daemon": False,
                    "distributed.worker.profile.enabled": False,
                    "distributed.scheduler.http.routes": [],
                    "distributed.worker.http.routes": [],
                    "distributed.scheduler.allowed-failures": DEATHS,
                    "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
                    "distributed.admin.large-graph-warning-threshold": "1GB",
                }
            )
        )
        where = f"the scheduler at {scheduler}" if scheduler else "this machine's own scheduler"
        address = scheduler or until_the_end.enter_context(own_cluster(workers))
        try:
            client = until_the_end.enter_context(
                contextlib.closing(Client(address, timeout=CONNECT_SECONDS, set_as_default=False))
            )
            client.register_plugin(GradingPlugin(settings))
        except (OSError, TimeoutError) as error:
            raise SchedulerError(
                f"No Dask scheduler answers at {scheduler} ({error}). Start one with `dask scheduler`, "
                f"and workers with `autograder worker {scheduler}`; or leave --scheduler out."
            ) from error
        try:
            yield Workers(client, where, patience)
        finally:
            if scheduler:
                # Kernels and judges end; the workers are others' as well.
                with contextlib.suppress(Exception):
                    # A worker that hangs must not keep the run from ending.
                    if proxy := client.scheduler:
                        forget = proxy.unregister_worker_plugin
                        client.sync(forget, name=NAME, callback_timeout=GOODBYE_SECONDS)


def shared_out(count: int) -> dict[str, int]:
    """Processes, and threads of each, for so many notebooks at once."""
    processes = -(-count // THREADS)
    return {"n_workers": processes, "threads_per_worker": -(-count // processes)}


@contextlib.contextmanager
def own_cluster(workers: int) -> Iterator[LocalCluster]:
    """Workers of this machine's own for that many notebooks at once, for this process alone."""
    # Encrypted, with keys that nobody else has: whoever may talk to a scheduler may run code.
    with LocalCluster(
        **shared_out(workers),
        processes=True,
        host="127.0.0.1",
        protocol="tls://",
        security=Security.temporary(),
        dashboard_address=None,
        # Its pages, which name students, have no keys: none is served.
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        memory_limit=0,
        silence_logs=logging.CRITICAL,
    ) as cluster:
        yield cluster
