"""Files of results: each is a line of JSON, and lines are only ever appended."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from autograder.calibration.kinds import Training
from autograder.calibration.noise_kinds import Draw


@dataclass(frozen=True)
class Trained:
    """The result of a training."""

    of: Training
    error: float
    """Error on the held-out images, as a share of the mean image's."""
    left: float | None
    """`short_fit.error_left` on the images it learned from; None if that is no number."""
    steps: int
    """Steps of training."""
    handed_on: float | None
    """Share of the noise on the held-out images that is left in the answers; None without noise."""
    seconds: float
    """Processor time."""


@dataclass(frozen=True)
class Drawn:
    """The judge's verdict on drawn noise."""

    of: Draw
    credit: float
    unlikely: float
    """-log10 of the smallest p-value of a test."""
    test: str
    """The test with this p-value, and its set."""
    seconds: float
    """Processor time."""


Kind = TypeVar("Kind", Trained, Drawn)


def read(file: Path, kind: type[Kind]) -> list[Kind]:
    """All results in the file, except for a line that an interruption left unfinished."""
    if not file.exists():
        return []
    subject = Draw if issubclass(kind, Drawn) else Training
    results = []
    names = {field.name for field in dataclasses.fields(subject)}
    for line in file.read_text("utf-8").splitlines():
        try:
            values = json.loads(line)
            of = subject(**{name: values.pop(name) for name in names})
            results.append(kind(of, **values))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return results


def append(file: Path, result: Trained | Drawn) -> None:
    """Appends a result, and leaves an unfinished line before it as a line of its own."""
    values = dataclasses.asdict(result)
    line = json.dumps(values.pop("of") | values, ensure_ascii=False)
    with file.open("a+b") as lines:
        if lines.tell() and file.read_bytes()[-1:] != b"\n":
            lines.write(b"\n")
        lines.write(f"{line}\n".encode())
