"""`autograder grade`: the whole class at once, the same as nbgrader alone, and never anything twice."""

import contextlib
import dataclasses
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import pytest
from class_course import (
    SECONDS,
    course_of,
    end,
    graded,
    log,
    recorded,
    session_processes,
    shown,
    started,
    wait_for,
)
from course import NO_TRAINING, nbgrader
from the_lab import ASSIGNMENT

from autograder.grading.store import FOLDER, ResultStore
from autograder.sandbox.run_folder import LOCK, PREFIX

pytestmark = pytest.mark.slow

STUDENTS = "abcde"
"""The students of the class whose grading is interrupted."""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A class of four, one of whom handed in something else, graded at once."""
    course = course_of(tmp_path_factory.mktemp("class"), "ann", "ben", "eve")
    (course.submission("cleo") / "autoencoder.ipynb").write_text("no notebook")
    course.printed = graded(course, "--workers", "2")
    return course


@pytest.fixture(scope="module")
def grown(course):
    """The class later: Dan handed in what Ann did and was graded by nbgrader, Ben handed in anew, and
    Eve was graded by other criteria.
    """
    ann = course.submission("ann") / "autoencoder.ipynb"
    (course.submission("dan") / "autoencoder.ipynb").write_bytes(ann.read_bytes())
    nbgrader(course.folder, "autograde", ASSIGNMENT, "--student", "dan")
    course.submit("ben", **NO_TRAINING | {"build_model": "autoencoder = None"})
    as_by_other_criteria(course, "eve")
    course.before = recorded(course)
    course.printed = graded(course, "--workers", "1")
    return course


@pytest.fixture(scope="module")
def again(grown):
    """The class after a person graded Ann's answer, and all of her work was graded again."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{grown.folder}/gradebook.db") as gradebook:
        gradebook.find_grade("discussion", "autoencoder", ASSIGNMENT, "ann").manual_score = 3
        gradebook.db.commit()
    grown.printed = graded(grown, "--student", "ann", "--again", "--feedback", "--workers", "1")
    return grown


def as_by_other_criteria(course, student):
    """Makes a student's stored result one of earlier criteria, with a mark in its first cell."""
    store = ResultStore(course.folder, ASSIGNMENT, print)
    result = store.find(student, "autoencoder")
    output = {"output_type": "stream", "name": "stdout", "text": "seen in the first run"}
    cells = dataclasses.replace(result.cells[0], outputs=(output,)), *result.cells[1:]
    old = dataclasses.replace(result, judged_by="other criteria", verdicts={}, cells=cells)
    store.keep(student, "autoencoder", old)
    (course.folder / "autograded" / student / ASSIGNMENT / "autoencoder.ipynb").unlink()


def notebook(course, student):
    path = course.folder / "autograded" / student / ASSIGNMENT / "autoencoder.ipynb"
    content = json.loads(path.read_text("utf-8"))
    for cell in content["cells"]:
        cell.pop("id")
    return content


def test_everybody_is_graded_and_named(course):
    assert "4 graded, 0 unchanged, 0 failed" in course.printed
    for student in ("ann", "ben", "cleo", "eve"):
        assert f"{student}: graded" in course.printed
    assert course.scores("ann")["autoencoder", "encoder"] == 8
    assert course.scores("cleo")["autoencoder", "encoder"] == 0


def test_nothing_is_done_twice(course):
    before = recorded(course)
    printed = graded(course, "--workers", "1")
    assert "0 graded, 4 unchanged, 0 failed" in printed
    assert recorded(course) == before


def test_nbgrader_alone_writes_the_same(grown):
    assert notebook(grown, "dan") == notebook(grown, "ann")
    assert grown.scores("dan") == grown.scores("ann")


def test_equal_submissions_have_equal_evidence(grown):
    store = ResultStore(grown.folder, ASSIGNMENT, print)

    assert store.find("dan", "autoencoder").evidence == store.find("ann", "autoencoder").evidence


def test_only_what_is_new_is_graded(grown):
    assert "2 graded, 3 unchanged, 0 failed" in grown.printed
    assert grown.scores("ben")["autoencoder", "encoder"] == 0
    after = recorded(grown)
    assert [student for student in after if after[student] != grown.before[student]] == ["ben", "eve"]


def test_a_submission_that_nbgrader_has_graded_is_not_graded_again(grown):
    assert "dan: unchanged" in grown.printed


def test_a_grade_given_by_hand_stays(again):
    assert "1 graded" in again.printed
    assert again.scores("ann")["autoencoder", "discussion"] == 3


def test_feedback_is_written_on_request(again):
    page = again.folder / "feedback" / "ann" / ASSIGNMENT / "autoencoder.html"
    assert "Encoder" in page.read_text("utf-8")


def test_new_criteria_judge_stored_evidence_without_running_anything(grown):
    assert "seen in the first run" in shown(grown, "eve")
    assert grown.scores("eve")["autoencoder", "encoder"] == 8


def until_interrupted(course, how, **environment):
    """Ends grading by a signal once somebody is recorded; returns what it printed."""
    before = set(recorded(course))
    run = started(course, "--workers", "1", **environment)
    try:
        wait_for(lambda: set(recorded(course)) - before or run.poll() is not None)
        assert run.poll() is None, log(course)
        if how is signal.SIGINT:
            # As a terminal does: to the command and to all it started.
            os.killpg(run.pid, how)
            assert run.wait(SECONDS) == 1
        else:
            run.kill()
            run.wait()
        wait_for(lambda: not session_processes(run))
    finally:
        end(run)
    return run.stdout.read()


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """A class whose grading is interrupted by a user, killed when it went on, and then completed.

    What each of the first two runs had recorded, and whether each run began where the last one ended.
    """
    # Sockets lie in it, whose paths must be short.
    temporary = Path(tempfile.mkdtemp(prefix="grading-"))
    course = course_of(tmp_path_factory.mktemp("interrupted"), *STUDENTS, seconds=1)
    course.recorded, course.printed = {}, {}
    for how in (signal.SIGINT, signal.SIGKILL):
        course.printed[how] = until_interrupted(course, how, TMPDIR=str(temporary))
        course.recorded[how] = recorded(course)
    course.left_behind = [path.name for path in temporary.iterdir()]
    for lock in temporary.glob(f"*/{LOCK}"):
        # As if it had been killed a while ago.
        os.utime(lock, (0, 0))
    course.printed["at last"] = graded(course, "--workers", "1", TMPDIR=str(temporary))
    course.temporary = temporary
    yield course
    shutil.rmtree(temporary)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=lambda how: how.name)
def test_a_run_that_was_interrupted_goes_on_where_it_was(how, interrupted):
    before = interrupted.recorded[how]
    printed = interrupted.printed["at last" if how is signal.SIGKILL else signal.SIGKILL]
    assert 0 < len(before) < len(STUDENTS)
    for student in before:
        assert f"{student}: unchanged" in printed, log(interrupted)
    after = recorded(interrupted)
    assert set(after) == set(STUDENTS)
    assert {student: after[student] for student in before} == before


def test_after_an_interruption_it_says_how_to_go_on(interrupted):
    assert "run the same command again" in interrupted.printed[signal.SIGINT]


def test_an_interruption_waits_until_a_student_is_recorded(tmp_path):
    course = course_of(tmp_path, "ann", "ben")
    settings = "import signal; from autograder.batch.driver import Driver as G; "
    settings += "G.run_post_convert_hook = lambda self: signal.raise_signal(signal.SIGINT)"
    run = started(course, "--workers", "1", settings=settings)
    printed = run.communicate(timeout=SECONDS)[0]
    assert run.returncode == 1
    assert "run the same command again" in printed
    assert set(recorded(course)) == {"ann"}
    printed = graded(course, "--workers", "1")
    assert "1 graded, 1 unchanged, 0 failed" in printed


def test_what_a_killed_run_left_in_the_temporary_folder_is_removed_by_the_next(interrupted):
    assert any(name.startswith(PREFIX) for name in interrupted.left_behind)
    assert [path for path in interrupted.temporary.iterdir() if path.name.startswith(PREFIX)] == []


LOCKED = """
import contextlib, sqlite3

@contextlib.contextmanager
def locked():
    with contextlib.closing(sqlite3.connect("gradebook.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")

def lock_during(owner, name, applies=lambda *_: True):
    call = getattr(owner, name)
    def wrapped(*arguments):
        with locked() if applies(*arguments) else contextlib.nullcontext():
            return call(*arguments)
    setattr(owner, name, wrapped)
"""
"""Lets another connection hold the gradebook while something is done."""

UNREADABLE = """
import pathlib
read_bytes = pathlib.Path.read_bytes
def read(path):
    if path.name == "unreadable.txt":
        raise PermissionError(13, "Permission denied", str(path))
    return read_bytes(path)
pathlib.Path.read_bytes = read
"""
"""Makes a file unreadable also for root, who may read everything."""

FULL = """
import nbconvert.writers
write = nbconvert.writers.FilesWriter.write
def full(self, *arguments, **options):
    if {part!r} in self.build_directory:
        raise OSError(28, "No space left on device")
    return write(self, *arguments, **options)
nbconvert.writers.FilesWriter.write = full
"""
"""Lets writing fail as on a full disk."""


@contextlib.contextmanager
def full_disk(folder):
    """A disk with room for next to nothing at a folder; gives what to run where none can be mounted."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(folder)]
    if os.getuid() or subprocess.run(mount, capture_output=True).returncode:
        yield FULL.format(part=f"{folder.parent.name}/{folder.name}")
    else:
        try:
            yield ""
        finally:
            subprocess.run(["umount", str(folder)], check=True)


def failed(course, *arguments, settings=""):
    """What `autograder grade` printed, once it has ended with exit code 1."""
    run = started(course, *arguments, settings=f"exec({settings!r})")
    try:
        printed = run.communicate(timeout=SECONDS)[0]
    finally:
        end(run)
    assert run.returncode == 1, printed
    return printed


@pytest.fixture(scope="module")
def troubled(tmp_path_factory):
    """A class that is graded while the gradebook is locked for Ben, the disk full for Cleo and one of
    Dan's files unreadable; then Ben and Cleo again, by nobody who could run a notebook.
    """
    course = course_of(tmp_path_factory.mktemp("troubled"), "ann", "ben", "cleo", "dan")
    (course.submission("dan") / "unreadable.txt").write_text("mine")
    ben = "from autograder.batch.driver import Driver as G\n"
    ben += "lock_during(G, '_let_nbgrader_record', lambda self, found: found.student == 'ben')\n"
    with full_disk(course.folder / "autograded" / "cleo") as full:
        course.printed = failed(course, "--workers", "1", settings=LOCKED + ben + UNREADABLE + full)
    course.recorded = set(recorded(course))
    settings = "from autograder.batch.driver import Driver as G; G.connect = None"
    course.later = graded(course, "--student", "[bc]*", settings=settings)
    return course


@pytest.mark.parametrize(
    ("student", "why"),
    [
        ("ben", "it could not be recorded: the gradebook is locked by another program; close it"),
        ("cleo", r"it could not be recorded: .*disk.* is full; make room"),
        ("dan", r"it could not be read: .*unreadable.txt cannot be read or written"),
    ],
)
def test_who_cannot_be_recorded_is_named_with_the_reason(troubled, student, why):
    assert re.search(f"^Not graded: {student}: {why}", troubled.printed, re.MULTILINE), troubled.printed
    assert "run the same command again" in troubled.printed
    assert "Traceback" not in troubled.printed
    assert "Traceback" in log(troubled), "the details are in the log"


def test_the_others_are_graded_all_the_same(troubled):
    assert "1 graded, 0 unchanged, 3 failed" in troubled.printed
    assert troubled.recorded == {"ann"}
    assert troubled.scores("ann")["autoencoder", "encoder"] == 8


def test_what_could_not_be_recorded_is_recorded_later_without_running_again(troubled):
    assert "2 graded, 0 unchanged, 0 failed" in troubled.later
    for student in ("ben", "cleo"):
        assert troubled.scores(student)["autoencoder", "encoder"] == 8


def test_a_gradebook_that_is_locked_from_the_start_is_reported(troubled):
    with contextlib.closing(sqlite3.connect(troubled.folder / "gradebook.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        printed = failed(troubled)
    assert "The run ended early: the gradebook is locked by another program; close it" in printed
    assert "run the same command again" in printed
    assert "Traceback" not in printed


def test_grading_needs_no_log_no_cache_no_feedback_and_no_table(troubled):
    """Nothing is kept or logged, the disk of the feedback is full, the gradebook locked at the end."""
    before = recorded(troubled)["ann"]
    shutil.rmtree(troubled.folder / FOLDER)
    (troubled.folder / FOLDER).write_text("in the way")
    at_the_end = "import autograder.batch.command as c; lock_during(c, 'read_grades')\n"
    arguments = ("--student", "ann", "--again", "--feedback", "--workers", "1")
    with full_disk(troubled.folder / "feedback" / "ann") as full:
        printed = failed(troubled, *arguments, settings=LOCKED + at_the_end + full)
    (troubled.folder / FOLDER).unlink()
    assert recorded(troubled)["ann"] > before
    assert "1 graded, 0 unchanged, 0 failed" in printed
    assert printed.count("The log cannot be written: ") == 1
    assert printed.count("Results cannot be stored: ") == 1
    assert re.search("no feedback was written: ann: .*disk.* is full; make room", printed)
    assert "nbgrader generate_feedback autoencoders --force --student 'ann'" in printed
    assert "No grades can be shown: the gradebook is locked" in printed
    assert "Traceback" not in printed


def test_without_submissions_it_says_so(tmp_path):
    course = course_of(tmp_path)
    run = started(course)
    assert "There is no submission" in run.communicate(timeout=SECONDS)[0]
    assert run.returncode == 1


def test_messages_of_dask_are_in_the_log_not_on_the_terminal(tmp_path):
    course = course_of(tmp_path)
    loggers = ("distributed.client", "distributed.batched", "tornado.application", "asyncio")
    says = f"[logging.getLogger(name).error(f'{{name}}: a traceback') for name in {loggers}], "
    says += "logging.getLogger('autograder.batch').info('what was met')"
    settings = "import logging; import autograder.batch.command as c; count = c._count; "
    settings += f"c._count = lambda app: [{says}] and count(app)"
    printed = started(course, settings=settings).communicate(timeout=SECONDS)[0]
    assert "There is no submission" in printed
    assert "a traceback" not in printed
    for name in loggers:
        assert log(course).count(f"{name}: a traceback") == 1
    assert log(course).count("what was met") == 1
