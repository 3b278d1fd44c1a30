"""`autograder grade`: the whole class at once, the same as nbgrader alone, and never anything twice."""

import dataclasses
import json
import os
import signal

import pytest
from class_course import (
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

from autograder.lab import ASSIGNMENT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A class of three, one of whom handed in something else, graded at once."""
    course = course_of(tmp_path_factory.mktemp("class"), "ann", "ben")
    (course.submission("cleo") / "autoencoder.ipynb").write_text("no notebook")
    course.printed = graded(course, "--workers", "2")
    return course


def notebook(course, student):
    path = course.folder / "autograded" / student / ASSIGNMENT / "autoencoder.ipynb"
    content = json.loads(path.read_text("utf-8"))
    for cell in content["cells"]:
        cell.pop("id")
    return content


def test_everybody_is_graded_and_told_of(course):
    assert "3 graded, 0 unchanged, 0 failed" in course.printed
    for student in ("ann", "ben", "cleo"):
        assert f"{student}: graded" in course.printed
    assert course.scores("ann")["autoencoder", "encoder"] == 8
    assert course.scores("cleo")["autoencoder", "encoder"] == 0


def test_nbgrader_alone_writes_the_same(course, tmp_path):
    alone = course_of(tmp_path, "ann", "ben")
    nbgrader(alone.folder, "autograde", ASSIGNMENT)
    for student in ("ann", "ben"):
        assert notebook(course, student) == notebook(alone, student)
        assert course.scores(student) == alone.scores(student)


def test_nothing_is_done_twice(course):
    before = recorded(course)
    printed = graded(course, "--workers", "1")
    assert "0 graded, 3 unchanged, 0 failed" in printed
    assert recorded(course) == before


def test_only_what_is_new_is_graded(course):
    before = recorded(course)
    course.submit("ben", **NO_TRAINING | {"build_model": "autoencoder = None"})
    assert "1 graded, 2 unchanged, 0 failed" in graded(course, "--workers", "1")
    assert course.scores("ben")["autoencoder", "encoder"] == 0
    assert {s: t for s, t in recorded(course).items() if s != "ben"} == {
        s: t for s, t in before.items() if s != "ben"
    }


def test_what_nbgrader_graded_is_known(course):
    course.submit("dan", **NO_TRAINING)
    nbgrader(course.folder, "autograde", ASSIGNMENT, "--student", "dan")
    assert "0 graded, 1 unchanged" in graded(course, "--student", "dan")


def test_a_grade_given_by_hand_stays(course):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course.folder}/gradebook.db") as gradebook:
        gradebook.find_grade("discussion", "autoencoder", ASSIGNMENT, "ann").manual_score = 3
        gradebook.db.commit()
    assert "1 graded" in graded(course, "--student", "ann", "--again", "--workers", "1")
    assert course.scores("ann")["autoencoder", "discussion"] == 3


def test_feedback_is_written_on_request(course):
    graded(course, "--student", "ann", "--again", "--feedback", "--workers", "1")
    page = course.folder / "feedback" / "ann" / ASSIGNMENT / "autoencoder.html"
    assert "Encoder" in page.read_text("utf-8")


def test_new_criteria_judge_kept_evidence_without_running_anything(course):
    from autograder.course.kept import Kept

    graded(course, "--student", "ann", "--workers", "1")
    kept = Kept(course.folder, ASSIGNMENT)
    result = kept.find("ann", "autoencoder")
    cells = list(result.cells)
    cells[0] = dataclasses.replace(
        cells[0], outputs=({"output_type": "stream", "name": "stdout", "text": "seen in the first run"},)
    )
    old = dataclasses.replace(result, judged="other criteria", verdicts={}, cells=tuple(cells))
    kept.keep("ann", "autoencoder", old)
    path = course.folder / "autograded" / "ann" / ASSIGNMENT / "autoencoder.ipynb"
    path.unlink()

    assert "1 graded" in graded(course, "--student", "ann", "--workers", "1")
    assert "seen in the first run" in shown(course, "ann")
    assert course.scores("ann")["autoencoder", "encoder"] == 8


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=lambda how: how.name)
def test_a_run_that_was_interrupted_goes_on_where_it_was(how, tmp_path):
    course = course_of(tmp_path, *"abcd", seconds=2)
    run = started(course, "--workers", "1")
    try:
        before = wait_for(lambda: recorded(course))
        if how is signal.SIGINT:
            # As a terminal does: to the command and to all it started.
            os.killpg(run.pid, how)
            assert run.wait(60) == 1
            assert "run the same command again" in run.stdout.read()
        else:
            run.kill()
            run.wait()
        wait_for(lambda: not session_processes(run), 60)
    finally:
        end(run)
    before |= recorded(course)
    assert len(before) < 4

    printed = graded(course, "--workers", "1")
    assert f"{4 - len(before)} graded, {len(before)} unchanged, 0 failed" in printed, log(course)
    after = recorded(course)
    assert set(after) == set("abcd")
    assert {student: after[student] for student in before} == before


def test_a_course_without_submissions_is_told_what_to_do(tmp_path):
    course = course_of(tmp_path)
    run = started(course)
    assert "There is no submission" in run.communicate(timeout=60)[0]
    assert run.returncode == 1
