"""nbgrader's converters raise what they would only log."""

import pytest
from nbgrader.converters import NbGraderException
from nbgrader.converters.base import BaseConverter

from autograder.batch.raising import Raising


def test_a_converter_raises_what_nbgrader_only_logs():
    class Converter(BaseConverter):
        def convert_notebooks(self):
            try:
                self.set_permissions("autoencoders", "ann")
            except ValueError:
                raise NbGraderException("see the log") from None

        def set_permissions(self, assignment_id, student_id):
            raise ValueError(f"what is wrong with {student_id}")

    class Loud(Raising, Converter):
        pass

    with pytest.raises(ValueError, match="what is wrong with ann"):
        Loud().convert_notebooks()
