"""The driver's side of Dask: hands out tasks, a few at a time, and yields their outcomes.

Each task has exactly one outcome, even if workers die or hang: a result, or why there is none.
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
from autograder.batch.tasks import Attempt, Outcome, Task, look
from autograder.course.faults import in_words

TICK = 0.5
"""Seconds between two looks at the scheduler."""
NOTEBOOKS_PER_WORKER = 4
"""Notebooks that share one worker at once, as its fork server and its judge take seconds to start."""
AHEAD = 2
"""Tasks that are handed out for each thread, so that none waits for the driver."""
SLOW = 4.0
"""An idle worker tries a task as well that takes more than so many times the median duration."""
SLOW_SECONDS = 60.0
"""No task that takes less is slow."""
FETCH_SECONDS = 10
"""Time that a worker has to send a result; then it is asked again."""
DEATHS = 2
"""Workers that may die of a task before it fails."""
CONNECT_SECONDS = 20
GOODBYE_SECONDS = 10

LOSSES = (OSError, RuntimeError, CancelledError)
"""What Dask's calls raise when the connection is lost; a call under way is cancelled."""


class SchedulerError(NbGraderException):
    """The scheduler cannot be reached, or the connection was lost; the text says what to do."""


class Workers:
    """Dask workers that grade: those of this machine, or those of an existing scheduler.

    where: names the scheduler in messages. patience: seconds after which an unanswered task is given up.
    """

    def __init__(self, client: Client, where: str, patience: float) -> None:
        self._client, self._patience = client, patience
        self._lost = SchedulerError(
            f"The connection to {where} was lost. What was graded is recorded, and results that had "
            "arrived are stored: run the same command again to grade the rest."
        )
        self._attempts: dict[Task, list[Attempt]] = {}
        self._done: queue.Queue[tuple[Task, Future[bytes]]] = queue.Queue()
        self._durations: list[float] = []
        self._numbers = itertools.count()

    def outcomes(self, tasks: Iterable[Task]) -> Iterator[Outcome | None]:
        """Yields the outcome of each task as it comes, and None now and then while there is none.

        Raises SchedulerError if the scheduler is lost, WorkerError if no worker can grade.
        """
        waiting = iter(tasks)
        exhausted = False
        while True:
            while not exhausted and not (full := len(self._attempts) >= AHEAD * max(1, self.count)):
                task = next(waiting, None)
                if task is None:
                    exhausted = True
                else:
                    self._submit(task)
            if exhausted and not self._attempts:
                return
            try:
                outcome = self._outcome(*self._done.get(timeout=TICK))
            except queue.Empty:
                outcome = None
            # While all slots are full, perhaps of a hanging worker, no new task will come.
            self._look(rescue=exhausted or full)
            yield outcome or self._given_up()

    @property
    def count(self) -> int:
        """How many notebooks can run at once."""
        with self._losses_told():
            return sum(self._client.nthreads().values())

    @property
    def current(self) -> list[str]:
        """The students whose notebooks are being graded."""
        begun = {t.student for t, attempts in self._attempts.items() if any(a.started for a in attempts)}
        return sorted(begun)

    def unsandboxed(self) -> list[str]:
        """The workers on which submissions run unsandboxed."""
        with self._losses_told():
            answers = self._client.run(is_sandboxed)
        return [place for place, sandboxed in answers.items() if not sandboxed]

    def _submit(self, task: Task, place: str | None = None) -> None:
        number = next(self._numbers)
        where = {} if place is None else {"workers": [place], "allow_other_workers": False}
        with self._losses_told():
            future = self._client.submit(
                grade,
                task.job,
                task.earlier,
                key=f"{task.student}: {task.notebook} ({number})",
                pure=False,
                # Without a priority, a worker does tasks in any order that come at nearly the same time.
                priority=-number,
                **where,
            )
        future.add_done_callback(lambda done: self._done.put((task, done)))
        self._attempts.setdefault(task, []).append(Attempt(number, future))

    def _outcome(self, task: Task, future: Future[bytes]) -> Outcome | None:
        attempts = self._attempts.get(task, [])
        attempt = next((each for each in attempts if each.future.key == future.key), None)
        if attempt is None:
            # Another attempt was faster, or the task was given up.
            return None
        if future.status == "cancelled":
            raise self._lost
        if future.status == "error":
            with self._losses_told():
                error = future.exception()
            if error is None:
                # The future was cancelled meanwhile, as the connection was lost.
                raise self._lost
            attempts.remove(attempt)
            if attempts:
                return None
            if isinstance(error, WorkerError):
                raise error
            del self._attempts[task]
            return Outcome(task, None, in_words(error))
        # A result that was lost with its worker is not finished any more: another worker does it again.
        seconds = FETCH_SECONDS if future.status == "finished" else TICK
        with self._losses_told():
            try:
                result = future.result(timeout=seconds)
            except TimeoutError:
                self._ask_again(task, attempt)
                return None
        self._forget(task)
        now = time.monotonic()
        # An attempt that was never seen at work began and ended between two looks.
        self._durations.append(now - (now if attempt.started is None else attempt.started))
        return Outcome(task, result)

    def _ask_again(self, task: Task, attempt: Attempt) -> None:
        """Asks again, soon, for a result that did not arrive: its worker hangs, or it was lost.

        If a worker has the result but does not send it, the attempt counts as going on there.
        """
        with self._losses_told():
            holders = itertools.chain(*self._client.who_has([attempt.future]).values())
        if place := min(holders, default=""):
            attempt.given_to(place)
            attempt.begun(time.monotonic())
        self._done.put((task, attempt.future))

    def _look(self, *, rescue: bool) -> None:
        """Notes what is being worked on.

        rescue: whether idle workers try tasks as well that take too long elsewhere.
        """
        if self._client.status not in ("running", "connecting"):
            raise self._lost
        with self._losses_told():
            threads, processing = self._client.nthreads(), self._client.processing()
        now = time.monotonic()
        limit = math.inf
        if self._durations:
            limit = max(SLOW_SECONDS, SLOW * statistics.median(self._durations))
        idle = look([*itertools.chain(*self._attempts.values())], processing, threads, limit, now)
        if not rescue:
            return
        for task, (attempt, *second) in list(self._attempts.items()):
            others = idle - {attempt.place}
            if others and not second and (attempt.stuck or attempt.is_slow(limit, now)):
                self._submit(task, min(others))
                idle.discard(min(others))

    def _given_up(self) -> Outcome | None:
        """The outcome of one task that no worker answered for too long, if there is any."""
        now = time.monotonic()
        for task, attempts in self._attempts.items():
            if any(attempt.is_slow(self._patience, now) for attempt in attempts):
                self._forget(task)
                return Outcome(task, None, f"no worker answered within {self._patience:.0f} seconds")
        return None

    def _forget(self, task: Task) -> None:
        futures = [attempt.future for attempt in self._attempts.pop(task)]
        with contextlib.suppress(Exception):
            self._client.cancel(futures, force=True)

    @contextlib.contextmanager
    def _losses_told(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            # A closed client raises errors of any kind.
            if self._client.status == "running" and not isinstance(error, LOSSES):
                raise
            logging.getLogger(__name__).info("the scheduler does not answer: %r", error)
            raise self._lost from error


@contextlib.contextmanager
def connected(
    settings: Settings, *, scheduler: str | None, at_once: int, patience: float
) -> Iterator[Workers]:
    """Connects to a scheduler's workers, or starts workers on this machine that end with the context.

    at_once: notebooks at once on this machine. Raises SchedulerError if the scheduler does not answer.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(
            dask.config.set(
                {
                    # A daemonic worker cannot start the processes that grading needs.
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
        address = scheduler or stack.enter_context(own_cluster(at_once))
        try:
            client = stack.enter_context(
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
            if scheduler and client.scheduler:
                # Kernels and judges end; the workers stay, as others may use them.
                forget = client.scheduler.unregister_worker_plugin
                # A worker that hangs is not waited for.
                with contextlib.suppress(Exception):
                    client.sync(forget, name=NAME, callback_timeout=GOODBYE_SECONDS)


def shared_out(count: int) -> dict[str, int]:
    """Returns Dask's options for so many notebooks at once: processes, and the threads of each."""
    processes = -(-count // NOTEBOOKS_PER_WORKER)
    return {"n_workers": processes, "threads_per_worker": -(-count // processes)}


def own_cluster(at_once: int) -> LocalCluster:
    """Starts workers on this machine, for so many notebooks at once, that only this process can use."""
    # Whoever can talk to a scheduler can run code, so connections are encrypted with temporary keys.
    return LocalCluster(
        **shared_out(at_once),
        processes=True,
        host="127.0.0.1",
        protocol="tls://",
        security=Security.temporary(),
        dashboard_address=None,
        # No pages are served: they would name students to everybody on this machine.
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        memory_limit=0,
        silence_logs=logging.CRITICAL,
    )
