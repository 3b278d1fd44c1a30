"""The gradebook as a table: a row for each student, a column for each criterion."""

from dataclasses import dataclass
from operator import attrgetter
from typing import TextIO

from nbgrader.api import Grade, Gradebook, GradeCell, MissingEntry, Notebook
from rich.table import Table

from autograder.report.tables import number_table, table_console


@dataclass(frozen=True)
class GradeTable:
    """The scores of one assignment. A score is None until a person has given it."""

    columns: tuple[tuple[str, str, float], ...]
    """Notebook, criterion and points of each column."""
    rows: dict[str, tuple[float | None, ...]]
    """Scores by student."""
    review: frozenset[tuple[str, int]] = frozenset()
    """Student and column of each zero that a person should look at, because it could not be judged."""

    @property
    def maximum(self) -> float:
        """All points of the assignment."""
        return sum(points for _, _, points in self.columns)

    def show(self, file: TextIO | None = None) -> None:
        """Prints a table for each notebook and one of totals, to standard output if no file is given."""
        console = table_console(file)
        for notebook in dict.fromkeys(column[0] for column in self.columns):
            console.print(notebook)
            console.print(self._criteria(notebook), "")
        totals = number_table("total", f"of {self.maximum:g}")
        for student, scores in self.rows.items():
            totals.add_row(student, f"{sum(score or 0 for score in scores):.2f}")
        console.print(totals)
        if any(None in scores for scores in self.rows.values()):
            console.print(f"\n{_OPEN} still to be graded by a person")
        if self.review:
            console.print(f"\n{_REVIEW} could not be judged: a person should look, the comment says why")

    def _criteria(self, notebook: str) -> Table:
        places = [place for place, column in enumerate(self.columns) if column[0] == notebook]
        table = number_table("student", *(self.columns[place][1] for place in places))
        table.add_row("points", *(f"{self.columns[place][2]:g}" for place in places))
        for student, scores in self.rows.items():
            table.add_row(student, *(self._cell(student, place, scores[place]) for place in places))
        return table

    def _cell(self, student: str, place: int, score: float | None) -> str:
        if score is None:
            return _OPEN
        return f"{score:g}{_REVIEW if (student, place) in self.review else ''}"


_OPEN = "–"
_REVIEW = "?"


def read_grades(database: str, course: str, assignment: str) -> GradeTable:
    """Reads the grades of an assignment from nbgrader's gradebook, in the order of its cells.

    database: SQLAlchemy URL. Raises MissingEntry if the assignment is not in it.
    """
    with Gradebook(database, course) as gradebook:
        notebooks = sorted(gradebook.find_assignment(assignment).notebooks, key=attrgetter("name"))
        columns = tuple(
            (notebook.name, cell.name, cell.max_score)
            for notebook in notebooks
            for cell in _in_order(notebook)
        )

        def grade(student: str, notebook: str, cell: str) -> Grade | None:
            try:
                return gradebook.find_grade(cell, notebook, assignment, student)
            except MissingEntry:
                return None

        rows, review = {}, set()
        for submission in gradebook.assignment_submissions(assignment):
            student = submission.student.id
            grades = [grade(student, notebook, cell) for notebook, cell, _ in columns]
            rows[student] = tuple(map(_score, grades))
            review |= {(student, place) for place, one in enumerate(grades) if _is_unjudged(one)}
    return GradeTable(columns, dict(sorted(rows.items())), frozenset(review))


def _in_order(notebook: Notebook) -> list[GradeCell]:
    """Returns the graded cells in the order of the notebook's source cells."""
    order = [cell.name for cell in notebook.source_cells]
    return sorted(notebook.grade_cells, key=lambda cell: order.index(cell.name))


def _score(grade: Grade | None) -> float | None:
    if grade is None:
        return 0.0
    return None if grade.manual_score is None and grade.auto_score is None else grade.score


def _is_unjudged(grade: Grade | None) -> bool:
    return (
        grade is not None
        and grade.needs_manual_grade
        and grade.manual_score is None
        and grade.auto_score is not None
    )
