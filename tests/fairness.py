"""Writes the fairness statement: how often the corpus's labels and the grader agree, with exact bounds.

    python tests/fairness.py RECORD.jsonl ... > docs/FAIRNESS.md

A record is what `pytest tests/test_corpus.py --record FILE` writes, one for each source of digits.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from the_lab import SOURCE

from autograder.calibration.slow import CONFIDENCE, most_likely_share
from autograder.judge import bounds
from autograder.protocol import short_training

SAME = 1e-3
"""Largest difference between two credits that are the same."""
_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Judgement:
    """One criterion of one submission: the label, and what the grader said."""

    file: str
    case: str
    criterion: str
    digits: str
    expected: str
    """'zero', 'partial', 'full' or a share such as '5/6'."""
    credit: float
    cause: str
    """Words that the first sentence must hold."""
    sentence: str
    """The first one of the explanation."""

    @property
    def name(self) -> str:
        return f"{self.file}-{self.case}"

    @property
    def off(self) -> int:
        """Whether it earned more (1), less (-1) or what the label says (0)."""
        if self.expected == "partial":
            return (self.credit >= 1) - (self.credit <= 0)
        wanted = {"zero": 0.0, "full": 1.0}.get(self.expected)
        wanted = float(Fraction(self.expected)) if wanted is None else wanted
        return 0 if abs(self.credit - wanted) < SAME else (1 if self.credit > wanted else -1)

    @property
    def names_cause(self) -> bool:
        """Whether the first sentence names the cause."""
        return self.cause in self.sentence


@dataclass
class Count:
    """Judgements of one kind, and those that disagree with their label."""

    judged: int = 0
    disagreeing: list[str] = field(default_factory=list)

    def add(self, case: str, disagrees: bool) -> None:
        self.judged += 1
        self.disagreeing += [case] * disagrees

    @property
    def bound(self) -> float:
        """The rate that is not exceeded, at CONFIDENCE (Clopper and Pearson 1934, one-sided)."""
        return most_likely_share(len(self.disagreeing), self.judged)

    def __str__(self) -> str:
        if not self.judged:
            return "none judged"
        return f"{len(self.disagreeing)} of {self.judged} (at most {100 * self.bound:.1f} %)"


@dataclass
class Row:
    """One criterion on one source of digits."""

    criterion: str
    digits: str
    rejected: Count = field(default_factory=Count)
    """Right ones that did not earn all."""
    accepted: Count = field(default_factory=Count)
    """Wrong ones that earned more than the label says."""
    harsh: Count = field(default_factory=Count)
    """Wrong ones that earned less than the label says."""
    silent: Count = field(default_factory=Count)
    """Wrong ones whose first sentence does not name the cause."""


def read(lines: Iterable[str]) -> list[Judgement]:
    """The judgements of a record."""
    keys = Judgement.__dataclass_fields__
    return [Judgement(**{key: line[key] for key in keys}) for line in map(json.loads, lines)]


def counted(judgements: Iterable[Judgement]) -> list[Row]:
    """A row for each criterion and source of digits, in the order in which they come."""
    rows: dict[tuple[str, str], Row] = {}
    for each in judgements:
        row = rows.setdefault((each.criterion, each.digits), Row(each.criterion, each.digits))
        if each.expected == "full":
            row.rejected.add(each.name, each.off < 0)
        else:
            row.accepted.add(each.name, each.off > 0)
            row.harsh.add(each.name, each.off < 0)
            row.silent.add(each.name, not each.names_cause)
    return list(rows.values())


def statement(judgements: list[Judgement]) -> str:
    """The statement, in Markdown."""
    rows = counted(judgements)
    submissions = defaultdict(set)
    for each in judgements:
        submissions[each.digits].add(each.name)
    right = {e.name for e in judgements} - {e.name for e in judgements if e.expected != "full"}
    measured = json.loads((SOURCE / bounds.NAME).read_text("utf-8"))["exercises"]
    noise = next(entry["noise"] for entry in measured.values() if entry["noise"])
    steps = next(iter(measured.values()))["conditions"]["short_steps"]
    environment = Environment(
        loader=FileSystemLoader(_FOLDER), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("fairness.md.j2").render(
        rows=rows,
        submissions={digits: len(cases) for digits, cases in submissions.items()},
        right=len(right),
        judgements=len(judgements),
        disagreements=[
            (row, case)
            for row in rows
            for count in (row.rejected, row.accepted, row.harsh, row.silent)
            for case in count.disagreeing
        ],
        confidence=round(100 * CONFIDENCE),
        criteria={entry["criterion"]: entry for entry in measured.values()},
        noise=noise,
        short_steps=steps,
        slow_steps=steps * short_training.ROUNDS,
    )


def main() -> None:
    """Prints the statement for the records named on the command line."""
    lines = [line for path in sys.argv[1:] for line in Path(path).read_text("utf-8").splitlines()]
    print(statement(read(lines)))


if __name__ == "__main__":
    main()
