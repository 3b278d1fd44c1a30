"""Workers of a Dask scheduler: one dies, one hangs, the scheduler goes away, and no work is lost."""

import signal

import psutil
import pytest
from class_course import (
    SECONDS,
    Cluster,
    course_of,
    end,
    graded,
    log,
    recorded,
    started,
    to_all,
    wait_for,
)

STUDENTS = "abcde"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.close()


@pytest.fixture
def course(tmp_path):
    return course_of(tmp_path, *STUDENTS, seconds=1)


def all_graded(course, printed):
    assert f"{len(STUDENTS)} graded, 0 unchanged, 0 failed" in printed, log(course)
    scores = {course.scores(student)["autoencoder", "encoder"] for student in STUDENTS}
    # Recorded once each: nbgrader's own converter logs it.
    for student in STUDENTS:
        assert log(course).count(f"{student} autoencoder: ") == 1
    assert scores == {8}


@pytest.fixture(scope="module")
def survived(cluster, tmp_path_factory):
    """A class in whose run one worker was killed, and the other one then hung to the end."""
    settings = "import autograder.batch.workers as w; w.SLOW_SECONDS = 8; w.SLOW = 2"
    course = course_of(tmp_path_factory.mktemp("survived"), *STUDENTS, seconds=1)
    run = started(course, "--scheduler", cluster.address, settings=settings)
    try:
        wait_for(lambda: recorded(course), during=run)
        course.killed = cluster.worker(0)
        course.killed.kill()
        wait_for(lambda: len(recorded(course)) > 1, during=run)
        course.suspended = cluster.worker(1)
        course.left_to_do = set(STUDENTS) - set(recorded(course))
        to_all(course.suspended.pid, signal.SIGSTOP)
        course.printed = run.communicate(timeout=SECONDS)[0]
        course.hung = course.suspended.status() == psutil.STATUS_STOPPED
    finally:
        cluster.wake()
        end(run)
    return course


def test_a_worker_that_is_killed_loses_nothing(survived, cluster):
    assert not lives(survived.killed)
    assert cluster.worker(0).pid != survived.killed.pid, "another one has taken its place"
    all_graded(survived, survived.printed)


def test_another_worker_does_what_a_hanging_one_does_not(survived):
    assert survived.hung
    assert survived.left_to_do, "there was something left to do"
    all_graded(survived, survived.printed)


def test_grading_leaves_no_processes_on_the_workers(cluster, survived):
    for number in range(2):
        wait_for(lambda number=number: not cluster.worker(number).children(), 60)


@pytest.fixture(scope="module")
def own():
    """Workers of this machine's own."""
    from autograder.batch.workers import own_cluster

    with own_cluster(1) as own:
        yield own


@pytest.mark.parametrize("protocol", ["tcp", "tls"])
def test_workers_of_this_machine_are_reached_with_keys_only(own, protocol):
    from distributed import Client
    from distributed.security import Security

    with Client(own, set_as_default=False) as client:
        assert client.submit(sum, [1, 2]).result(30) == 3
    address = own.scheduler_address.replace("tls", protocol)
    others = Security.temporary() if protocol == "tls" else None
    with pytest.raises(OSError, match=r"reset by peer|does not match"):
        Client(address, security=others, timeout=20, set_as_default=False)


def test_a_scheduler_that_does_not_answer_is_reported(course):
    settings = "import autograder.batch.workers as w; w.CONNECT_SECONDS = 2"
    run = started(course, "--scheduler", "tcp://127.0.0.1:1", settings=settings)
    printed = run.communicate(timeout=SECONDS)[0]
    assert run.returncode == 1
    assert "No Dask scheduler answers at tcp://127.0.0.1:1" in printed
    assert "autograder worker" in printed


@pytest.fixture(scope="module")
def lost(cluster, tmp_path_factory):
    """A class in whose run a worker, with the process that watches it, and the scheduler were killed.

    Comes last, as it takes the cluster apart.
    """
    course = course_of(tmp_path_factory.mktemp("lost"), *STUDENTS, seconds=2)
    run = started(course, "--scheduler", cluster.address)
    try:
        course.before = wait_for(lambda: recorded(course), during=run)
        course.of_the_worker = cluster.worker(0).children(recursive=True)
        cluster.processes[1].kill()
        wait_for(lambda: not any(map(lives, course.of_the_worker)), 60)
        cluster.scheduler.kill()
        course.printed = run.communicate(timeout=SECONDS)[0]
    finally:
        end(run)
    course.exit_code = run.returncode
    course.before |= recorded(course)
    return course


def test_workers_end_with_what_they_started(lost):
    assert lost.of_the_worker
    assert not any(map(lives, lost.of_the_worker))


def test_a_lost_scheduler_is_reported_and_the_rest_is_graded_later(lost):
    assert lost.exit_code == 1
    assert "was lost" in lost.printed
    assert "run the same command again" in lost.printed
    assert "Traceback" not in lost.printed, "Dask's own is in the log"
    printed = graded(lost, "--workers", "2")
    assert f"{len(lost.before)} unchanged, 0 failed" in printed
    assert set(recorded(lost)) == set(STUDENTS)


def lives(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
