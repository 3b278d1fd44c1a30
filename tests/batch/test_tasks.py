"""Which worker works on which task since when, as far as the scheduler says."""

from types import SimpleNamespace

from autograder.batch.tasks import Attempt, Outcome, Task, look
from autograder.grading.result import Result


def Future(key):
    return SimpleNamespace(key=key)


def test_an_outcome_reads_its_result_once():
    result = Result("of a job")
    outcome = Outcome(Task("ann", "autoencoder", b""), result.to_bytes())
    assert outcome.read == result
    assert outcome.read is outcome.read
    assert Outcome(outcome.task, None, "no worker answered").read is None


def test_another_worker_begins_a_task_anew():
    attempt = Attempt(0, Future("ann"))
    processing = {"dies": ["ann"]}

    look([attempt], processing, {"dies": 1}, limit=50, now=0)
    look([attempt], {"lives": processing["dies"]}, {"lives": 1}, limit=50, now=100)

    assert (attempt.place, attempt.started) == ("lives", 100)


def test_the_time_of_a_waiting_attempt_starts_when_its_worker_begins_it():
    """If its time started earlier, a task that has just begun could be given up."""
    ann, ben = Attempt(0, Future("ann")), Attempt(1, Future("ben"))

    for now in (1, 100):
        look([ann, ben], {"slow": ["ben", "ann"]}, {"slow": 1}, limit=50, now=now)
    assert (ben.stuck, ben.started) == (True, None)
    look([ben], {"slow": ["ben"]}, {"slow": 1}, limit=50, now=200)

    assert (ben.stuck, ben.started) == (True, 200)


def test_an_attempt_that_waits_at_a_worker_that_gets_on_is_not_stuck():
    attempts = [Attempt(number, Future(name)) for number, name in enumerate(("ann", "ben", "cem"))]

    look(attempts, {"busy": ["ann"]}, {"busy": 2}, limit=50, now=1)
    look(attempts, {"busy": ["cem", "ben", "ann"]}, {"busy": 2}, limit=50, now=100)

    assert [attempt.started for attempt in attempts] == [1, 100, None]
    assert not any(attempt.stuck for attempt in attempts)


def test_a_worker_goes_on_with_what_it_began_before_it_begins_what_comes_later():
    """For example, when it is given a task of a worker that died."""
    ann, ben = Attempt(0, Future("ann")), Attempt(1, Future("ben"))

    look([ann, ben], {"lives": ["ben"], "dies": ["ann"]}, {"lives": 1, "dies": 1}, limit=50, now=1)
    look([ann, ben], {"lives": ["ann", "ben"]}, {"lives": 1}, limit=50, now=10)

    assert (ann.place, ann.started, ben.started) == ("lives", None, 1)
