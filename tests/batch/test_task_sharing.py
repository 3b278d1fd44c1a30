"""How the driver shares out tasks, tried on a scheduler that the test plays."""

import itertools

import pytest

from autograder.batch import workers
from autograder.batch.tasks import Task
from autograder.batch.workers import AHEAD, SchedulerError, Workers


class Future:
    def __init__(self, key):
        self.key, self.status = key, "pending"

    def add_done_callback(self, callback):
        self.callback = callback

    def finish(self, result):
        self.status, self._result = "finished", result
        self.callback(self)

    def result(self, timeout):
        if self._result is None:
            raise TimeoutError
        if isinstance(self._result, BaseException):
            raise self._result
        return self._result

    def exception(self):
        return None


class Scheduler:
    """One worker takes all that it is given, and the other one is idle."""

    status = "running"

    def __init__(self):
        self.futures, self.rescued = [], []

    def nthreads(self):
        return {"hangs": 1, "idle": 1}

    def processing(self):
        # Dask holds these in a set.
        return {"hangs": [future.key for future in reversed(self.futures)], "idle": []}

    def submit(self, function, *arguments, key, pure, priority, workers=None, allow_other_workers=True):
        future = Future(key)
        if workers:
            self.rescued.append((key, workers))
        else:
            self.futures.append(future)
        return future

    def who_has(self, futures):
        return {future.key: ("hangs",) for future in futures}

    def cancel(self, futures, force):
        self.futures = [future for future in self.futures if future not in futures]


@pytest.mark.parametrize("more", [0, 5], ids=["nothing more to do", "more to do"])
def test_an_idle_worker_tries_a_task_that_takes_too_long_elsewhere(monkeypatch, more):
    monkeypatch.setattr(workers, "SLOW_SECONDS", 0)
    monkeypatch.setattr(workers, "SLOW", 0)
    monkeypatch.setattr(workers, "TICK", 0.01)
    scheduler = Scheduler()
    slots = AHEAD * len(scheduler.nthreads())
    tasks = [Task(f"student {number}", "autoencoder", b"") for number in range(1 + slots + more)]
    outcomes = Workers(scheduler, "here", patience=60).outcomes(tasks)
    # The first one is done at once, which tells how long a task takes; then all slots are full again.
    next(outcomes)
    scheduler.futures[0].finish(b"a result")
    assert next(outcome for outcome in outcomes if outcome).result == b"a result"

    for _ in itertools.islice(outcomes, 5):
        pass

    assert scheduler.rescued[0][1] == ["idle"]


def test_an_idle_worker_repeats_a_task_whose_result_a_hanging_worker_does_not_send(monkeypatch):
    monkeypatch.setattr(workers, "SLOW_SECONDS", 0)
    monkeypatch.setattr(workers, "SLOW", 0)
    monkeypatch.setattr(workers, "TICK", 0.01)
    scheduler = Scheduler()
    tasks = [Task(student, "autoencoder", b"") for student in ("ann", "ben")]
    outcomes = Workers(scheduler, "here", patience=60).outcomes(tasks)
    next(outcomes)
    first, second = scheduler.futures
    first.finish(b"a result")
    assert next(outcome for outcome in outcomes if outcome).task.student == "ann"
    second.finish(None)
    # It is done: the scheduler no longer says that anybody works on it.
    scheduler.futures = []

    for _ in itertools.islice(outcomes, 5):
        pass

    ((key, where),) = scheduler.rescued
    assert key.startswith("ben")
    assert where == ["idle"]


def test_a_task_that_waits_behind_a_hanging_one_is_tried_elsewhere_at_the_same_time(monkeypatch):
    monkeypatch.setattr(workers, "SLOW_SECONDS", 0)
    monkeypatch.setattr(workers, "SLOW", 0)
    monkeypatch.setattr(workers, "TICK", 0.01)
    scheduler = Scheduler()
    tasks = [Task(student, "autoencoder", b"") for student in ("ann", "ben", "cem")]
    outcomes = Workers(scheduler, "here", patience=60).outcomes(tasks)
    next(outcomes)
    scheduler.futures[0].finish(b"a result")
    assert next(outcome for outcome in outcomes if outcome).task.student == "ann"

    for _ in itertools.islice(outcomes, 5):
        pass

    # The scheduler of this test never says that the idle worker has begun anything.
    assert [key.split(":")[0] for key, _ in scheduler.rescued] == ["ben", "cem"]


@pytest.fixture
def handed_out(monkeypatch):
    """A scheduler with one task that was handed out, the task's future, and the outcomes to come."""
    monkeypatch.setattr(workers, "TICK", 0.01)
    scheduler = Scheduler()
    outcomes = Workers(scheduler, "here", patience=60).outcomes([Task("ann", "autoencoder", b"")])
    next(outcomes)
    return scheduler, scheduler.futures[0], outcomes


def assert_loss_is_told(outcomes):
    with pytest.raises(SchedulerError, match="here was lost"):
        next(outcomes)


def test_a_result_that_is_lost_with_its_worker_comes_from_another_worker(handed_out):
    _, future, outcomes = handed_out
    future.finish(None)
    future.status = "lost"
    for _ in range(3):
        assert next(outcomes) is None

    future.status, future._result = "finished", b"a result"

    assert next(outcome for outcome in outcomes if outcome).result == b"a result"


@pytest.mark.parametrize("loss", workers.LOSSES)
def test_a_connection_that_is_lost_while_a_result_is_fetched_is_reported(handed_out, loss):
    _, future, outcomes = handed_out
    future.finish(loss("in the middle of it"))

    assert_loss_is_told(outcomes)


def test_any_error_of_a_closed_client_means_that_the_connection_was_lost(handed_out):
    scheduler, future, outcomes = handed_out
    future.finish(AttributeError("'NoneType' object has no attribute 'gather'"))
    scheduler.status = "closed"

    assert_loss_is_told(outcomes)


def test_a_connection_that_is_lost_while_an_error_is_fetched_is_reported(handed_out):
    _, future, outcomes = handed_out
    # Dask answers that there is no error, once the future is cancelled.
    future.status = "error"
    future.callback(future)

    assert_loss_is_told(outcomes)
