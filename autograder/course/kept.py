"""What was found of each notebook, kept beside the gradebook: evidence is judged again from here."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from autograder.course.work import FormatError, Result

FOLDER = ".autograder"
"""In the course directory. What is in it may be deleted: it only saves work."""


MAX_BYTES = 50 * 2**20
"""Of one result. A larger one, full of a flood of output, is not worth its place."""


class Kept:
    """The last result of each student's notebooks of one assignment.

    course: the course's directory.
    """

    def __init__(self, course: str, assignment: str) -> None:
        self._folder = Path(course) / FOLDER / "kept" / assignment
        self._at_hand: dict[tuple[str, str], Result] = {}
        self._last_found: Result | None = None

    def find(self, student: str, notebook: str) -> Result | None:
        """None if there is none, or none that can be read."""
        if (student, notebook) in self._at_hand:
            self._last_found = self._at_hand[student, notebook]
            return self._last_found
        try:
            self._last_found = Result.from_bytes(self._path(student, notebook).read_bytes())
        except (OSError, FormatError):
            return None
        return self._last_found

    def keep(self, student: str, notebook: str, result: Result, data: bytes | None = None) -> None:
        """Replaces the last one in one step: a run that is killed leaves the old or the new one.

        One that is not final is not kept: the next run may end otherwise.
        data: the result as bytes, where it came as such.
        """
        if result is self._last_found or not result.final:
            return
        data = data or result.to_bytes()
        if len(data) > MAX_BYTES:
            return
        path = self._path(student, notebook)
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

    @contextlib.contextmanager
    def at_hand(self, student: str, results: Mapping[str, Result]) -> Iterator[None]:
        """Finds these results, by notebook, in place of those on the disk."""
        self._at_hand = {(student, notebook): result for notebook, result in results.items()}
        try:
            yield
        finally:
            self._at_hand = {}

    def forget(self, student: str) -> None:
        """Drops all results of a student's."""
        for path in (self._folder / student).glob("*.result"):
            path.unlink()

    def _path(self, student: str, notebook: str) -> Path:
        return self._folder / student / f"{notebook}.result"
