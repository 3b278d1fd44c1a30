"""Generates release/ and solutions/ from source/ with nbgrader, and tells when they are stale."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from autograder.lab import ASSIGNMENT, EXERCISES
from autograder.submissions import notebooks


class PublishError(Exception):
    """nbgrader could not generate the notebooks; the text is its log."""


def write_release(course: Path) -> None:
    """Replaces release/ by what nbgrader makes of source/ now."""
    with tempfile.TemporaryDirectory() as temporary:
        fresh = _generate(course, Path(temporary), "generate_assignment") / "release" / ASSIGNMENT
        _replace(course / "release" / ASSIGNMENT, fresh)


def write_solutions(course: Path) -> None:
    """Replaces solutions/ by the solved notebooks, executed with the full training (minutes)."""
    with tempfile.TemporaryDirectory() as temporary:
        made = _generate(course, Path(temporary), "generate_assignment", "generate_solution")
        _replace(course / "solutions" / ASSIGNMENT, made / "solutions" / ASSIGNMENT)


def stale_release(course: Path) -> list[str]:
    """The files of release/ that differ from what source/ gives now."""
    with tempfile.TemporaryDirectory() as temporary:
        fresh = _generate(course, Path(temporary), "generate_assignment") / "release" / ASSIGNMENT
        released = course / "release" / ASSIGNMENT
        names = {p.name for folder in (fresh, released) for p in folder.glob("*") if p.is_file()}
        return [n for n in sorted(names) if _content(fresh / n) != _content(released / n)]


def stale_solutions(course: Path) -> list[str]:
    """The solution notebooks whose cells are not those of source/, or that were not executed."""
    stale = []
    for name in EXERCISES:
        source = notebooks.read(course / "source" / ASSIGNMENT / f"{name}.ipynb")
        path = course / "solutions" / ASSIGNMENT / f"{name}.ipynb"
        cells = notebooks.read(path).cells if path.exists() else []
        # The first cell says how the notebook was executed; it is not in the source.
        same = [c.source for c in cells[1:]] == [c.source for c in source.cells]
        run = [c for c in cells if c.cell_type == "code"]
        failed = any(o.output_type == "error" for c in run for o in c.outputs)
        if not same or failed or not all(c.execution_count for c in run):
            stale.append(path.name)
    return stale


def _generate(course: Path, folder: Path, *commands: str) -> Path:
    shutil.copy(course / "nbgrader_config.py", folder)
    shutil.copytree(course / "source", folder / "source")
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", command, ASSIGNMENT],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise PublishError(f"nbgrader {command} failed:\n{done.stdout}{done.stderr}")
    return folder


def _replace(old: Path, new: Path) -> None:
    if old.exists():
        shutil.rmtree(old)
    shutil.copytree(new, old)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
