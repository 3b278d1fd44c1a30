"""Puts the judge's verdicts in place of the test cells' outputs, where nbgrader reads scores."""

from collections.abc import Callable, Mapping, Sequence

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.grading.options import grading
from autograder.grading.result import EVIDENCE, INCIDENT, RESULT, CellRun
from autograder.grading.runner import STAMP
from autograder.judge.verdict import Verdict, zero
from autograder.lab import EXERCISES
from autograder.report.causes import asked_name, explained, for_a_person
from autograder.report.crashes import errors_of
from autograder.report.panel import panel
from autograder.submissions.notebooks import cell_name, grade_id
from autograder.submissions.reading import REMARKS

EXPECTED = "evidence from this test cell"

REVIEW = "autograder_review"
"""Key of the resources: for each criterion that could not be judged, what was found instead."""


class WriteVerdicts(NbGraderPreprocessor):
    """Judges the evidence of each test cell. A cell without evidence is given a zero and told why."""

    def preprocess(self, nb, resources):
        notebook = resources["nbgrader"]["notebook"]
        if notebook not in EXERCISES:
            self.log.warning("Notebook %s is not part of the lab; it is not judged.", notebook)
            return nb, resources
        kept = getattr(self.parent, "kept", None)
        result = resources.get(RESULT)
        if result:
            result = grading(self.config).judged(notebook, result)
        if kept and result:
            kept.keep(resources["nbgrader"]["student"], notebook, result)
        if kept and (not result or result.final):
            # Without a stamp, `autograder grade` takes the notebook for one that is still to be graded.
            nb.metadata[STAMP] = resources[STAMP]
        judged = result.verdicts if result else {}
        doubtful = bool(nb.metadata.get(REMARKS))
        evidence = resources.get(EVIDENCE, {})
        verdicts = decide(nb, evidence, lambda _: judged, resources.get(INCIDENT), doubtful)
        for name, why in cut_short(nb, result.cells if result else ()).items():
            if verdicts[name].credit < 1:
                note = f"This may be missing because {why}. A person will look at it."
                verdicts[name] = for_a_person(verdicts[name], why, note)
        resources[REVIEW] = {
            name: verdict.reason for name, verdict in verdicts.items() if verdict.review
        }
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
    evidence: Mapping[str, Sequence[object]],
    judge: Callable[[dict[str, object]], dict[str, Verdict]],
    incident: str | None = None,
    doubtful: bool = False,
) -> dict[str, Verdict]:
    """The verdict on each test cell of an executed notebook.

    evidence: the messages that came while each test cell ran, by its grade_id.
    judge: from the message of each criterion to its verdict.
    incident: why execution ended early, if it did. doubtful: whether something was amiss with the
    submission before, so that a test cell's error may not be the student's.
    """
    cells = graded_cells(nb)
    found = {name: evidence.get(name, ()) for name in cells}
    verdicts = judge({name: some[0] for name, some in found.items() if len(some) == 1})
    asked = {name: asked_name(cell) for name, cell in cells.items() if name not in verdicts}
    verdicts = {
        name: verdicts.get(name) or _without_evidence(cell, len(found[name]), incident, doubtful)
        for name, cell in cells.items()
    }
    return explained(nb.cells, verdicts, asked)


def cut_short(nb: NotebookNode, ran: Sequence[CellRun]) -> dict[str, str]:
    """Why each test cell may lack what it was to show: a cell was interrupted, it or one before it.

    ran: what became of each code cell.
    """
    cells = [(index, cell) for index, cell in enumerate(nb.cells) if cell.cell_type == "code"]
    found, why = {}, ""
    for (index, cell), run in zip(cells, ran, strict=False):
        if run.interrupted and not why:
            why = f"{cell_name(cell, index)} was interrupted, as its time was over"
        if why and utils.is_grade(cell):
            found[grade_id(cell)] = why
    return found


def _without_evidence(cell, messages: int, incident: str | None, doubtful: bool) -> Verdict:
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


def _write(cell, name: str, verdict: Verdict, maximum: float) -> None:
    """The score as nbgrader reads it (the plain text of a result) and the panel as people do."""
    shown = panel(name, verdict, maximum)
    data = {
        "text/plain": f"{verdict.points(maximum):g}",
        "text/html": shown.html,
        "text/markdown": f"```text\n{shown.text}\n```",
    }
    cell.outputs = [new_output("execute_result", data=data, execution_count=cell.execution_count)]
