"""Lets nbgrader see of each submission only what is sound.

nbgrader copies and opens whatever a submission's folder holds: links to anywhere, pipes that never end.
Before it does, a folder with links to nothing but regular files takes the place of submitted/.
"""

import fnmatch
import functools
import glob
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files
from traitlets import Integer

from autograder.grading.options import grading
from autograder.grading.store import Kept
from autograder.submissions.folder import Submission, sort_out
from autograder.submissions.reading import (
    REMARKS,
    UNREADABLE,
    UnreadableNotebook,
    cell_ids,
    read_submission,
    stand_in,
)


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
        self.kept: Kept | None = None
        if isinstance(self.parent, Autograde):
            course = self.parent.coursedir
            self.kept = Kept(course.root, course.assignment_id, self.log.warning)
            grading(self.config).say_what_is_contained(self.log)
            self._lay_out(self.parent)

    def from_filename(self, filename, resources=None, **kwargs):
        """Converts the notebook in a file, or its stand-in."""
        folder, name = str(Path(filename).parent), Path(filename).stem
        if folder not in self._submissions:
            # Written by nbgrader, from what was read here.
            return super().from_filename(filename, resources, **kwargs)
        notebook = self.read(folder, name)
        if UNREADABLE in notebook.metadata:
            student = resources["nbgrader"]["student"]
            self.log.error("%s of %s: %s", name, student, notebook.metadata[UNREADABLE])
        resources["metadata"] = dict(resources.get("metadata", {}), name=name, path=folder)
        return self.from_notebook_node(notebook, resources, **kwargs)

    def read(self, folder: str, name: str) -> NotebookNode:
        """The notebook in a folder that was laid out for nbgrader, or its stand-in."""
        submission = self._submissions[folder]
        try:
            if name in submission.missing:
                raise UnreadableNotebook(submission.missing[name])
            notebook = read_submission(Path(folder, f"{name}.ipynb"), self.max_bytes)
        except UnreadableNotebook as error:
            notebook = stand_in(str(error))
        notebook.metadata[REMARKS] = [*submission.remarks, *notebook.metadata.get(REMARKS, [])]
        return notebook

    def files(self, folder: str) -> list[tuple[str, Path]]:
        """What lies beside the notebooks of such a folder once nbgrader has copied it, by name."""
        own = [(str(path), Path(folder, path)) for path in self._submissions[folder].files]
        return [*own, *self._given.items()]

    def _lay_out(self, converter: Autograde) -> None:
        """Lets nbgrader find the submissions in a folder where nothing but sound files is."""
        course = converter.coursedir
        expected = _expected(course)
        if not expected:
            return
        self._folder = tempfile.TemporaryDirectory(dir=grading(self.config).folder)
        self._given = _given_files(course, converter.exclude_overwriting)
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
                map(Path, self._given),
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


def _given_files(course: CourseDirectory, kept: Mapping[str, list[str]]) -> dict[str, Path]:
    """The files with which nbgrader overwrites those of the same name, by their names in the folder.

    kept: those that it does not, by assignment.
    """
    folder = course.format_path(course.source_directory, ".", course.assignment_id)
    files = {os.path.relpath(path, folder): Path(path) for path in find_all_files(folder, course.ignore)}
    return {name: path for name, path in files.items() if name not in kept.get(course.assignment_id, [])}


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
