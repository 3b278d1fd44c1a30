"""Finds what was made from an older lab file or notebook: release, solutions and calibration."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from autograder.adapting.finding import Finding
from autograder.course import publish
from autograder.judge import bounds


def stale_files(course: Path, assignment: str) -> Iterator[Finding]:
    """Names the files in release/ and solutions/ that are missing or are not what source/ gives now."""
    yield from _stale(course, assignment, "release", publish.stale_release)
    yield from _stale(course, assignment, "solutions", publish.stale_solutions)


def stale_bounds(remarks: Sequence[str]) -> Iterator[Finding]:
    """The remarks of `judge.bounds.with_bounds` as findings."""
    for remark in remarks:
        yield Finding(bounds.NAME, "", "", remark)


def _stale(
    course: Path, assignment: str, kind: str, stale: Callable[[Path, str], list[str]]
) -> Iterator[Finding]:
    """kind: the folder, which has the name of the command that makes it."""
    folder, to_do = Path(kind, assignment), f"Make it: autograder {kind}"
    if not (course / folder).is_dir():
        yield Finding(str(folder), "", "", "is missing", to_do=to_do)
        return
    try:
        for name in stale(course, assignment):
            there = (course / folder / name).exists()
            found = "is not what source/ gives now" if there else "is missing"
            yield Finding(str(folder / name), "", "", found, to_do=to_do)
    except publish.PublishError as error:
        yield Finding(str(folder), "", "", f"cannot be made: {_reason(str(error))}")


def _reason(log: str) -> str:
    """The last line of nbgrader's log that tells of an error; the last one if none does."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "ERROR" in line), lines[-1])
