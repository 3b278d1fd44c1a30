"""The memory watch counts what a process and its descendants take together, and shared pages once."""

import os
import subprocess
import sys
import threading
import time

import pytest

from autograder.sandbox.memory_watch import INTERVAL, exceeds, memory_watched

SIZE = 100 * 2**20
FILL = f"filled = b'x' * {SIZE}\n"
WAIT = "import sys\nprint(flush=True)\nsys.stdin.read()\n"
FORK = "import os\nfor _ in range(2): os.fork()\n"
START = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {FILL + WAIT!r}])"

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports how pages are shared")


@pytest.fixture
def run():
    """Runs programs until all their processes wait for input. They end with the test."""
    processes = []

    def start(program, count=1):
        command = [sys.executable, "-c", program]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        processes.append(process)
        for _ in range(count):
            process.stdout.readline()
        return process

    yield start
    for process in processes:
        process.communicate()


def test_what_a_process_fills_counts(run):
    process = run(FILL + WAIT)
    assert exceeds(process.pid, SIZE)
    assert not exceeds(process.pid, 2 * SIZE)


def test_what_a_child_fills_counts(run):
    assert exceeds(run(START).pid, SIZE)


@on_linux
def test_pages_that_forked_processes_share_count_once(run):
    assert not exceeds(run(FILL + FORK + WAIT, count=4).pid, 2 * SIZE)


@on_linux
def test_pages_that_forked_processes_fill_themselves_count_for_each(run):
    assert exceeds(run(FORK + FILL + WAIT, count=4).pid, 4 * SIZE)


def test_a_process_that_has_ended_takes_nothing(run):
    process = run(WAIT)
    process.communicate()
    assert not exceeds(process.pid, 0)


def test_the_watch_calls_once_from_its_thread():
    calls = []
    called = threading.Event()

    def exceeded():
        calls.append(threading.current_thread())
        called.set()

    with memory_watched(os.getpid(), 1, exceeded):
        assert called.wait(60)
        time.sleep(3 * INTERVAL)
    assert len(calls) == 1
    assert calls[0] is not threading.current_thread()


def test_the_watch_ends_with_its_context():
    before = threading.active_count()
    with memory_watched(os.getpid(), 2**50, pytest.fail):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
