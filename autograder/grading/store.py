"""What was found of each notebook, kept beside the gradebook: evidence is judged again from here."""

import contextlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from autograder.course.faults import in_words
from autograder.grading.result import FormatError, Result

_log = logging.getLogger(__name__)

FOLDER = ".autograder"
"""In the course directory. What is in it may be deleted: it only saves work."""

MAX_BYTES = 50 * 2**20
"""Of one result. A larger one, full of a flood of output, is not worth its place."""


class Kept:
    """The last result of each student's notebooks of one assignment.

    It saves work and nothing else: where it cannot be written, grading goes on, and that is told once.

    course: the course's directory. tell: what is called with a text for the instructor.
    """

    def __init__(
        self,
        course: str,
        assignment: str,
        tell: Callable[[str], None] = _log.warning,
    ) -> None:
        self.tell = tell
        self._told = False
        self._folder = Path(course) / FOLDER / "kept" / assignment
        self._forgotten: set[str] = set()
        self._at_hand: dict[tuple[str, str], Result] = {}
        self._last_found: Result | None = None

    def find(self, student: str, notebook: str) -> Result | None:
        """None if there is none, or none that can be read."""
        if (student, notebook) in self._at_hand:
            self._last_found = self._at_hand[student, notebook]
            return self._last_found
        if student in self._forgotten:
            return None
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
        try:
            for path in (self._folder / student).glob("*.result"):
                path.unlink()
        except OSError as error:
            # What cannot be removed must not be found either.
            self._forgotten.add(student)
            self._tell_once(error)

    def _tell_once(self, error: OSError) -> None:
        if not self._told:
            self._told = True
            self.tell(_NOT_KEPT.format(why=in_words(error)))

    def _path(self, student: str, notebook: str) -> Path:
        return self._folder / student / f"{notebook}.result"


_NOT_KEPT = (
    "Results cannot be kept: {why}. Grading goes on; a later run may run the same notebooks once more."
)
