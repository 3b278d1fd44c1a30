"""Lets nbgrader see of each submission only what is sound.

nbgrader copies and opens whatever a submission's folder holds: links to anywhere, pipes that never end.
Before it does, a folder with links to nothing but regular files takes the place of submitted/.
"""

import fnmatch
import functools
import glob
import re
import tempfile
from pathlib import Path

from nbconvert.exporters import NotebookExporter
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files
from traitlets import Integer

from autograder.course.grading import grading
from autograder.course.reading import REMARKS, UnreadableNotebook, cell_ids, read_submission, stand_in
from autograder.course.submitted import Submission, sort_out


class SubmissionExporter(NotebookExporter):
    """Takes the place of the exporter with which nbgrader reads and writes notebooks.

    It is the one object of ours that nbgrader makes after finding submissions and before using them.
    """

    max_bytes = Integer(50 * 2**20, help="Size of a notebook's file above which it is not read.").tag(
        config=True
    )
    max_support_bytes = Integer(
        100 * 2**20, help="Size of all files beside the notebooks above which none is copied."
    ).tag(config=True)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._submissions: dict[str, Submission] = {}
        if isinstance(self.parent, Autograde):
            grading(self.config).say_what_is_contained(self.log)
            self._lay_out(self.parent)

    def from_filename(self, filename, resources=None, **kwargs):
        """Converts the notebook in a file, or its stand-in."""
        folder, name = str(Path(filename).parent), Path(filename).stem
        submission = self._submissions.get(folder)
        if submission is None:
            # Written by nbgrader, from what was read here.
            return super().from_filename(filename, resources, **kwargs)
        try:
            if name in submission.missing:
                raise UnreadableNotebook(submission.missing[name])
            notebook = read_submission(Path(filename), self.max_bytes)
        except UnreadableNotebook as error:
            self.log.error("%s of %s: %s", name, resources["nbgrader"]["student"], error)
            notebook = stand_in(str(error))
        notebook.metadata[REMARKS] = [*submission.remarks, *notebook.metadata.get(REMARKS, [])]
        resources["metadata"] = dict(resources.get("metadata", {}), name=name, path=folder)
        return self.from_notebook_node(notebook, resources, **kwargs)

    def _lay_out(self, converter: Autograde) -> None:
        """Lets nbgrader find the submissions in a folder where nothing but sound files is."""
        course = converter.coursedir
        expected = _expected(course)
        if not expected:
            return
        self._folder = tempfile.TemporaryDirectory(prefix="autograder-submitted-")
        given = _given_files(course)
        handed_in = converter._format_source(course.assignment_id, course.student_id)
        pattern = re.compile(
            converter._format_source("(?P<assignment>.*)", "(?P<student>.*)", escape=True)
        )
        converter.coursedir = CourseDirectory(
            parent=course.parent,
            **{name: getattr(course, name) for name in course.trait_names(config=True)}
            | {"submitted_directory": self._folder.name},
        )
        converter.assignments = {}
        for folder in sorted(glob.glob(handed_in)):
            student = pattern.match(folder)["student"]
            submission = sort_out(
                Path(folder),
                expected,
                functools.partial(cell_ids, max_bytes=self.max_bytes),
                course.ignore,
                given,
                self.max_support_bytes,
            )
            for remark in submission.remarks:
                self.log.warning("%s: %s", student, remark)
            target = Path(converter._format_source(course.assignment_id, student))
            _link(Path(folder), submission, target)
            self._submissions[str(target)] = submission
            converter.assignments[str(target)] = [
                str(target / f"{name}.ipynb")
                for name in expected
                if fnmatch.fnmatchcase(name, course.notebook_id)
            ]


def _expected(course: CourseDirectory) -> dict[str, frozenset[str]]:
    """The ids of the cells of each notebook of the assignment; empty if nbgrader does not know it."""
    with Gradebook(course.db_url, course.course_id) as gradebook:
        try:
            notebooks = gradebook.find_assignment(course.assignment_id).notebooks
        except MissingEntry:
            return {}
        return {n.name: frozenset(cell.name for cell in n.source_cells) for n in notebooks}


def _given_files(course: CourseDirectory) -> list[Path]:
    """The files with which nbgrader overwrites those of the same name, relative to the folder."""
    folder = course.format_path(course.source_directory, ".", course.assignment_id)
    return [Path(path).relative_to(folder) for path in find_all_files(folder, course.ignore)]


def _link(folder: Path, submission: Submission, target: Path) -> None:
    links = {f"{name}.ipynb": path for name, path in submission.notebooks.items()}
    links |= {path: path for path in submission.files}
    target.mkdir(parents=True)
    for link, path in links.items():
        (target / link).parent.mkdir(parents=True, exist_ok=True)
        (target / link).symlink_to(folder.absolute() / path)
    for name in submission.missing:
        # nbgrader takes the flag off the zeros of a notebook of which there is no file.
        (target / f"{name}.ipynb").touch()
