"""nbgrader's Autograde for a whole class: notebooks run on workers, everything is recorded here.

What is recorded is recorded by nbgrader itself, one student after the other, from results at hand.
"""

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, NbGraderException
from traitlets import Bool, Instance, Integer, Unicode

from autograder.batch import second_try
from autograder.batch.interruption import Interruption
from autograder.batch.plugin import Settings, can_be_run
from autograder.batch.progress import Watch
from autograder.batch.tasks import Outcome, Task
from autograder.batch.telling import Feedback, Telling
from autograder.batch.workers import THREADS, Workers, connected
from autograder.course.faults import in_words
from autograder.grading.options import grading
from autograder.grading.result import FormatError, Result, Work, work_on
from autograder.grading.runner import STAMP, ExecuteSubmission, stamp
from autograder.sandbox.clock import PATIENCE
from autograder.submissions.given_cells import given_cells, restored

SPARE_SECONDS = 300
"""Beyond all limits of a notebook, until a task is given up."""


@dataclass(frozen=True)
class Submission:
    """One student's, as it was found at the start."""

    student: str
    folder: str
    unchanged: bool
    """Recorded already, just as it would be recorded now."""
    to_do: tuple[str, ...]
    """The notebooks that must be run or judged."""


@dataclass
class Summary:
    """What became of the submissions of one run."""

    graded: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    """The reason, by student."""
    without_feedback: dict[str, str] = field(default_factory=dict)
    """The reason, by student: graded, but the feedback that was asked for could not be written."""
    seconds: float = 0.0


class GradeClass(Telling, Autograde):
    """Grades all submissions of an assignment, many at once.

    What goes wrong with one of them, or with recording it, ends no run: `summary` tells.
    """

    scheduler = Unicode("", help="Address of a Dask scheduler; empty for workers of this machine's own.")
    workers = Integer(1, help="How many notebooks run at once on this machine.")
    again = Bool(False, help="Run everything again, whatever is known of it.")
    feedback = Bool(False, help="Write the feedback of what was graded, too.")
    watch = Instance(Watch, help="What is seen of the run.", allow_none=True)
    interruption = Instance(Interruption, help="What tells of Ctrl-C.", allow_none=True)

    def convert_notebooks(self) -> None:
        """Grades what is not graded yet, or not as it would be now; `summary` says what came of it."""
        started = time.monotonic()
        self.summary = Summary()
        self.force = True
        course = self.coursedir
        pattern = self._format_source("(?P<assignment>.*)", "(?P<student>.*)", escape=True)
        folders = {re.match(pattern, folder)["student"]: folder for folder in self.assignments}
        self._notebooks = dict(self.assignments)
        self._execute = ExecuteSubmission(config=self.config)
        self.exporter.kept.tell = self._remark
        # Without the images nobody can be graded: that is no fault of the first student's.
        grading(self.config).loaded_images  # noqa: B018
        with Gradebook(course.db_url, course.course_id) as gradebook:
            assignment = gradebook.find_assignment(course.assignment_id)
            self._given = {
                notebook.name: given_cells(gradebook, notebook.name, assignment.name)
                for notebook in assignment.notebooks
            }
            recorded = {s.student.id for s in gradebook.assignment_submissions(assignment.name)}
        found = list(self._all_found(folders, recorded))
        to_do = sum(len(submission.to_do) for submission in found)
        for submission in found:
            self.interruption.check()
            if submission.unchanged:
                self.summary.unchanged.append(submission.student)
                self.watch.done(submission.student, "unchanged")
            elif not submission.to_do:
                self._record(submission, {})
        if to_do:
            self._grade([submission for submission in found if submission.to_do], to_do)
        self.summary.seconds = time.monotonic() - started

    def _all_found(self, folders: dict[str, str], recorded: set[str]) -> Iterator[Submission]:
        for student in sorted(folders):
            try:
                yield self._found(student, folders[student], recorded)
            except Exception as error:
                self._fail(student, f"it could not be read: {in_words(error)}", error)

    def _found(self, student: str, folder: str, recorded: set[str]) -> Submission:
        if self.again:
            self.exporter.kept.forget(student)
        unchanged, to_do = student in recorded and not self.again, []
        for name in self._names(folder):
            work = self._work(folder, name)
            kept = self.exporter.kept.find(student, name)
            if can_be_run(work.content) and not self._is_known(work, kept):
                to_do.append(name)
            path = self._format_recorded(student, name)
            unchanged = unchanged and _stamp_in(path) == stamp(work, Path(folder), self.config)
        return Submission(student, folder, unchanged, () if unchanged else tuple(to_do))

    def _is_known(self, work: Work, kept: Result | None) -> bool:
        return self._was_run(work, kept) and kept.judged == grading(self.config).judge_digest

    def _was_run(self, work: Work, kept: Result | None) -> bool:
        return kept is not None and kept.run == self._execute.digest(work)

    def _names(self, folder: str) -> list[str]:
        return [Path(path).stem for path in sorted(self._notebooks[folder])]

    def _work(self, folder: str, name: str) -> Work:
        content = self.exporter.read(folder, name)
        content.cells, _ = restored(content.cells, self._given[name])
        return work_on(name, content, self.exporter.files(folder))

    def _format_recorded(self, student: str, name: str) -> Path:
        course = self.coursedir
        folder = course.format_path(course.autograded_directory, student, course.assignment_id)
        return Path(folder) / f"{name}.ipynb"

    def _grade(self, submissions: list[Submission], to_do: int) -> None:
        missing = {submission.student: set(submission.to_do) for submission in submissions}
        results: dict[str, dict[str, Result]] = {submission.student: {} for submission in submissions}
        by_student = {submission.student: submission for submission in submissions}
        with self.connect(to_do) as workers:
            self._say_where(workers)
            for outcome in second_try.outcomes(workers, self._tasks(submissions)):
                self.interruption.check()
                self.watch.working_on(workers.current)
                if outcome is None:
                    continue
                student = outcome.task.student
                result = self._result(outcome)
                if result is None:
                    self._fail(student, f"{outcome.task.notebook}: {outcome.problem}")
                    continue
                self.exporter.kept.keep(student, outcome.task.notebook, result, outcome.result)
                results[student][outcome.task.notebook] = result
                missing[student].discard(outcome.task.notebook)
                if not missing[student] and student not in self.summary.failed:
                    self._record(by_student[student], results.pop(student))

    def connect(self, to_do: int) -> AbstractContextManager[Workers]:
        """The workers for so many notebooks."""
        return connected(
            Settings.of_course(self.config),
            scheduler=self.scheduler or None,
            workers=min(self.workers, to_do),
            patience=self._patience,
        )

    def _say_where(self, workers: Workers) -> None:
        count = workers.count
        if not count:
            self.watch.say(
                f"The scheduler has no workers yet. Start some: autograder worker {self.scheduler}"
            )
        elif self.scheduler:
            self.watch.say(f"{count} workers at {self.scheduler}")
            for place in workers.unsandboxed():
                self.watch.say(f"Submissions run unsandboxed on the worker {place}")

    def _tasks(self, submissions: list[Submission]) -> Iterator[Task]:
        for submission in submissions:
            for name in submission.to_do:
                try:
                    work = self._work(submission.folder, name)
                    kept = self.exporter.kept.find(submission.student, name)
                    known = kept.to_bytes() if self._was_run(work, kept) else None
                    task = Task(submission.student, name, work.to_bytes(), known)
                except Exception as error:
                    self._fail(submission.student, f"{name}: {in_words(error)}", error)
                else:
                    yield task

    @staticmethod
    def _result(outcome: Outcome) -> Result | None:
        try:
            return outcome.read
        except FormatError as error:
            raise NbGraderException(f"A worker's result of {outcome.task.student} is {error}") from None

    @property
    def _patience(self) -> float:
        limits = self._execute.startup_timeout + PATIENCE * self._execute.notebook_timeout
        # Those that share a worker wait for one judge, each for the verdicts on all others.
        judging = THREADS * grading(self.config).most_judging_seconds
        return limits + judging + SPARE_SECONDS

    def _record(self, submission: Submission, results: dict[str, Result]) -> None:
        """Lets nbgrader grade the submission as ever, with results where it would run notebooks."""
        # Whose recording is interrupted loses what nbgrader had written: it removes it.
        with self.interruption.held():
            self._let_nbgrader_record(submission, results)

    def _let_nbgrader_record(self, submission: Submission, results: dict[str, Result]) -> None:
        student = submission.student
        self.assignments = {submission.folder: self._notebooks[submission.folder]}
        try:
            with self.exporter.kept.at_hand(student, results):
                super().convert_notebooks()
        except Exception as error:
            self._fail(student, f"it could not be recorded: {in_words(error)}", error)
            return
        if self.feedback:
            self._write_feedback(student)
        self.summary.graded.append(student)
        self.watch.done(student, "graded")

    def _write_feedback(self, student: str) -> None:
        course = type(self.coursedir)(parent=self.parent, student_id=student)
        course.assignment_id = self.coursedir.assignment_id
        where = os.getcwd()
        try:
            Feedback(coursedir=course, parent=self.parent, force=True).start()
        except Exception as error:
            self.log.error("%s: no feedback was written", student, exc_info=error)
            self.summary.without_feedback[student] = in_words(error)
        finally:
            os.chdir(where)

    def _fail(self, student: str, why: str, error: Exception | None = None) -> None:
        """Tells of a student, once, who is not graded. error: what the log is to show with it."""
        self.log.error("%s was not graded: %s", student, why, exc_info=error)
        if student not in self.summary.failed:
            self.summary.failed[student] = why
            self.watch.done(student, f"not graded: {why}", failed=True)

    def _remark(self, text: str) -> None:
        self.log.warning(text)
        self.watch.say(text)


def _stamp_in(path: Path) -> str | None:
    try:
        return json.loads(path.read_text("utf-8"))["metadata"].get(STAMP)
    except (OSError, ValueError, KeyError, AttributeError):
        return None
