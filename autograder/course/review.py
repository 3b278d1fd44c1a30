"""Asks a person to look at zeros that were given without evidence, and says why in a comment."""

from collections.abc import Mapping, Sequence
from typing import Any

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.submissions.folder import shown
from autograder.submissions.notebooks import grade_id, is_answer


class AskForReview(NbGraderPreprocessor):
    """Runs after SaveAutoGrades. Grades and comments that a person has given stay as they are."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        about = resources["nbgrader"]
        where = about["notebook"], about["assignment"], about["student"]
        job, verdicts = self.parent.graded
        unjudged = {name: verdict.reason for name, verdict in verdicts.items() if verdict.review}
        if job.unreadable:
            # The answers that are graded by hand could not be read either.
            unjudged = {str(grade_id(cell)): job.unreadable for cell in nb.cells if utils.is_grade(cell)}
        with Gradebook(about["db_url"]) as gradebook:
            for name in unjudged:
                gradebook.find_grade(name, *where).needs_manual_grade = True
            for name, text in comments(nb.cells, unjudged, job.remarks).items():
                # If there is a manual_comment, nbgrader shows that one.
                gradebook.find_comment(name, *where).auto_comment = text
            gradebook.db.commit()
        return nb, resources


def comments(
    cells: Sequence[NotebookNode], unjudged: Mapping[str, str], remarks: Sequence[str]
) -> dict[str, str]:
    """Returns the comment for each answer cell, as nbgrader shows comments there only.

    unjudged: why each criterion could not be judged; goes to the last answer before its test. remarks:
    on the whole submission; go to the first answer.
    """
    answers = [str(grade_id(cell)) for cell in cells if is_answer(cell)]
    if not answers:
        return {}
    parts: dict[str, list[str]] = {name: [] for name in answers}
    answer = answers[0]
    parts[answer] += [f"{remark}." for remark in remarks]
    reasons: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        name = str(grade_id(cell))
        answer = name if is_answer(cell) else answer
        if name in unjudged:
            reasons.setdefault((answer, unjudged[name]), []).append(name)
    for (answer, reason), names in reasons.items():
        parts[answer].append(f"Not judged: {', '.join(names)} ({shown(reason)}). A person should look.")
    return {name: "\n\n".join(texts) for name, texts in parts.items() if texts}
