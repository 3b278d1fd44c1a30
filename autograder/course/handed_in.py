"""Lays out submissions so that nbgrader can open them, and reads them as jobs.

nbgrader opens and copies all that a submission's folder holds: links to anywhere, pipes that never end.
So a temporary folder, with links to regular files only, takes the place of submitted/.
"""

import fnmatch
import functools
import glob
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry, Notebook
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files

from autograder.sandbox.run_folder import RunFolder
from autograder.submissions.folder import TIMESTAMP, Submission, sort_out
from autograder.submissions.given_cells import GivenCell, restored
from autograder.submissions.job import Job, job_of
from autograder.submissions.reading import UnreadableNotebook, cell_ids, read_submission, stand_in


class HandedIn:
    """The submissions that one nbgrader command grades.

    converter: the command, which then finds the submissions as they are laid out. max_bytes: limit of
    a notebook's file. max_support_bytes: limit of all files beside the notebooks of one submission.
    """

    def __init__(
        self, converter: Autograde, max_bytes: int, max_support_bytes: int, log: logging.Logger
    ) -> None:
        self._max_bytes, self._log = max_bytes, log
        self._submissions: dict[str, Submission] = {}
        self.folders: dict[str, str] = {}
        """The folder of each student's submission as it is laid out."""
        self._folder = RunFolder()
        self._given = given_notebooks(converter.coursedir)
        if self._given:
            self._lay_out(converter, max_support_bytes)

    def includes(self, file: str) -> bool:
        """Whether this is the path of a notebook as it is laid out."""
        return Path(file).is_relative_to(self._folder.name)

    def job(self, student: str, notebook: str) -> Job:
        """Returns the job of a student's notebook, or of its stand-in, with the given cells restored."""
        folder, submission = Path(self.folders[student]), self._submissions[student]
        remarks, unreadable = list(submission.remarks), ""
        try:
            if notebook in submission.missing:
                raise UnreadableNotebook(submission.missing[notebook])
            content, found = read_submission(folder / f"{notebook}.ipynb", self._max_bytes)
            remarks += found
        except UnreadableNotebook as error:
            unreadable = str(error)
            content = stand_in(unreadable)
            self._log.error("%s of %s: %s", notebook, student, unreadable)
        content.cells, moved = restored(content.cells, self._given[notebook])
        if not unreadable:
            for remark in moved:
                self._log.warning("%s of %s: %s", notebook, student, remark)
        files = [(str(path), folder / path) for path in submission.files]
        return job_of(notebook, content, [*files, *self._given_files.items()], remarks, unreadable)

    def timestamp(self, student: str) -> bytes:
        """Returns the content of nbgrader's timestamp.txt; nothing if there is none."""
        file = Path(self.folders[student], TIMESTAMP)
        return file.read_bytes() if file.is_file() else b""

    def _lay_out(self, converter: Autograde, max_support_bytes: int) -> None:
        course = converter.coursedir
        target = Path(self._folder.name) / "submitted"
        target.mkdir(mode=0o700)
        self._given_files = _given_files(course, converter.exclude_overwriting)
        handed_in = converter._format_source(course.assignment_id, course.student_id)
        pattern = converter._format_source("(?P<assignment>.*)", "(?P<student>.*)", escape=True)
        converter.coursedir = CourseDirectory(
            parent=course.parent,
            **{name: getattr(course, name) for name in course.trait_names(config=True)}
            | {"submitted_directory": str(target)},
        )
        converter.assignments = {}
        cells = {name: frozenset(cell.name for cell in given) for name, given in self._given.items()}
        names = fnmatch.filter(self._given, course.notebook_id)
        for folder in sorted(glob.glob(handed_in)):
            if not (found := re.match(pattern, folder)):
                continue
            student = found["student"]
            submission = sort_out(
                Path(folder),
                cells,
                functools.partial(cell_ids, max_bytes=self._max_bytes),
                course.ignore,
                map(Path, self._given_files),
                max_support_bytes,
            )
            for remark in submission.remarks:
                self._log.warning("%s: %s", student, remark)
            laid_out = Path(converter._format_source(course.assignment_id, student))
            _link(Path(folder), submission, laid_out)
            self._submissions[student], self.folders[student] = submission, str(laid_out)
            converter.assignments[str(laid_out)] = [str(laid_out / f"{name}.ipynb") for name in names]


def given_notebooks(course: CourseDirectory) -> dict[str, list[GivenCell]]:
    """Returns the cells of each notebook as released; nothing if the gradebook lacks the assignment."""
    with Gradebook(course.db_url, course.course_id) as gradebook:
        try:
            notebooks = gradebook.find_assignment(course.assignment_id).notebooks
        except MissingEntry:
            return {}
        return {notebook.name: _given_cells(notebook) for notebook in notebooks}


def _given_cells(notebook: Notebook) -> list[GivenCell]:
    points = {cell.name: cell.max_score for cell in notebook.grade_cells}
    answers = {cell.name for cell in notebook.solution_cells}
    return [
        GivenCell(
            name=cell.name,
            cell_type=cell.cell_type,
            source=cell.source,
            checksum=cell.checksum,
            locked=cell.locked,
            answer=cell.name in answers,
            points=points.get(cell.name),
        )
        for cell in notebook.source_cells
    ]


def _given_files(course: CourseDirectory, exclude: Mapping[str, list[str]]) -> dict[str, Path]:
    """Returns the files, by name, that replace a submission's files of the same name.

    exclude: names of the files of each assignment that do not.
    """
    folder = course.format_path(course.source_directory, ".", course.assignment_id)
    files = {os.path.relpath(path, folder): Path(path) for path in find_all_files(folder, course.ignore)}
    excluded = exclude.get(course.assignment_id, [])
    return {name: path for name, path in files.items() if name not in excluded}


def _link(folder: Path, submission: Submission, target: Path) -> None:
    links = {f"{name}.ipynb": path for name, path in submission.notebooks.items()}
    links |= {str(path): path for path in submission.files}
    target.mkdir(parents=True)
    for link, path in links.items():
        (target / link).parent.mkdir(parents=True, exist_ok=True)
        (target / link).symlink_to(folder.absolute() / path)
    for name in submission.missing:
        # If there is no file, nbgrader takes the flag off the zeros of the notebook.
        (target / f"{name}.ipynb").touch()
