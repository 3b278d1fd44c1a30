"""Gives a submission back the cells of the released notebook that were deleted or moved."""

from nbformat import from_dict
from nbgrader import utils
from nbgrader.preprocessors import OverwriteCells


class RestoreCells(OverwriteCells):
    """nbgrader's OverwriteCells, which also puts back what is missing and what was moved ahead.

    nbgrader's own `add_missing_cells` fails where a cell and the one before it are both deleted.
    """

    def preprocess(self, nb, resources):
        """Overwrites what was changed; then each given cell stands in its place again."""
        self.add_missing_cells = False
        nb, resources = super().preprocess(nb, resources)
        with self.gradebook:
            source = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
            given = [cell.name for cell in source.source_cells]
            originals = {cell.name: cell for cell in source.source_cells}
            points = {cell.name: cell.max_score for cell in source.grade_cells}
            answers = {cell.name for cell in source.solution_cells}
            for name in _moved(nb, given):
                self.log.warning("Cell %s was moved; it is put back", name)
                nb.cells = [cell for cell in nb.cells if _name(cell) != name]
            for name in given:
                if all(_name(cell) != name for cell in nb.cells):
                    self.log.warning("Cell %s is missing; it is put back", name)
                    cell = self._original(originals[name], points.get(name), name in answers)
                    nb.cells.insert(_place(nb, name, given), cell)
        return nb, resources

    def _original(self, source, points: float | None, answer: bool):
        made = self.missing_cell_transform(source, points or 0, is_solution=answer)
        cell = from_dict(made | {"id": f"restored-{source.name}", "source": source.source})
        if points is None:
            cell.metadata.nbgrader.grade = False
            del cell.metadata.nbgrader["points"]
        return cell


def _name(cell) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def _moved(nb, given: list[str]) -> list[str]:
    """The locked cells that stand before a cell they should follow, or after one they should
    precede. Answers stay where the student put them."""
    present = [(_name(cell), cell) for cell in nb.cells if _name(cell) in given]
    order = [given.index(name) for name, _ in present]
    moved = []
    for position, (name, cell) in enumerate(present):
        answers = [place for place, (_, other) in enumerate(present) if utils.is_solution(other)]
        early = any(p > position and order[p] < order[position] for p in answers)
        late = any(p < position and order[p] > order[position] for p in answers)
        if utils.is_locked(cell) and (early or late):
            moved.append(name)
    return moved


def _place(nb, name: str, given: list[str]) -> int:
    """Before the next given cell, so that cells of the student's own in between come first."""
    following = set(given[given.index(name) + 1 :])
    for position, cell in enumerate(nb.cells):
        if _name(cell) in following:
            return position
    return len(nb.cells)
