"""Who works on what since when, as far as a scheduler tells."""

from types import SimpleNamespace

from autograder.batch.tasks import Attempt, Outcome, Running, Task, look
from autograder.grading.result import Result


def Future(key):
    return SimpleNamespace(key=key)


def test_an_outcome_reads_its_result_once():
    result = Result("of a job")
    outcome = Outcome(Task("ann", "autoencoder", b""), result.to_bytes())
    assert outcome.read == result
    assert outcome.read is outcome.read
    assert Outcome(outcome.task, None, "no worker answered").read is None


def test_a_task_was_begun_with_its_first_attempt():
    attempts = [Attempt(0, Future("ann (0)"), started=5.0), Attempt(1, Future("ann (1)"))]
    running = Running(Task("ann", "autoencoder", b""), attempts)
    assert running.started == 5.0
    assert running.attempt(Future("ann (1)")) is attempts[1]
    assert running.attempt(Future("ben (2)")) is None


def test_another_worker_begins_a_task_anew():
    attempt = Attempt(0, Future("ann"))
    processing = {"dies": ["ann"]}

    look([attempt], processing, {"dies": 1}, limit=50, now=0)
    look([attempt], {"lives": processing["dies"]}, {"lives": 1}, limit=50, now=100)

    assert (attempt.place, attempt.started) == ("lives", 100)


def test_the_time_of_what_waited_begins_when_its_worker_begins_it():
    """Its worker was only slow: a start in the past would give up a task that has just begun."""
    ann, ben = Attempt(0, Future("ann")), Attempt(1, Future("ben"))

    for now in (1, 100):
        look([ann, ben], {"slow": ["ben", "ann"]}, {"slow": 1}, limit=50, now=now)
    assert (ben.stuck, ben.started) == (True, None)
    look([ben], {"slow": ["ben"]}, {"slow": 1}, limit=50, now=200)

    assert (ben.stuck, ben.started) == (True, 200)


def test_what_waits_at_a_worker_that_gets_on_with_its_work_is_not_stuck():
    attempts = [Attempt(number, Future(name)) for number, name in enumerate(("ann", "ben", "cem"))]

    look(attempts, {"busy": ["ann"]}, {"busy": 2}, limit=50, now=1)
    look(attempts, {"busy": ["cem", "ben", "ann"]}, {"busy": 2}, limit=50, now=100)

    assert [attempt.started for attempt in attempts] == [1, 100, None]
    assert not any(attempt.stuck for attempt in attempts)


def test_what_a_worker_has_begun_comes_before_what_it_is_given_later():
    """As where a task comes back from a worker that died."""
    ann, ben = Attempt(0, Future("ann")), Attempt(1, Future("ben"))

    look([ann, ben], {"lives": ["ben"], "dies": ["ann"]}, {"lives": 1, "dies": 1}, limit=50, now=1)
    look([ann, ben], {"lives": ["ann", "ben"]}, {"lives": 1}, limit=50, now=10)

    assert (ann.place, ann.started, ben.started) == ("lives", None, 1)
