"""The gradebook as a table: a row for each student, a column for each criterion."""

from dataclasses import dataclass

from nbgrader.api import Grade, Gradebook, MissingEntry


@dataclass(frozen=True)
class Grades:
    """The scores of one assignment. A score is None while a person has still to give it."""

    columns: tuple[tuple[str, str, float], ...]
    """Notebook, criterion and points of each column."""
    rows: dict[str, tuple[float | None, ...]]
    """Scores by student."""
    review: frozenset[tuple[str, int]] = frozenset()
    """Student and place of the zeros that a person should look at: they could not be judged."""

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
        if self.review:
            blocks.append(f"{_REVIEW} could not be judged: a person should look, the comment says why")
        return "\n\n".join(blocks)

    def _block(self, notebook: str) -> str:
        places = [i for i, column in enumerate(self.columns) if column[0] == notebook]
        lines = [["student", *(self.columns[i][1] for i in places)]]
        lines.append(["points", *(f"{self.columns[i][2]:g}" for i in places)])
        for student, scores in self.rows.items():
            lines.append([student, *(self._cell(student, i, scores[i]) for i in places)])
        return f"{notebook}\n{_aligned(lines)}"

    def _cell(self, student: str, place: int, score: float | None) -> str:
        if score is None:
            return _OPEN
        return f"{score:g}{_REVIEW if (student, place) in self.review else ''}"


_OPEN = "–"
_REVIEW = "?"


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
        rows, review = {}, set()
        for submission in gradebook.assignment_submissions(assignment):
            student = submission.student.id
            grades = [_grade(gradebook, cell, book, assignment, student) for book, cell, _ in columns]
            rows[student] = tuple(map(_score, grades))
            review |= {(student, place) for place, grade in enumerate(grades) if _is_unjudged(grade)}
    return Grades(columns, dict(sorted(rows.items())), frozenset(review))


def _name(entry) -> str:
    return entry.name


def _in_order(notebook) -> list:
    """Graded cells as they stand in the notebook: source cells are saved in that order."""
    order = [cell.name for cell in notebook.source_cells]
    return sorted(notebook.grade_cells, key=lambda cell: order.index(cell.name))


def _grade(gradebook, cell: str, notebook: str, assignment: str, student: str) -> Grade | None:
    try:
        return gradebook.find_grade(cell, notebook, assignment, student)
    except MissingEntry:
        return None


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
