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
        blocks = [self._block(notebook) for notebook in dict.fromkeys(c[0] for c in self.columns)]
        totals = [["total", f"of {self.maximum:g}"]]
        totals += [[student, f"{_sum(scores):.2f}"] for student, scores in self.rows.items()]
        blocks.append(_aligned(totals))
        if any(None in scores for scores in self.rows.values()):
            blocks.append(f"{_OPEN} still to be graded by a person")
        return "\n\n".join(blocks)

    def _block(self, notebook: str) -> str:
        places = [i for i, column in enumerate(self.columns) if column[0] == notebook]
        lines = [["student", *(self.columns[i][1] for i in places)]]
        lines.append(["points", *(f"{self.columns[i][2]:g}" for i in places)])
        for student, scores in self.rows.items():
            lines.append([student, *(_OPEN if scores[i] is None else f"{scores[i]:g}" for i in places)])
        return f"{notebook}\n{_aligned(lines)}"


_OPEN = "–"


def _sum(scores: tuple[float | None, ...]) -> float:
    return sum(score for score in scores if score is not None)


def _aligned(lines: list[list[str]]) -> str:
    """Columns as wide as their widest cell: names to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


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
