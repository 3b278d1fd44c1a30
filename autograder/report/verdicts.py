"""The verdict on each test cell of an executed notebook, and its panel in place of the cell's output."""

from collections.abc import Mapping, Sequence
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader import utils

from autograder.grading.result import CellRun, Result
from autograder.judge.verdict import Verdict, zero
from autograder.lab import Exercise
from autograder.report.causes import asked_name, explained, for_a_person
from autograder.report.crashes import errors_of
from autograder.report.panel import panel
from autograder.submissions.notebooks import cell_name, grade_id

EXPECTED = "evidence from this test cell"


def verdicts_on(
    notebook: NotebookNode, result: Result, exercise: Exercise, *, doubtful: bool
) -> dict[str, Verdict]:
    """The verdict on each test cell, by its grade_id. A cell without evidence gets a zero that says why.

    notebook: with the outputs of the result. doubtful: whether reading the submission left
    remarks, so that a test cell's error may not be the student's fault.
    """
    verdicts = decide(notebook, exercise, result.evidence, result.verdicts, result.incident, doubtful)
    for name, why in cut_short(notebook, result.cells).items():
        if verdicts[name].credit < 1:
            note = f"This may be missing because {why}. A person will look at it."
            verdicts[name] = for_a_person(verdicts[name], why, note)
    return verdicts


def graded_cells(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """The automatically graded cells by their grade_id."""
    return {
        cell.metadata.nbgrader.grade_id: cell
        for cell in notebook.cells
        if cell.cell_type == "code" and utils.is_grade(cell)
    }


def decide(
    notebook: NotebookNode,
    exercise: Exercise,
    evidence: Mapping[str, Sequence[object]],
    judged: Mapping[str, Verdict],
    incident: str = "",
    doubtful: bool = False,
) -> dict[str, Verdict]:
    """The verdict on each test cell of an executed notebook, each with its cause.

    evidence: the messages that came while each test cell ran, by its grade_id.
    judged: the judge's verdicts on cells with one message.
    incident: why execution ended early; empty if it did not. doubtful: as in `verdicts_on`.
    """
    cells = graded_cells(notebook)
    asked = {name: asked_name(cell) for name, cell in cells.items() if name not in judged}
    verdicts = {
        name: judged.get(name)
        or _without_evidence(cell, len(evidence.get(name, ())), incident, doubtful)
        for name, cell in cells.items()
    }
    return explained(notebook.cells, verdicts, asked, exercise)


def cut_short(notebook: NotebookNode, ran: Sequence[CellRun]) -> dict[str, str]:
    """Why each test cell may lack evidence: this cell or an earlier one was interrupted.

    ran: the outcome of each code cell.
    """
    cells = [(index, cell) for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    found, why = {}, ""
    for (index, cell), run in zip(cells, ran, strict=False):
        if run.interrupted and not why:
            why = f"{cell_name(cell, index)} was interrupted, as its time was over"
        if why and utils.is_grade(cell):
            found[str(grade_id(cell))] = why
    return found


def _without_evidence(cell: NotebookNode, messages: int, incident: str, doubtful: bool) -> Verdict:
    if messages:
        return zero(
            EXPECTED,
            f"evidence handed over {messages} times",
            "Only the test cell itself may hand over evidence.",
            "Nothing of yours may write into this cell.",
            review=True,
        )
    if name := asked_name(cell):
        return zero(
            EXPECTED,
            f"name '{name}' is not defined",
            f"The name {name}, which this test cell needs, is not defined.",
            "Restart the kernel, run all cells, and mend the first cell that stops with an error.",
            review=doubtful,
            missing=True,
        )
    if errors := errors_of(cell):
        return zero(
            EXPECTED,
            f"{errors[0].ename}: {errors[0].evalue}"[:500],
            _REASONS.get(errors[0].ename, "The test cell stopped with an error."),
            "Restart the kernel, run all cells, and mend the first cell that stops with an error.",
            review=doubtful,
        )
    if incident and cell.execution_count is None:
        return zero(
            EXPECTED,
            incident,
            "This test cell was not run.",
            "Open the notebook afresh, restart the kernel and run all cells: each should end within a "
            "few minutes. Then save it and look at what you hand in.",
            review=True,
        )
    return zero(
        EXPECTED,
        "none",
        "The test cell handed over nothing.",
        "Leave the test cells as they are, and nothing else running in the background.",
        review=True,
    )


_REASONS = {"TimeoutError": "The test cell took too long."}


def write_verdicts(notebook: NotebookNode, verdicts: Mapping[str, Verdict]) -> tuple[float, float]:
    """Replaces the outputs of test cells by panels; returns the points earned, and all points.

    nbgrader reads the score from the plain text of a result; people read the panel.
    """
    earned, maximum = 0.0, 0.0
    for name, cell in graded_cells(notebook).items():
        points = float(cell.metadata.nbgrader.points)
        shown, score = panel(name, verdicts[name], points), verdicts[name].points(points)
        data: dict[str, Any] = {
            "text/plain": f"{score:g}",
            "text/html": shown.html,
            "text/markdown": f"```text\n{shown.text}\n```",
        }
        cell.outputs = [new_output("execute_result", data=data, execution_count=cell.execution_count)]
        earned, maximum = earned + score, maximum + points
    return earned, maximum
