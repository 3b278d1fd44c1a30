"""Lets nbgrader's converters raise what goes wrong with a submission, which they only log."""

import contextlib
from collections.abc import Iterator

from nbgrader.converters import GenerateFeedback, NbGraderException
from nbgrader.converters.base import BaseConverter


class Raising(BaseConverter):
    """A base class to name before nbgrader's converter: raises the cause of a failure."""

    def convert_notebooks(self) -> None:
        """Raises the exception that nbgrader has logged, not nbgrader's advice to look at the log."""
        self._cause: Exception | None = None
        try:
            super().convert_notebooks()
        except NbGraderException as error:
            raise (self._cause or error) from None

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        with self._noted():
            return bool(super().init_destination(assignment_id, student_id))

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        with self._noted():
            super().init_assignment(assignment_id, student_id)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        with self._noted():
            super().convert_single_notebook(notebook_filename)

    def set_permissions(self, assignment_id: str, student_id: str) -> None:
        with self._noted():
            super().set_permissions(assignment_id, student_id)

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._cause = error
            raise


class Feedback(Raising, GenerateFeedback):
    """nbgrader's GenerateFeedback, which raises what goes wrong."""
