"""A course in a folder of its own, graded with nbgrader's own commands."""

import functools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import corpus
import nbformat
from the_lab import ASSIGNMENT, EXERCISES

from autograder.report.grade_table import read_grades
from autograder.submissions import notebooks

COURSE = Path(__file__).parent.parent
CASES = {case.id: case for case in corpus.load()}

TRAIN_IMAGES, TEST_IMAGES = 6000, 1000
"""How many images stand in for MNIST's 60,000 and 10,000: what they are is the same, loading is not."""
FEW_IMAGES = f"""
c.Grading.train_images = {TRAIN_IMAGES}
c.Grading.test_images = {TEST_IMAGES}
"""

NO_TRAINING = {"train_model": "history = None", "visualize": "decoded_images = x_test"}


def attempted(course, *arguments):
    """One of nbgrader's commands, whatever it ends with."""
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments], cwd=course, capture_output=True, text=True
    )


def nbgrader(course, *arguments):
    """The log of one of nbgrader's commands, which succeeds."""
    done = attempted(course, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@functools.cache
def _generated():
    """A folder with a course's source, and what nbgrader makes of it: the release and the gradebook."""
    folder = tempfile.TemporaryDirectory()
    shutil.copy(COURSE / "nbgrader_config.py", folder.name)
    shutil.copytree(COURSE / "source", Path(folder.name, "source"))
    nbgrader(folder.name, "generate_assignment", ASSIGNMENT)
    return folder


class Course:
    """A course directory with nothing but nbgrader_config.py and source/.

    settings: what is added to nbgrader_config.py.
    """

    def __init__(self, folder, settings=FEW_IMAGES):
        self.folder, self._read = folder, None
        config = (COURSE / "nbgrader_config.py").read_text("utf-8")
        config += f"\nc.Grading.cell_timeout = 60\n{settings}"
        shutil.copytree(_generated().name, folder, dirs_exist_ok=True)
        (folder / "nbgrader_config.py").write_text(config, "utf-8")

    def released(self, name):
        return notebooks.read(self.folder / "release" / ASSIGNMENT / f"{name}.ipynb")

    def submission(self, student):
        folder = self.folder / "submitted" / student / ASSIGNMENT
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def submit(self, student, case_id=None, edit=None, **answers):
        """Hands in one notebook: a case of the corpus, with further answers and an edit, if any."""
        case = CASES[case_id or "training-the-solution"]
        given = case.answers | {name.replace("_", "-"): text for name, text in answers.items()}
        notebook = notebooks.filled(self.released(case.notebook), given)
        if edit:
            edit(notebook)
        nbformat.write(notebook, self.submission(student) / f"{case.notebook}.ipynb")

    def submit_release(self, student):
        for name in EXERCISES:
            nbformat.write(self.released(name), self.submission(student) / f"{name}.ipynb")

    def grades(self):
        """All grades, read again only if the gradebook was written to."""
        gradebook = self.folder / "gradebook.db"
        written = gradebook.stat().st_mtime_ns
        if self._read is None or self._read[0] != written:
            self._read = written, read_grades(f"sqlite:///{gradebook}", "", ASSIGNMENT)
        return self._read[1]

    def scores(self, student):
        """Scores by notebook and criterion."""
        grades = self.grades()
        return {
            column[:2]: score for column, score in zip(grades.columns, grades.rows[student], strict=True)
        }

    def panel(self, student, name, criterion):
        path = self.folder / "autograded" / student / ASSIGNMENT / f"{name}.ipynb"
        cell = next(c for c in notebooks.read(path).cells if notebooks.grade_id(c) == criterion)
        (output,) = cell.outputs
        return output.data["text/markdown"]
