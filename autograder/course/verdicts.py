"""Puts the judge's verdicts in place of the test cells' outputs, where nbgrader reads scores."""

import functools
from collections.abc import Callable

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.course.execute import INCIDENT
from autograder.course.grading import grading
from autograder.evidence import MIME_TYPE
from autograder.judge.panel import panel
from autograder.judge.verdict import Verdict, zero
from autograder.lab import EXERCISES

EXPECTED = "evidence from this test cell"


class WriteVerdicts(NbGraderPreprocessor):
    """Judges the evidence of each test cell. A cell without evidence is given a zero and told why."""

    def preprocess(self, nb, resources):
        notebook = resources["nbgrader"]["notebook"]
        if notebook not in EXERCISES:
            self.log.warning("Notebook %s is not part of the lab; it is not judged.", notebook)
            return nb, resources
        judge = functools.partial(grading(self.config).judge.verdicts, notebook)
        verdicts = decide(nb, judge, resources.get(INCIDENT))
        for cell in nb.cells:
            _drop_evidence(cell)
        earned, maximum = 0.0, 0.0
        for name, cell in graded_cells(nb).items():
            points = float(cell.metadata.nbgrader.points)
            _write(cell, name, verdicts[name], points)
            earned, maximum = earned + verdicts[name].points(points), maximum + points
        student = resources["nbgrader"].get("student", "")
        self.log.info("%s %s: %g of %g automatic points", student, notebook, earned, maximum)
        return nb, resources


def graded_cells(nb) -> dict[str, NotebookNode]:
    """The automatically graded cells by their grade_id."""
    return {
        cell.metadata.nbgrader.grade_id: cell
        for cell in nb.cells
        if cell.cell_type == "code" and utils.is_grade(cell)
    }


def decide(
    nb: NotebookNode,
    judge: Callable[[dict[str, object]], dict[str, Verdict]],
    incident: str | None = None,
) -> dict[str, Verdict]:
    """The verdict on each test cell of an executed notebook.

    judge: from the message of each criterion to its verdict.
    incident: why execution ended early, if it did.
    """
    cells = graded_cells(nb)
    found = {name: _messages(cell) for name, cell in cells.items()}
    verdicts = judge({name: some[0] for name, some in found.items() if len(some) == 1})
    return {
        name: verdicts.get(name) or _without_evidence(cell, len(found[name]), incident)
        for name, cell in cells.items()
    }


def _messages(cell) -> list:
    return [
        output.data[MIME_TYPE]
        for output in cell.outputs
        if output.output_type in ("display_data", "execute_result") and MIME_TYPE in output.data
    ]


def _drop_evidence(cell) -> None:
    if cell.cell_type == "code":
        cell.outputs = [o for o in cell.outputs if MIME_TYPE not in o.get("data", {})]


def _without_evidence(cell, messages: int, incident: str | None) -> Verdict:
    if messages:
        return zero(
            EXPECTED,
            f"evidence handed over {messages} times",
            "Only the test cell itself may hand over evidence.",
            "Nothing of yours may write into this cell.",
        )
    errors = [output for output in cell.outputs if output.output_type == "error"]
    if errors:
        error = errors[0]
        return zero(
            EXPECTED,
            f"{error.ename}: {error.evalue}"[:500],
            _REASONS.get(error.ename, "The test cell stopped with an error."),
            "Restart the kernel, run all cells, and mend the first cell that stops with an error.",
        )
    if incident and cell.execution_count is None:
        return zero(
            EXPECTED,
            incident,
            "This test cell was not run.",
            "Open the notebook afresh, restart the kernel and run all cells: each should end within a "
            "few minutes. Then save it and look at what you hand in.",
        )
    return zero(
        EXPECTED,
        "none",
        "The test cell handed over nothing.",
        "Leave the test cells as they are, and nothing else running in the background.",
    )


_REASONS = {
    "NameError": "A name this test cell needs is not defined.",
    "TimeoutError": "The test cell took too long.",
}


def _write(cell, name: str, verdict: Verdict, maximum: float) -> None:
    """The score as nbgrader reads it (the plain text of a result) and the panel as people do."""
    shown = panel(name, verdict, maximum)
    data = {
        "text/plain": f"{verdict.points(maximum):g}",
        "text/html": shown.html,
        "text/markdown": f"```text\n{shown.text}\n```",
    }
    cell.outputs = [new_output("execute_result", data=data, execution_count=cell.execution_count)]
