"""The meter counts the work of all processes of a command, even those that no process waits for."""

import sys

import pytest
from class_course import SECONDS

from benchmarks import meter
from benchmarks.meter import CommandError, Meter, Usage

WORK = "import time\nwhile time.process_time() < {}: pass\n"


def measured(tmp_path, code, **options):
    return Meter().run([sys.executable, "-c", code], tmp_path, tmp_path / "log", **options)


class Looks:
    """A command that takes 128 MiB after the meter's first look, and keeps them until another one."""

    def __init__(self, folder):
        self._begin, self._taken, self._end = folder / "begin", folder / "taken", folder / "end"
        self._saw_it_taken = []

    def code(self, then=""):
        # Not for ever, so that a meter that never looks fails the test.
        wait = "while not os.path.exists({!r}) and time.monotonic() < end: time.sleep(0.05)\n"
        return (
            f"import os, time\nend = time.monotonic() + {SECONDS}\n{wait.format(str(self._begin))}"
            f"kept = bytes(range(256)) * 2**19\n{then}"
            f"os.makedirs({str(self._taken)!r}, exist_ok=True)\n{wait.format(str(self._end))}"
        )

    def done(self):
        """Asked for before each look: 0 before the first one, then 1."""
        self._saw_it_taken.append(self._taken.exists())
        if len(self._saw_it_taken) == 1:
            return 0
        self._begin.touch()
        if self._saw_it_taken.count(True) > 1:
            self._end.touch()
        return 1


def test_the_work_of_a_command_counts(tmp_path):
    usage = measured(tmp_path, WORK.format(0.5))
    assert 0.45 < usage.cpu < 0.8
    assert usage.wall >= 0.5
    assert set(usage.roles) == {meter.DRIVER}


def test_a_child_that_nobody_waits_for_counts(tmp_path):
    # The meter misses what is taken after its last look, so the child stays a while.
    code = (
        "import os, signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        f"if not os.fork():\n    exec({WORK.format(0.5)!r})\n    time.sleep(1)\n    os._exit(0)\n"
        "try: os.wait()\nexcept ChildProcessError: pass\n"
    )
    assert measured(tmp_path, code).cpu > 0.4


def test_a_grandchild_that_is_orphaned_counts(tmp_path):
    # However long the work takes, the grandchild is still there when the meter looks after it.
    done = str(tmp_path / "done")
    code = (
        "import os, time\nif not os.fork():\n    if os.fork():\n        time.sleep(0.3)\n"
        f"        os._exit(0)\n    exec({WORK.format(0.5)!r})\n    os.mkdir({done!r})\n"
        "    time.sleep(1.5)\n    os._exit(0)\n"
        f"os.wait()\nwhile not os.path.exists({done!r}): time.sleep(0.1)\ntime.sleep(1)\n"
    )
    assert measured(tmp_path, code).cpu > 0.4


def test_children_of_a_third_of_a_second_count(tmp_path):
    child = [sys.executable, "-c", f"{WORK.format(0.3)}time.sleep(0.2)"]
    usage = measured(tmp_path, f"import subprocess\nfor _ in range(5): subprocess.run({child!r})")
    # The meter may miss what each took after the last look.
    assert usage.cpu > 5 * (0.3 - 2 * meter.INTERVAL)


def test_memory_grows_with_what_is_done(tmp_path):
    looks = Looks(tmp_path)
    usage = measured(tmp_path, looks.code(), done=looks.done)
    assert usage.memory_until(2) - usage.memory_until(1) > 100 * 2**20


def test_the_output_of_a_command_that_fails_is_in_the_error(tmp_path):
    with pytest.raises(CommandError, match="no such thing"):
        measured(tmp_path, "raise SystemExit('no such thing')")


def test_processes_have_roles():
    server = [sys.executable, "-P", "-m", "autograder.sandbox.fork_server", "--sandboxed"]
    sandbox = ["bwrap", "--unshare-pid", *server]
    spawned = [
        sys.executable,
        "-c",
        "from multiprocessing.spawn import spawn_main",
        "--multiprocessing-fork",
    ]
    nbgrader = [sys.executable, "-m", "nbgrader", "autograde"]
    assert meter._role(nbgrader, [], "") == meter.DRIVER
    assert meter._role(sandbox, nbgrader, meter.DRIVER) == meter.FORK_SERVER
    assert meter._role(server, sandbox, meter.FORK_SERVER) == meter.FORK_SERVER
    assert meter._role(server, server, meter.FORK_SERVER) == meter.KERNELS
    assert meter._role(["ls"], server, meter.KERNELS) == meter.KERNELS
    assert meter._role(spawned, nbgrader, meter.DRIVER) == meter.DRIVER
    assert meter._role(spawned, spawned, meter.DRIVER) == meter.JUDGE


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much memory is shared")
def test_shared_memory_counts_in_parts(tmp_path):
    looks = Looks(tmp_path)
    usage = measured(tmp_path, looks.code("os.fork()\n"), done=looks.done)
    assert 128 < max(size for _, size in usage.memory) / 2**20 < 220


def test_memory_is_the_most_until_so_many_were_graded():
    usage = Usage(1, {}, memory=((0, 5), (1, 9), (2, 7), (10, 12)))
    assert [usage.memory_until(done) for done in (1, 2, 11)] == [5, 9, 12]
