"""Reads submissions in place of nbgrader, which makes its exporter before it reads anything."""

import atexit
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbgrader.converters import Autograde, NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets import Integer

from autograder.course.app import lab_of
from autograder.course.faults import in_words
from autograder.course.handed_in import HandedIn
from autograder.grading.fingerprints import of_lab
from autograder.grading.grader import Grader
from autograder.grading.options import Grading
from autograder.grading.request_ids import secret_of
from autograder.grading.result import Result
from autograder.grading.store import ResultStore
from autograder.judge.verdict import Verdict
from autograder.lab import Lab
from autograder.lab.file import LabFileError
from autograder.lab.images import ImagesError
from autograder.sandbox.bubblewrap import SandboxError
from autograder.submissions.job import Job


class SubmissionExporter(NotebookExporter):
    """Takes the place of the exporter with which nbgrader reads and writes notebooks.

    It reads each submission once, as a job, and holds what the hooks need to grade it.
    """

    max_bytes = Integer(50 * 2**20, help="Size of a notebook's file above which it is not read.").tag(
        config=True
    )
    max_support_bytes = Integer(
        100 * 2**20, help="Size of all files beside the notebooks above which none is copied."
    ).tag(config=True)

    parent: Autograde

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # nbconvert's exporters have no types.
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self.at_hand: dict[tuple[str, str], tuple[Job, Result | None]] = {}
        """The job and the earlier result of each student's notebook that is to be recorded next."""
        self.graded: tuple[Job, Mapping[str, Verdict]] | None = None
        """The job that was graded last, with the verdict on each test cell."""
        self.tell: Callable[[str], None] = self.log.warning
        """Is called with remarks that the instructor should see at once."""
        course = self.parent.coursedir
        self.grader = self._grader(course)
        self.store = ResultStore(course.root, course.assignment_id, self._tell_not_stored)
        self.handed_in = HandedIn(self.parent, self.max_bytes, self.max_support_bytes, self.log)

    def from_filename(self, filename: str, resources: Any = None, **kwargs: Any) -> Any:
        """Converts the notebook in a file; that of a submission is read as a job."""
        if not self.handed_in.includes(filename):
            # nbgrader wrote it, from a job that was read here.
            return super().from_filename(filename, resources, **kwargs)
        student, name = resources["nbgrader"]["student"], Path(filename).stem
        if (student, name) not in self.at_hand:
            job = self.handed_in.job(student, name)
            self.at_hand[student, name] = job, self.store.find(student, name)
        job, _ = self.at_hand[student, name]
        about = dict(resources.get("metadata", {}), name=name, path=str(Path(filename).parent))
        resources["metadata"] = about
        return super().from_notebook_node(job.content, resources, **kwargs)  # type: ignore[no-untyped-call]

    def _grader(self, course: CourseDirectory) -> Grader:
        try:
            lab, remarks = lab_of(course)
            grader = _open_grader(Grading(config=self.config), lab, secret_of(Path(course.root)))
        except (LabFileError, SandboxError, ImagesError) as error:
            self.log.error(str(error))
            raise NbGraderException(str(error)) from error
        grader.kernels.containment.tell(self.log)
        for remark in remarks:
            self.log.warning(remark)
        return grader

    def _tell_not_stored(self, error: OSError) -> None:
        self.tell(
            f"Results cannot be stored: {in_words(error)}. Grading goes on; the same notebooks may run "
            "again the next time."
        )


_open: dict[tuple[str, str, bytes], Grader] = {}


def _open_grader(options: Grading, lab: Lab, secret: bytes) -> Grader:
    """Returns the grader for a lab with these options; keeps it until another one is asked for.

    Formgrader grades in its own process: from the second time on, it need not wait for the start.
    """
    key = repr(sorted(options.trait_values(config=True).items())), of_lab(lab), secret
    if key not in _open:
        _close_grader()
        _open[key] = Grader(options, lab, secret=secret)
    return _open[key]


@atexit.register
def _close_grader() -> None:
    while _open:
        _open.popitem()[1].close()
