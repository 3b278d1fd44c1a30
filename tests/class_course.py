"""Courses that are graded with `autograder grade`, and the processes that take part in it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import psutil
from course import NO_TRAINING, Course
from the_lab import ASSIGNMENT

from autograder.submissions import notebooks

SECONDS = 1800
"""After which a process counts as hanging: far more than it takes on a slow and busy machine."""

ADDRESS = "tcp://127.0.0.1:{port}"


def course_of(folder, *students, seconds=0):
    """A course whose students handed in one notebook each, untrained; its run takes so long at least."""
    course = Course(folder)
    for student in students:
        build = f"import time\ntime.sleep({seconds})\nprint('handed in by {student}')"
        course.submit(
            student, edit=lambda notebook, text=build: put_first(notebook, text), **NO_TRAINING
        )
    return course


def put_first(notebook, text):
    notebook.cells.insert(0, nbformat.v4.new_code_cell(text))


def command(course, *arguments, settings=""):
    """The command line of `autograder grade`; settings: Python to run before."""
    program = f"if __name__ == '__main__':\n    {settings or 'pass'}\n"
    program += "    from autograder.cli import main\n    main()"
    return [sys.executable, "-c", program, "grade", "--course", str(course.folder), *arguments]


def graded(course, *arguments, settings="", **environment):
    """What `autograder grade` printed, once it has ended well."""
    done = subprocess.run(
        command(course, *arguments, settings=settings),
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr + log(course)
    return done.stdout


def log(course):
    return (course.folder / ".autograder" / "grade.log").read_text("utf-8")


def started(course, *arguments, settings="", **environment):
    """`autograder grade` while it runs, in a session of its own."""
    return subprocess.Popen(
        command(course, *arguments, settings=settings),
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(what, seconds=SECONDS, during=None):
    """Waits until a function returns something true; returns that.

    during: a process without which it will not come true.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        # Asked for first: what came true as the process ended counts.
        ended = during is not None and during.poll() is not None
        if found := what():
            return found
        assert not ended, f"{during.args} has ended: {_said(during)}"
        time.sleep(0.1)
    raise TimeoutError(f"{what} did not come true within {seconds} s")


def _said(process):
    if process.stdout is None:
        return ""
    # A descendant may still hold the pipe open.
    os.set_blocking(process.stdout.fileno(), False)
    return (process.stdout.buffer.read() or b"").decode()


def recorded(course):
    """Who is graded to the end, with the time at which the last notebook was written."""
    files = (course.folder / "autograded").glob(f"*/{ASSIGNMENT}/denoising_autoencoder.ipynb")
    return {
        f.parent.parent.name: f.stat().st_mtime_ns for f in files if "autograder_stamp" in f.read_text()
    }


def shown(course, student):
    """The text outputs of a student's graded notebook."""
    path = course.folder / "autograded" / student / ASSIGNMENT / "autoencoder.ipynb"
    return "".join(o.get("text", "") for c in notebooks.read(path).cells for o in c.get("outputs", []))


def end(process):
    """Kills a process with all its descendants."""
    to_all(process.pid, signal.SIGKILL)
    process.wait()


def to_all(pid, number):
    """Sends a signal to a process and then to its descendants, any of which may have ended meanwhile."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        children = process.children(recursive=True)
        for each in (process, *children):
            with contextlib.suppress(psutil.NoSuchProcess):
                each.send_signal(number)


class Cluster:
    """A Dask scheduler and two workers on loopback, each a process of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        file = folder / "scheduler.json"
        self.scheduler = self.start(
            "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
            "--no-dashboard", "--scheduler-file", str(file),
        )  # fmt: skip
        wait_for(file.exists, during=self.scheduler)
        self.address = wait_for(lambda: _address(file), during=self.scheduler)
        for _ in range(2):
            self.start("-m", "autograder.cli", "worker", self.address, "--workers", "1")

    def start(self, *arguments):
        log = (self.folder / f"{len(self.processes)}.log").open("w")
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=self.folder, stdout=log, stderr=log, start_new_session=True
        )
        self.processes.append(process)
        return process

    def worker(self, number):
        """The process that does the work of a worker: the child of the one that watches over it."""

        def found():
            return list(filter(_is_spawned, psutil.Process(self.processes[1 + number].pid).children()))

        return wait_for(found, during=self.processes[1 + number])[0]

    def wake(self):
        """Lets all processes go on that were suspended."""
        for process in self.processes:
            to_all(process.pid, signal.SIGCONT)

    def close(self):
        self.wake()
        for process in self.processes:
            end(process)


def _is_spawned(process):
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def _address(file):
    try:
        return json.loads(file.read_text())["address"]
    except ValueError:
        # Still being written.
        return None


def session_processes(process):
    """What is left of the session of a process."""
    return [p for p in psutil.process_iter() if _session(p.pid) == process.pid]


def _session(pid):
    try:
        return os.getsid(pid)
    except OSError:
        return None
