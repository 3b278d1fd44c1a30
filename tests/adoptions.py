"""The labs in tests/adoptions: courses that others made of the bundled one."""

import tomllib
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from the_lab import ASSIGNMENT, SOURCE

from autograder.lab import Lab
from autograder.lab.file import NAME, read
from autograder.submissions import notebooks

FOLDER = Path(__file__).parent / "adoptions"
NAMES = sorted(path.parent.name for path in FOLDER.glob(f"*/{NAME}"))


@dataclass(frozen=True)
class Wrong:
    """A wrong submission, with the criterion that it must cost and words of the explanation."""

    notebook: str
    cell: str
    replace: tuple[str, str]
    criterion: str
    words: str


@dataclass(frozen=True)
class Adoption:
    """One other lab: its file, its notebooks, and wrong submissions to it."""

    name: str
    lab: Lab
    notebooks: dict[str, NotebookNode]
    wrong: tuple[Wrong, ...]

    def write(self, course: Path) -> Path:
        """Replaces the lab and the notebooks of a course; returns their folder."""
        folder = course / "source" / ASSIGNMENT
        (folder / NAME).write_text((FOLDER / self.name / NAME).read_text("utf-8"), "utf-8")
        for name, notebook in self.notebooks.items():
            nbformat.write(notebook, folder / f"{name}.ipynb")
        return folder

    def submission(self, wrong: Wrong) -> NotebookNode:
        """The source notebook with a wrong answer in place of the sample solution."""
        notebook = deepcopy(self.notebooks[wrong.notebook])
        cell = next(c for c in notebook.cells if notebooks.grade_id(c) == wrong.cell)
        old, new = wrong.replace
        assert old in cell.source, f"{wrong.notebook}, {wrong.cell} does not hold {old!r}"
        cell.source = cell.source.replace(old, new)
        return notebook


def load(name: str) -> Adoption:
    """One of the labs."""
    adaptation = tomllib.loads((FOLDER / name / "adaptation.toml").read_text("utf-8"))
    copies, lab = adaptation.pop("copies", {}), read(FOLDER / name)
    adapted = {
        notebook: _adapted(copies.get(notebook, notebook), adaptation.get(notebook, {}))
        for notebook in lab.exercises
    }
    wrong = tuple(
        Wrong(notebook, **each | {"replace": tuple(each["replace"])})
        for notebook, changes in adaptation.items()
        for each in changes.get("wrong", ())
    )
    return Adoption(name, lab, adapted, wrong)


def _adapted(notebook: str, changes: dict[str, Any]) -> NotebookNode:
    adapted = notebooks.read(SOURCE / f"{notebook}.ipynb")
    for old, new in changes.get("edits", ()):
        assert any(old in cell.source for cell in adapted.cells), f"{notebook} does not hold {old!r}"
        for cell in adapted.cells:
            cell.source = cell.source.replace(old, new)
    for cell in adapted.cells:
        if (name := notebooks.grade_id(cell)) in changes.get("points", {}):
            cell.metadata.nbgrader.points = changes["points"][name]
    return adapted
