"""Generates release/ and solutions/ from source/ with nbgrader, and tells whether they are stale."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from autograder.submissions import notebooks


class PublishError(Exception):
    """nbgrader could not generate the notebooks; the text is nbgrader's log."""


def write_release(course: Path, assignment: str) -> Path:
    """Replaces the assignment's release by what nbgrader makes of source/ now; returns its folder.

    Grading needs the cells that nbgrader then writes to the gradebook. Raises PublishError.
    """
    _run(course, "generate_assignment", assignment, "--force")
    return course / "release" / assignment


def write_solutions(course: Path, assignment: str) -> Path:
    """Replaces the solved notebooks, executed with the full training (minutes); returns their folder."""
    solutions = course / "solutions" / assignment
    commands = ("generate_assignment", "generate_solution")
    with _generated(course, assignment, "solutions", *commands) as fresh:
        if solutions.exists():
            shutil.rmtree(solutions)
        shutil.copytree(fresh, solutions)
    return solutions


def stale_release(course: Path, assignment: str) -> list[str]:
    """Returns the names of the files in release/ that differ from what source/ gives now."""
    with _generated(course, assignment, "release", "generate_assignment") as fresh:
        released = course / "release" / assignment
        names = {p.name for folder in (fresh, released) for p in folder.glob("*") if p.is_file()}
        return [n for n in sorted(names) if _content(fresh / n) != _content(released / n)]


def stale_solutions(course: Path, assignment: str) -> list[str]:
    """Returns the solution notebooks that differ from source/, failed, or were not executed."""
    stale = []
    for master in sorted((course / "source" / assignment).glob("*.ipynb")):
        source = notebooks.read(master)
        path = course / "solutions" / assignment / master.name
        cells = notebooks.read(path).cells if path.exists() else []
        # The first cell says how the notebook was executed; it is not in the source.
        same = [c.source for c in cells[1:]] == [c.source for c in source.cells]
        code = [c for c in cells if c.cell_type == "code"]
        failed = any(o.output_type == "error" for c in code for o in c.outputs)
        if not same or failed or not all(c.execution_count for c in code):
            stale.append(path.name)
    return stale


@contextlib.contextmanager
def _generated(course: Path, assignment: str, kind: str, *commands: str) -> Iterator[Path]:
    """Runs nbgrader's commands in a copy of a course; gives the assignment's folder of a kind there."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(course / "nbgrader_config.py", folder)
        shutil.copytree(course / "source", Path(folder) / "source")
        for command in commands:
            _run(Path(folder), command, assignment)
        yield Path(folder) / kind / assignment


def _run(course: Path, command: str, *arguments: str) -> None:
    """Runs one of nbgrader's commands in a course. Raises PublishError."""
    nbgrader = [sys.executable, "-m", "nbgrader", command, *arguments]
    done = subprocess.run(nbgrader, cwd=course, capture_output=True, text=True)
    if done.returncode:
        raise PublishError(f"nbgrader {command} failed:\n{done.stdout}{done.stderr}")


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
