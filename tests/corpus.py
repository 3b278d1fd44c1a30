"""The labelled submissions in tests/corpus, as values."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import nbformat
from the_lab import ASSIGNMENT, EXERCISES

from autograder.examples.answers import answers, read_toml
from autograder.submissions import notebooks

FOLDER = Path(__file__).parent / "corpus"
UNTIL_TRAINED = ("add-noise", "build-model", "train-model")
"""The cells that a student fills in before, and that one."""
SOURCE = Path(__file__).parent.parent / "source" / ASSIGNMENT


@dataclass(frozen=True)
class Label:
    """What one criterion should earn, and what its explanation should begin with."""

    credit: str = "full"
    """'full', 'partial', 'zero', or the very share, such as '5/6'."""
    words: str = ""
    """The cause: words of the first sentence."""

    def fits(self, credit: float) -> bool:
        """Whether credit from 0 to 1 is what the label says."""
        if self.credit == "partial":
            return 0 < credit < 1
        share = {"full": 1, "zero": 0}.get(self.credit)
        return abs(credit - float(Fraction(self.credit) if share is None else share)) < 1e-3


FULL = Label()


@dataclass(frozen=True)
class Case:
    """One submission to one notebook, with the credit it should earn."""

    file: str
    name: str
    notebook: str
    answers: dict[str, str]
    until: str
    expect: dict[str, Label]
    """By criterion; every other criterion is full."""
    notes: dict[str, str] = field(default_factory=dict)
    flagged: tuple[str, ...] = ()
    """The criteria that a person should be asked to look at."""

    @property
    def id(self) -> str:
        return f"{self.file}-{self.name}"

    @property
    def correct(self) -> bool:
        """Whether it earns everything."""
        return all(label.credit == "full" for label in self.expect.values())

    def label(self, criterion: str) -> Label:
        """What a criterion should earn."""
        return self.expect.get(criterion, FULL)

    @property
    def start(self) -> tuple:
        """What the notebook is until its network is trained, which cases can share."""
        return self.notebook, *(self.answers.get(cell) for cell in UNTIL_TRAINED)

    @property
    def criteria(self) -> tuple[str, ...]:
        """The criteria that are judged, up to and with `until`."""
        names = [criterion.id for criterion in EXERCISES[self.notebook].criteria]
        return tuple(names[: names.index(self.until) + 1])

    @property
    def executed(self) -> nbformat.NotebookNode:
        """The notebook to run: source cells (hidden tests included) with this case's answers."""
        notebook = notebooks.filled(source(self.notebook), self.answers)
        ids = [notebooks.grade_id(cell) for cell in notebook.cells]
        notebook.cells = notebook.cells[: ids.index(self.until) + 1]
        return notebook


def source(notebook: str) -> nbformat.NotebookNode:
    """The master notebook."""
    return notebooks.read(SOURCE / f"{notebook}.ipynb")


def load() -> list[Case]:
    """All cases of all files."""
    return [case for path in sorted(FOLDER.glob("*.toml")) for case in _load_file(path)]


def _load_file(path: Path) -> list[Case]:
    content = read_toml(path)
    notebook = content["notebook"]
    until = content.get("until", EXERCISES[notebook].criteria[-1].id)
    sample = notebooks.solutions(source(notebook))
    return [
        Case(
            file=path.stem,
            name=case["name"],
            notebook=notebook,
            answers=answers(case, sample),
            until=until,
            expect={name: Label(*value) for name, value in case.get("expect", {}).items()},
            notes=case.get("note", {}),
            flagged=tuple(case.get("flagged", ())),
        )
        for case in content["case"]
    ]
