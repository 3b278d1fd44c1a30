"""The gradebook as a table: a row for each student, a column for each criterion."""

from dataclasses import dataclass

from nbgrader.api import Gradebook, MissingEntry


@dataclass(frozen=True)
class Grades:
    """The scores of one assignment. A score is None while a person has still to give it."""

    columns: tuple[tuple[str, str, float], ...]
    """Notebook, criterion and points of each column."""
    rows: dict[str, tuple[float | None, ...]]
    """Scores by student."""

    @property
    def maximum(self) -> float:
        """All points of the assignment."""
        return sum(points for _, _, points in self.columns)

    def table(self) -> str:
        """The grades as text, one block of columns for each notebook."""
        names = [criterion for _, criterion, _ in self.columns]
        first = max(len(student) for student in ("student", "points", *self.rows))
        lines = []
        notebooks = dict.fromkeys(notebook for notebook, _, _ in self.columns)
        for notebook in notebooks:
            columns = [i for i, column in enumerate(self.columns) if column[0] == notebook]
            lines += ["", notebook, _line("student", [names[i] for i in columns], first)]
            lines.append(_line("points", [f"{self.columns[i][2]:g}" for i in columns], first))
            lines += [
                _line(student, [_score(scores[i]) for i in columns], first)
                for student, scores in self.rows.items()
            ]
        lines += ["", "total"]
        for student, scores in self.rows.items():
            given = sum(score for score in scores if score is not None)
            open_points = sum(
                column[2] for column, score in zip(self.columns, scores, strict=True) if score is None
            )
            note = f"  (+ up to {open_points:g} for written answers)" if open_points else ""
            lines.append(f"{student:<{first}}  {given:6.2f} of {self.maximum:g}{note}")
        return "\n".join(lines[1:])


def _line(head: str, cells: list[str], first: int) -> str:
    return f"{head:<{first}}" + "".join(f"  {cell:>{_WIDTH}}" for cell in cells)


_WIDTH = 14


def _score(score: float | None) -> str:
    return "to be graded" if score is None else f"{score:g}"


def read_grades(database: str, course: str, assignment: str) -> Grades:
    """The grades of an assignment from nbgrader's gradebook, in the order of its cells.

    database: SQLAlchemy URL. Raises MissingEntry if the assignment is not in it.
    """
    with Gradebook(database, course) as gradebook:
        columns = tuple(
            (notebook.name, cell.name, cell.max_score)
            for notebook in sorted(gradebook.find_assignment(assignment).notebooks, key=_name)
            for cell in _in_order(notebook)
        )
        rows = {}
        for submission in gradebook.assignment_submissions(assignment):
            student = submission.student.id
            rows[student] = tuple(
                _grade(gradebook, cell, notebook, assignment, student) for notebook, cell, _ in columns
            )
    return Grades(columns, dict(sorted(rows.items())))


def _name(entry) -> str:
    return entry.name


def _in_order(notebook) -> list:
    """Graded cells as they stand in the notebook: source cells are saved in that order."""
    order = [cell.name for cell in notebook.source_cells]
    return sorted(notebook.grade_cells, key=lambda cell: order.index(cell.name))


def _grade(gradebook, cell: str, notebook: str, assignment: str, student: str) -> float | None:
    try:
        grade = gradebook.find_grade(cell, notebook, assignment, student)
    except MissingEntry:
        return 0.0
    if grade.manual_score is None and (grade.needs_manual_grade or grade.auto_score is None):
        return None
    return grade.score
