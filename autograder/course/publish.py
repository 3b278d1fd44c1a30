"""Generates release/ and solutions/ from source/ with nbgrader, and tells whether they are stale."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from autograder.lab import ASSIGNMENT, EXERCISES
from autograder.submissions import notebooks


class PublishError(Exception):
    """nbgrader could not generate the notebooks; the text is nbgrader's log."""


def write_release(course: Path) -> None:
    """Replaces release/ by what nbgrader makes of source/ now."""
    _replace(course, "release", "generate_assignment")


def write_solutions(course: Path) -> None:
    """Replaces solutions/ by the solved notebooks, executed with the full training (minutes)."""
    _replace(course, "solutions", "generate_assignment", "generate_solution")


def stale_release(course: Path) -> list[str]:
    """Returns the names of the files in release/ that differ from what source/ gives now."""
    with _generated(course, "release", "generate_assignment") as fresh:
        released = course / "release" / ASSIGNMENT
        names = {p.name for folder in (fresh, released) for p in folder.glob("*") if p.is_file()}
        return [n for n in sorted(names) if _content(fresh / n) != _content(released / n)]


def stale_solutions(course: Path) -> list[str]:
    """Returns the solution notebooks that differ from source/, failed, or were not executed."""
    stale = []
    for name in EXERCISES:
        source = notebooks.read(course / "source" / ASSIGNMENT / f"{name}.ipynb")
        path = course / "solutions" / ASSIGNMENT / f"{name}.ipynb"
        cells = notebooks.read(path).cells if path.exists() else []
        # The first cell says how the notebook was executed; it is not in the source.
        same = [c.source for c in cells[1:]] == [c.source for c in source.cells]
        code = [c for c in cells if c.cell_type == "code"]
        failed = any(o.output_type == "error" for c in code for o in c.outputs)
        if not same or failed or not all(c.execution_count for c in code):
            stale.append(path.name)
    return stale


@contextlib.contextmanager
def _generated(course: Path, kind: str, *commands: str) -> Iterator[Path]:
    """Runs nbgrader's commands in a copy of a course; gives the assignment's folder of a kind there."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(course / "nbgrader_config.py", folder)
        shutil.copytree(course / "source", Path(folder) / "source")
        for command in commands:
            nbgrader = [sys.executable, "-m", "nbgrader", command, ASSIGNMENT]
            done = subprocess.run(nbgrader, cwd=folder, capture_output=True, text=True)
            if done.returncode:
                raise PublishError(f"nbgrader {command} failed:\n{done.stdout}{done.stderr}")
        yield Path(folder) / kind / ASSIGNMENT


def _replace(course: Path, kind: str, *commands: str) -> None:
    old = course / kind / ASSIGNMENT
    with _generated(course, kind, *commands) as fresh:
        if old.exists():
            shutil.rmtree(old)
        shutil.copytree(fresh, old)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
