"""The results of earlier gradings, kept beside the gradebook: unchanged notebooks need not run again."""

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from autograder.grading.result import Result
from autograder.submissions.packed import FormatError

FOLDER = ".autograder"
"""The folder in the course directory for what only saves work. It may be deleted."""

MAX_BYTES = 50 * 2**20
"""Largest result that is kept; a larger one holds a flood of output."""


class ResultStore:
    """The last result of each student's notebooks of one assignment.

    It saves work and nothing else: where it cannot be written, grading goes on.

    course: the course's directory. failed: called with the first error of a write, and no other.
    """

    def __init__(self, course: str | Path, assignment: str, failed: Callable[[OSError], None]) -> None:
        self.failed = failed
        self._told = False
        self._folder = Path(course) / FOLDER / "kept" / assignment
        self._forgotten: set[str] = set()

    def find(self, student: str, notebook: str) -> Result | None:
        """The last result; None if there is none, or none that this version reads."""
        if student in self._forgotten:
            return None
        try:
            return Result.from_bytes(self._path(student, notebook).read_bytes())
        except (OSError, FormatError):
            return None

    def keep(self, student: str, notebook: str, result: Result, data: bytes | None = None) -> None:
        """Replaces the last result in one step: a run that is killed leaves the old or the new one.

        A result that is not final is not kept, as the next run may end otherwise.
        data: the result as bytes, if it arrived as bytes.
        """
        if not result.final:
            return
        data = data or result.to_bytes()
        if len(data) > MAX_BYTES:
            return
        try:
            self._write(self._path(student, notebook), data)
        except OSError as error:
            self._tell_once(error)

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    def forget(self, student: str) -> None:
        """Removes all results of a student."""
        try:
            for path in (self._folder / student).glob("*.result"):
                path.unlink()
        except OSError as error:
            # Results that cannot be removed must not be found either.
            self._forgotten.add(student)
            self._tell_once(error)

    def _tell_once(self, error: OSError) -> None:
        if not self._told:
            self._told = True
            self.failed(error)

    def _path(self, student: str, notebook: str) -> Path:
        return self._folder / student / f"{notebook}.result"
