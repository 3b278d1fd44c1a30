"""What nbgrader records of a submission, and what is stored for the next time."""

import shutil
from types import SimpleNamespace

import corpus
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.utils import is_grade
from the_lab import LAB, SOURCE
from traitlets.config import Config, Configurable

from autograder.course import hooks
from autograder.course.hooks import GradeSolution, GradeSubmission
from autograder.course.stamp import STAMP
from autograder.grading.result import Result
from autograder.grading.store import ResultStore
from autograder.judge.verdict import Verdict, zero
from autograder.report.verdicts import graded_cells
from autograder.submissions.job import Job

FAILED = zero(
    "a verdict", "an error in the judge", "Not judged.", "Tell the staff.", review=True, transient=True
)


class Exporter(Configurable):
    """An exporter with only what the hook asks for."""

    def __init__(self, folder, result, earlier=None, **more):
        super().__init__()
        self.job = Job("autoencoder", corpus.source("autoencoder"), **more)
        self.at_hand = {("ann", "autoencoder"): (self.job, earlier)}
        self.grader = SimpleNamespace(grade=lambda job, earlier: result, lab=LAB)
        self.store = ResultStore(folder, "autoencoders", print)
        self.handed_in = SimpleNamespace(timestamp=lambda student: b"")


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The notebook that the hook makes of a result, and the exporter that it asked."""
    monkeypatch.setattr(hooks, "stamp", lambda *_: "what it was graded by")

    def write(result, **more):
        exporter = Exporter(tmp_path, result, **more)
        about = {"nbgrader": {"notebook": "autoencoder", "student": "ann"}}
        notebook, _ = GradeSubmission(parent=exporter).preprocess(corpus.source("autoencoder"), about)
        return notebook, exporter

    return write


def ran(**more):
    """A result of the lab's cells, none of which put anything out."""
    return Result("of a job", (), **more)


def test_a_judged_result_is_stored_and_stamped(written):
    notebook, exporter = written(ran(verdicts={"loss": Verdict(1.0, "this", "that")}))
    assert graded_cells(notebook)["loss"].outputs[0].data["text/plain"] == "3"
    assert notebook.metadata[STAMP] == "what it was graded by"
    assert exporter.store.find("ann", "autoencoder").verdicts["loss"].credit == 1


def test_a_failure_of_the_judge_is_flagged_and_tried_again(written):
    notebook, exporter = written(ran(verdicts={"loss": FAILED}))
    _, verdicts = exporter.graded
    assert verdicts["loss"].reason == "an error in the judge"
    assert exporter.store.find("ann", "autoencoder") is None
    assert STAMP not in notebook.metadata


def test_a_notebook_that_ended_early_is_tried_again(written):
    notebook, exporter = written(ran(incident="the kernel died"))
    assert exporter.store.find("ann", "autoencoder") is None
    assert STAMP not in notebook.metadata


def test_an_earlier_result_is_not_stored_again(written, monkeypatch):
    monkeypatch.setattr(ResultStore, "keep", lambda *_: pytest.fail("stored again"))
    earlier = ran()
    notebook, _ = written(earlier, earlier=earlier)
    assert STAMP in notebook.metadata


def test_a_notebook_that_cannot_be_read_is_not_read_again_until_it_changes(written):
    notebook, exporter = written(ran(incident="the file is empty"), unreadable="the file is empty")
    assert STAMP in notebook.metadata
    assert all(cell.outputs for cell in notebook.cells if cell.cell_type == "code" and is_grade(cell))
    assert exporter.graded[0].unreadable == "the file is empty"


@pytest.mark.slow
def test_a_solution_runs_with_all_of_its_training_and_says_on_what(tmp_path):
    shutil.copy(SOURCE / "lab.toml", tmp_path)
    (tmp_path / "helper.py").write_text("x = 'from beside the notebook'")
    full = "from autograder.kernel import watchers\nprint(watchers.current().fits.steps)"
    notebook = new_notebook(cells=[new_code_cell(f"from helper import x\nprint(x)\n{full}")])
    about = {"nbgrader": {"notebook": "autoencoder"}, "metadata": {"path": str(tmp_path)}}
    config = Config({"Grading": {"train_images": 1000, "test_images": 500}})
    solved, _ = GradeSolution(config=config).preprocess(notebook, about)
    note, cell = solved.cells
    assert "Executed with the full training, on\n> scikit-learn's handwritten digits" in note.source
    assert cell.outputs[0].text == "from beside the notebook\nNone\n"


@pytest.mark.slow
def test_a_solution_that_does_not_run_to_its_end_is_an_error(tmp_path):
    shutil.copy(SOURCE / "lab.toml", tmp_path)
    notebook = new_notebook(cells=[new_code_cell("import os; os._exit(0)")])
    about = {"nbgrader": {"notebook": "autoencoder"}, "metadata": {"path": str(tmp_path)}}
    with pytest.raises(RuntimeError, match="did not run to its end: the kernel died, in cell 1"):
        GradeSolution().preprocess(notebook, about)
