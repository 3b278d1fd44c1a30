"""What one more submission costs follows from two runs."""

from pathlib import Path

import nbformat

from benchmarks import runs
from benchmarks.meter import Usage
from benchmarks.runs import Marginal


def test_one_more_submission_costs_the_difference():
    one, five = Usage(20, {"kernels": 12, "judge": 6}), Usage(60, {"kernels": 52, "judge": 10})
    more = Marginal.of(one, five, 5)
    assert (more.cpu, more.wall) == (11, 10)
    assert (more.start_cpu, more.start_wall) == (7, 10)
    assert more.roles == {"kernels": 10, "judge": 1}


def test_all_cores_are_used_unless_a_number_of_workers_is_given():
    assert "--workers" not in runs.grade_command(Path("course"), None)
    assert runs.grade_command(Path("course"), 2)[-4:] == ["--course", "course", "--workers", "2"]


def test_plain_nbgrader_is_measured_with_a_notebook_that_does_nothing(tmp_path, monkeypatch):
    class Meter:
        """Grades nothing; as many seconds as there are submissions."""

        def run(self, command, course, log):
            count = len(list(course.glob("submitted/*")))
            return Usage(10 + count, {"kernels": 2 * count})

    monkeypatch.setattr(runs, "Meter", Meter)

    plain = runs.plain_notebook(tmp_path)

    assert (plain.cpu, plain.wall, plain.start_wall) == (2, 1, 10)
    for path in tmp_path.glob("*/submitted/*/trivial/trivial.ipynb"):
        nbformat.validate(nbformat.read(path, as_version=4))
