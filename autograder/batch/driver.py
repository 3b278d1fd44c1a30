"""nbgrader's Autograde for a whole class: notebooks run on workers, and are recorded here.

nbgrader records one student after the other, as ever, but from the workers' results.
"""

import itertools
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, NbGraderException
from traitlets import Bool, Instance, Integer, Unicode

from autograder.batch import second_try
from autograder.batch.interruption import Interruption
from autograder.batch.plugin import Settings
from autograder.batch.progress import ProgressDisplay
from autograder.batch.raising import Feedback, Raising
from autograder.batch.tasks import Outcome, Task
from autograder.batch.workers import NOTEBOOKS_PER_WORKER, Workers, connected
from autograder.course.faults import in_words
from autograder.course.stamp import stamp, stamp_in
from autograder.grading.result import Result
from autograder.sandbox.clock import PATIENCE
from autograder.submissions.job import Job
from autograder.submissions.packed import FormatError

SPARE_SECONDS = 300
"""Grace seconds, beyond all limits of a notebook, before a task is abandoned."""


@dataclass
class StudentJobs:
    """One student's notebooks while they are graded."""

    student: str
    jobs: dict[str, Job]
    results: dict[str, Result | None]
    """The last result of each notebook; that of a notebook in `to_do` is out of date."""
    to_do: set[str]
    """The notebooks that are still to be run or judged."""


@dataclass
class Summary:
    """What became of each submission."""

    graded: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    """Why each student was not graded."""
    without_feedback: dict[str, str] = field(default_factory=dict)
    """Why the feedback of each student could not be written, who was graded all the same."""
    seconds: float = 0.0


class Driver(Raising, Autograde):
    """Grades all submissions of an assignment, many at once.

    A submission that fails, or that cannot be recorded, does not stop the others: `summary` names it.
    """

    scheduler = Unicode("", help="Address of a Dask scheduler; empty for workers of this machine's own.")
    workers = Integer(1, help="How many notebooks run at once on this machine.")
    again = Bool(False, help="Also run what is graded already.")
    feedback = Bool(False, help="Also write the feedback of what was graded.")
    display = Instance(ProgressDisplay, help="Shows the progress.")
    interruption = Instance(Interruption, (), help="Notices Ctrl-C.")
    assignments: dict[str, list[str]]

    def convert_notebooks(self) -> None:
        """Grades what is not graded yet or has changed since; `summary` says what came of it."""
        started = time.monotonic()
        self.summary = Summary()
        self.force = True
        self.exporter.tell = self._remark
        self._notebooks = self.assignments
        course = self.coursedir
        with Gradebook(course.db_url, course.course_id) as gradebook:
            submissions = gradebook.assignment_submissions(course.assignment_id)
            self._recorded = {submission.student.id for submission in submissions}
        to_run = self._to_run()
        # Workers are started only if something is to be run.
        if (first := next(to_run, None)) is not None:
            self._grade(itertools.chain([first], to_run))
        self.summary.seconds = time.monotonic() - started

    def _to_run(self) -> Iterator[StudentJobs]:
        """Yields the submissions with notebooks to run or judge; records the others, if they changed."""
        for student in sorted(self.exporter.handed_in.folders):
            self.interruption.check()
            try:
                submission = self._read(student)
                unchanged = not submission.to_do and self._is_recorded(submission)
            except Exception as error:
                self._fail(student, f"it could not be read: {in_words(error)}", error)
                continue
            if unchanged:
                self.summary.unchanged.append(student)
                self.display.done(student, "unchanged")
            elif submission.to_do:
                yield submission
            else:
                self._record(submission)

    def _read(self, student: str) -> StudentJobs:
        exporter = self.exporter
        if self.again:
            exporter.store.forget(student)
        notebooks = self._notebooks[exporter.handed_in.folders[student]]
        names = [Path(path).stem for path in sorted(notebooks)]
        jobs = {name: exporter.handed_in.job(student, name) for name in names}
        results = {name: exporter.store.find(student, name) for name in names}
        to_do = {name for name in names if not exporter.grader.is_done(jobs[name], results[name])}
        return StudentJobs(student, jobs, results, to_do)

    def _is_recorded(self, submission: StudentJobs) -> bool:
        """Whether each of its notebooks is recorded as it would be now."""
        if self.again or submission.student not in self._recorded:
            return False
        grader, timestamp = self.exporter.grader, self.exporter.handed_in.timestamp(submission.student)
        course, where = self.coursedir, self.coursedir.autograded_directory
        folder = Path(course.format_path(where, submission.student, course.assignment_id))
        return all(
            stamp_in(folder / f"{name}.ipynb") == stamp(job, timestamp, grader, self.config)
            for name, job in submission.jobs.items()
        )

    def _grade(self, submissions: Iterable[StudentJobs]) -> None:
        self._at_work: dict[str, StudentJobs] = {}
        with self.connect(sum(map(len, self._notebooks.values()))) as workers:
            self._say_where(workers)
            for outcome in second_try.outcomes(workers, self._tasks(submissions)):
                self.interruption.check()
                self.display.working_on(workers.current)
                if outcome is not None:
                    self._take(outcome)

    def _take(self, outcome: Outcome) -> None:
        student, name = outcome.task.student, outcome.task.notebook
        try:
            result = outcome.read
        except FormatError as error:
            raise NbGraderException(f"A worker's result of {student} is {error}") from None
        if result is None:
            self._at_work.pop(student, None)
            self._fail(student, f"{name}: {outcome.problem}")
            return
        self.exporter.store.keep(student, name, result, outcome.result)
        if submission := self._at_work.get(student):
            submission.results[name] = result
            submission.to_do.discard(name)
            if not submission.to_do:
                self._record(self._at_work.pop(student))

    def connect(self, notebooks: int) -> AbstractContextManager[Workers]:
        """Returns the workers for so many notebooks."""
        return connected(
            Settings.of(self.exporter.grader),
            scheduler=self.scheduler or None,
            at_once=min(self.workers, notebooks),
            patience=self._patience,
        )

    def _say_where(self, workers: Workers) -> None:
        count = workers.count
        if not count:
            self.display.say(
                f"The scheduler has no workers yet. Start some: autograder worker {self.scheduler}"
            )
        elif self.scheduler:
            self.display.say(f"{count} workers at {self.scheduler}")
            for place in workers.unsandboxed():
                self.display.say(f"Submissions run unsandboxed on the worker {place}")

    def _tasks(self, submissions: Iterable[StudentJobs]) -> Iterator[Task]:
        for submission in submissions:
            self._at_work[submission.student] = submission
            for name in sorted(submission.to_do):
                job, result = submission.jobs[name], submission.results[name]
                earlier = result.to_bytes() if result else None
                yield Task(submission.student, name, job.to_bytes(), earlier)

    @property
    def _patience(self) -> float:
        grader = self.exporter.grader
        limits = grader.options.startup_timeout + PATIENCE * grader.options.notebook_timeout
        # The notebooks on a worker share one judge: each may wait for the verdicts on all others.
        return float(limits + NOTEBOOKS_PER_WORKER * grader.most_judging_seconds + SPARE_SECONDS)

    def _record(self, submission: StudentJobs) -> None:
        """Lets nbgrader record a submission, with the results where it would run notebooks."""
        # nbgrader removes what it has written if its work is interrupted.
        with self.interruption.held():
            self._let_nbgrader_record(submission)

    def _let_nbgrader_record(self, submission: StudentJobs) -> None:
        student = submission.student
        folder = self.exporter.handed_in.folders[student]
        self.assignments = {folder: self._notebooks[folder]}
        self.exporter.at_hand = {
            (student, name): (job, submission.results[name]) for name, job in submission.jobs.items()
        }
        try:
            super().convert_notebooks()
        except Exception as error:
            self._fail(student, f"it could not be recorded: {in_words(error)}", error)
            return
        if self.feedback:
            self._write_feedback(student)
        self.summary.graded.append(student)
        self.display.done(student, "graded")

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
        """Notes why a student is not graded; shows the first reason. error: is logged in full."""
        self.log.error("%s was not graded: %s", student, why, exc_info=error)
        if student not in self.summary.failed:
            self.summary.failed[student] = why
            self.display.done(student, f"not graded: {why}", failed=True)

    def _remark(self, text: str) -> None:
        self.log.warning(text)
        self.display.say(text)
