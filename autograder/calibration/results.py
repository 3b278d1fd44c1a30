"""Files of results: a line of JSON for each, only ever appended to."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from autograder.calibration.kinds import Training
from autograder.calibration.noise_kinds import Draw


@dataclass(frozen=True)
class Result:
    """What a training reached."""

    of: Training
    error: float
    """On the held-out digits, as a share of the mean image's."""
    left: float | None
    """`short_fit.error_left` on what it learned from; None if that is no number."""
    steps: int
    """Of training."""
    handed_on: float | None
    """Share of the noise on the held-out digits that is still in its answers; None without noise."""
    seconds: float
    """Of the processor."""


@dataclass(frozen=True)
class Drawn:
    """What the judge said of noise."""

    of: Draw
    credit: float
    unlikely: float
    """-log10 of the probability that right noise is so unlikely in the least likely test."""
    test: str
    """That test, and the set that it looked at."""
    seconds: float
    """Of the processor."""


Kind = TypeVar("Kind", Result, Drawn)
_SUBJECTS = {Result: Training, Drawn: Draw}


def read(file: Path, kind: type[Kind] = Result) -> list[Kind]:
    """All results in the file; the line that an interruption left unfinished is none."""
    if not file.exists():
        return []
    subject, results = _SUBJECTS[kind], []
    names = {field.name for field in dataclasses.fields(subject)}
    for line in file.read_text("utf-8").splitlines():
        try:
            values = json.loads(line)
            of = subject(**{name: values.pop(name) for name in names})
            results.append(kind(of, **values))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return results


def append(file: Path, result: Result | Drawn) -> None:
    """Writes one more, at once."""
    values = dataclasses.asdict(result)
    line = json.dumps(values.pop("of") | values, ensure_ascii=False)
    with file.open("a+b") as lines:
        if lines.tell() and file.read_bytes()[-1:] != b"\n":
            # What was interrupted stays a line of its own.
            lines.write(b"\n")
        lines.write(f"{line}\n".encode())
