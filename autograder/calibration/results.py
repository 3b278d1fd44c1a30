"""The file of results: a line of JSON for each training, only ever appended to."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.calibration.kinds import Training


@dataclass(frozen=True)
class Result:
    """What a training reached."""

    training: Training
    error: float
    """On the held-out digits, as a share of the mean image's."""
    seconds: float
    """Of the processor."""


def read(file: Path) -> list[Result]:
    """All results in the file; the line that an interruption left unfinished is none."""
    if not file.exists():
        return []
    results = []
    for line in file.read_text().splitlines():
        try:
            values = json.loads(line)
            error, seconds = values.pop("error"), values.pop("seconds")
            results.append(Result(Training(**values), error, seconds))
        except (ValueError, KeyError, TypeError):
            continue
    return results


def append(file: Path, result: Result) -> None:
    """Writes one more, at once."""
    line = json.dumps(asdict(result.training) | {"error": result.error, "seconds": result.seconds})
    with file.open("a+b") as lines:
        if lines.tell() and file.read_bytes()[-1:] != b"\n":
            # What was interrupted stays a line of its own.
            lines.write(b"\n")
        lines.write(f"{line}\n".encode())
