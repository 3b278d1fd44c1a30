"""The one way from a `Job` to a `Result`, whoever asks: nbgrader's commands, a worker, a test."""

import contextlib
import dataclasses
import functools
import secrets

from autograder.grading import fingerprints, request_ids
from autograder.grading.judge_process import Judge, most_seconds
from autograder.grading.kernels import Kernels
from autograder.grading.options import Grading
from autograder.grading.result import Result
from autograder.grading.runner import Runner
from autograder.judge.shown_pictures import out_of_sight, pictures
from autograder.lab import SHORT_STEPS, Lab
from autograder.lab.images import Images, load
from autograder.protocol.evidence import DRAWINGS, Message
from autograder.submissions.job import Job


class Grader:
    """Runs notebooks and judges them. A context manager: kernels and judge end with the context.

    images: those to grade on; None for those that the options name. secret: decides the ids of the
    requests to run cells; None for a new one. Raises ImagesError if there are no images, SandboxError if
    the sandbox is required and does not work.
    """

    def __init__(
        self,
        options: Grading,
        lab: Lab,
        images: Images | None = None,
        secret: bytes | None = None,
    ) -> None:
        self.options, self.lab = options, lab
        self.images = dataclasses.replace(
            images or load(options.images),
            train_count=options.train_images,
            test_count=options.test_images,
        )
        self.secret = secret or secrets.token_bytes(request_ids.SECRET_BYTES)
        self.kernels = Kernels(options, self.images, lab.dataset)
        self._until_closed = contextlib.ExitStack()
        self._until_closed.callback(self.kernels.close)

    def __enter__(self) -> "Grader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends kernels and judge."""
        self._until_closed.close()

    def start(self) -> None:
        """Lets kernels and judge import TensorFlow, before either is needed."""
        self.kernels.start()
        self._judge  # noqa: B018

    def grade(self, job: Job, earlier: Result | None = None) -> Result:
        """Runs and judges a notebook.

        earlier: an earlier result, which is reused as far as job, code and options are the same.
        """
        fingerprint = self.fingerprint(job)
        if job.unreadable:
            return Result(fingerprint, incident=job.unreadable)
        in_the_lab = job.notebook in self.lab.exercises
        result = earlier
        if result is None or result.fingerprint != fingerprint:
            if in_the_lab:
                # Its imports run while the kernel is busy.
                self._judge  # noqa: B018
            ids = request_ids.ids(self.secret, fingerprints.of_job(job))
            result = Runner(self.options, self.kernels, ids).run(job, fingerprint, self._steps(job))
        if not in_the_lab or result.judged_by == self.judged_by:
            return result
        return self._judged(job.notebook, result)

    def is_done(self, job: Job, earlier: Result | None) -> bool:
        """Whether `grade` would neither run nor judge the job, given an earlier result."""
        if job.unreadable:
            return True
        return (
            earlier is not None
            and earlier.fingerprint == self.fingerprint(job)
            and earlier.judged_by == self.judged_by
        )

    def fingerprint(self, job: Job) -> str:
        """Identifies the job, and all that decides how it runs."""
        parts = fingerprints.of_job(job), fingerprints.of_running(), self._images_fingerprint
        return fingerprints.fingerprint(*parts, self.options.limits, self.lab.dataset, self._steps(job))

    @functools.cached_property
    def judged_by(self) -> str:
        """Identifies all that decides the verdicts on evidence."""
        lab = fingerprints.of_lab(self.lab)
        return fingerprints.fingerprint(fingerprints.of_judging(), self._images_fingerprint, lab)

    def _steps(self, job: Job) -> int | None:
        """The steps that the job's training is shortened to; None if it is run in full."""
        if self.options.full_training:
            return None
        exercise = self.lab.exercises.get(job.notebook)
        return exercise.short_steps if exercise else SHORT_STEPS

    @property
    def most_judging_seconds(self) -> float:
        """Most seconds that judging one notebook can take, including restarts after failures."""
        return most_seconds(self.options.judge_timeout)

    @functools.cached_property
    def _images_fingerprint(self) -> str:
        return fingerprints.of_images(self.images)

    @functools.cached_property
    def _judge(self) -> Judge:
        judge = Judge(self.lab, self.images, self.options.judge_timeout)
        self._until_closed.callback(judge.close)
        return judge

    def _judged(self, notebook: str, result: Result) -> Result:
        """The result with the verdicts on its evidence."""
        criteria = {criterion.id for criterion in self.lab.exercises[notebook].criteria}
        messages = {
            criterion: Message(*evidence[0])
            for criterion, evidence in result.evidence.items()
            if criterion in criteria and len(evidence) == 1
        }
        if seen := messages.get("visualization"):
            outputs = [output for cell in result.cells for output in cell.outputs]
            drawn = result.evidence.get(DRAWINGS, ())
            messages["visualization"] = dataclasses.replace(
                seen,
                pictures=pictures(outputs),
                out_of_sight=out_of_sight(outputs),
                drawn=drawn[0][1] if len(drawn) == 1 else "",
            )
        verdicts = self._judge.verdicts(notebook, messages)
        return dataclasses.replace(result, judged_by=self.judged_by, verdicts=verdicts)
