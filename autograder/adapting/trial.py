"""Grades the sample solution and a blank notebook: the one must earn everything, the other nothing."""

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.preprocessors import ClearSolutions
from traitlets.config import Config

from autograder.adapting.cells import by_id
from autograder.adapting.finding import Finding, in_cell, in_notebook
from autograder.course.app import opened
from autograder.grading.grader import Grader
from autograder.grading.options import Grading
from autograder.judge.verdict import Verdict
from autograder.lab import Criterion, Exercise, Lab
from autograder.lab.images import ImagesError
from autograder.report.verdicts import verdicts_on
from autograder.sandbox.bubblewrap import SandboxError
from autograder.submissions.job import files_in, job_of
from autograder.submissions.notebooks import is_answer

TRAIN_IMAGES, TEST_IMAGES = 6000, 1000
"""How many images stand in for the dataset's sets: what they are is the same, loading is faster."""


def try_out(
    course: Path, lab: Lab, notebooks: Mapping[str, NotebookNode], tell: Callable[[str], None]
) -> list[Finding]:
    """Grades each notebook as it is, and with its solutions taken out; names what is not as it must be.

    lab: with its bounds. notebooks: of source/, by their names. tell: is called before each run.
    """
    files = course.absolute() / "source" / lab.assignment
    # Paths in the configuration are meant from there.
    with contextlib.chdir(course):
        config = opened(Path()).config
        options = Grading(config=config, train_images=TRAIN_IMAGES, test_images=TEST_IMAGES)
        try:
            with Grader(options, lab) as grader:
                return list(_runs(grader, config, files, notebooks, tell))
        except (ImagesError, SandboxError) as error:
            return [Finding("nbgrader_config.py", "", "", f"no notebook can be graded: {error}")]


def graded_automatically(exercise: Exercise) -> list[Criterion]:
    """The criteria on which no person decides."""
    return [
        criterion
        for criterion in exercise.criteria
        if not criterion.by_hand and not (criterion == exercise.quality and exercise.bound is None)
    ]


def compare_verdicts(
    exercise: Exercise, notebook: NotebookNode, verdicts: Mapping[str, Verdict], *, blank: bool
) -> Iterator[Finding]:
    """Names the criteria in which the sample solution loses points, or a blank notebook earns some."""
    cells = by_id(notebook)
    for criterion in graded_automatically(exercise):
        verdict = verdicts.get(criterion.id)
        if verdict is None or verdict.credit == (0 if blank else 1):
            # Of cells that are missing or are no tests, `cells` tells.
            continue
        who = "a blank notebook" if blank else "the sample solution"
        why = " ".join(" ".join(verdict.problems or (verdict.found,)).split())
        earned = f"{verdict.points(criterion.points):g} of {criterion.points:g}"
        found = f"{who} earns {earned} in '{criterion.id}': {why}"
        to_do = "Do the cells that students are given hold part of the solution?" if blank else ""
        place, _ = cells[criterion.id][0]
        index = place if blank else _answer_before(notebook, place)
        yield in_cell(exercise, index, notebook.cells[index], "trial", found, to_do=to_do)


def _answer_before(notebook: NotebookNode, place: int) -> int:
    """The index of the last answer before a test cell, which is what the cell tests; its own if none."""
    answers = [index for index in range(place) if is_answer(notebook.cells[index])]
    return answers[-1] if answers else place


def _runs(
    grader: Grader,
    config: Config,
    files: Path,
    notebooks: Mapping[str, NotebookNode],
    tell: Callable[[str], None],
) -> Iterator[Finding]:
    for name, notebook in notebooks.items():
        exercise = grader.lab.exercises[name]
        for blank in (False, True):
            tell(f"Grading {'a blank notebook' if blank else 'the sample solution'}: {name}")
            content = copy.deepcopy(notebook)
            if blank:
                try:
                    ClearSolutions(config=config).preprocess(content, {})
                except (RuntimeError, ValueError) as error:
                    yield in_notebook(exercise, "trial", f"no solution can be taken out: {error}")
                    continue
            result = grader.grade(job_of(name, content, files_in(files)))
            result.show(content)
            if result.incident:
                yield in_notebook(exercise, "trial", f"the run ended early: {result.incident}")
            verdicts = verdicts_on(content, result, exercise, doubtful=False)
            yield from compare_verdicts(exercise, content, verdicts, blank=blank)
