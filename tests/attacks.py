"""The attacks in tests/attacks, as values."""

from dataclasses import dataclass
from pathlib import Path

import corpus
import nbformat
from nbformat.v4 import new_code_cell
from the_lab import AUTOENCODER

from autograder.examples.answers import BLANK, answers, read_toml
from autograder.submissions import notebooks

FOLDER = Path(__file__).parent / "attacks"
NETWORK = ("build-model",)
"""The cells of the sample solution that an honest part consists of: nothing is trained."""


@dataclass(frozen=True)
class Attack:
    """One submission and what must come of it."""

    kind: str
    name: str
    tries: str
    notebook: str
    answers: dict[str, str]
    before: dict[str, str]
    """Cells of the student's own, by the given cell that they stand before."""
    support: dict[str, str]
    """Texts of files beside the notebook, by path."""
    earns: dict[str, float]
    """The most credit that its honest part deserves; none for criteria that are not here."""
    shows: dict[str, str]
    """Words of the explanation by criterion."""
    prints: str
    """Words among the outputs, which show that it was tried and what stopped it."""
    raises: tuple[str, ...]
    """Names of the errors that the attack's own cells may end with."""
    needs_sandbox: bool
    known: str
    """Why it earns points today, if it does."""

    @property
    def id(self) -> str:
        return f"{self.kind}-{self.name}"

    def submission(self, released: nbformat.NotebookNode, facts: dict) -> nbformat.NotebookNode:
        """The notebook to hand in; `facts` are the names that its first cell defines."""
        notebook = notebooks.filled(released, self.answers)
        prelude = "\n".join(f"{name} = {value!r}" for name, value in facts.items())
        prelude += "\n" + (FOLDER / "prelude.py").read_text("utf-8")
        if self.needs_sandbox:
            prelude += REFUSE
        own = {"load-data": [prelude]}
        for cell, text in self.before.items():
            own.setdefault(cell, []).append(text)
        for cell, texts in own.items():
            place = [notebooks.grade_id(c) for c in notebook.cells].index(cell)
            notebook.cells[place:place] = [new_code_cell(text) for text in texts]
        return notebook


REFUSE = """
if os.path.exists(MARKER):
    # No sandbox: what follows could hurt.
    open(MARKER + "-" + NAME, "w").close()
    os._exit(0)
"""


def load() -> list[Attack]:
    """All attacks of all files."""
    return [attack for path in sorted(FOLDER.glob("*.toml")) for attack in _load_file(path)]


def _load_file(path: Path) -> list[Attack]:
    return [_attack(path.stem, described) for described in read_toml(path)["attack"]]


def _attack(kind: str, described: dict) -> Attack:
    notebook = described.get("notebook", AUTOENCODER.notebook)
    honest = NETWORK if described.get("honest") else ()
    sample = notebooks.solutions(corpus.source(notebook))
    start = {cell: text if cell in honest else BLANK for cell, text in sample.items()}
    return Attack(
        kind=kind,
        name=described["name"],
        tries=described["tries"],
        notebook=notebook,
        answers=answers(described, start),
        before=described.get("before", {}),
        support=described.get("support", {}),
        earns=described.get("earns", {}),
        shows=described.get("shows", {}),
        prints=described.get("prints", ""),
        raises=tuple(described.get("raises", ())),
        needs_sandbox=described.get("needs") == "sandbox",
        known=described.get("known", ""),
    )
