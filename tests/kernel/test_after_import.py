"""The kernel collects, the judge decides: neither knows the other, and the criteria know neither."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "autograder"

# What the modules of each part may import at their top.
MAY_KNOW = {
    "kernel": {"challenge", "evidence", "imports", "kernel"},
    "judge": {"challenge", "evidence", "images", "imports", "lab", "judge"},
    "course": {"evidence", "images", "kernel", "lab", "judge", "course"},
    "batch": {"images", "lab", "course", "batch"},
    "examples": {"lab", "course"},
    "benchmark": {
        *("evidence", "images", "judge", "kernel", "lab", "course", "batch", "benchmark", "examples"),
    },
    "check.py": {"evidence", "kernel"},
    "challenge.py": set(),
    "evidence.py": set(),
    "imports.py": set(),
    "lab.py": set(),
    "images.py": {"lab"},
}


def imported(path):
    """The parts of the package that a module imports at its top level."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("autograder"):
            names = node.module.split(".")[1:]
            yield from names[:1] or [alias.name for alias in node.names]


@pytest.mark.parametrize("part", MAY_KNOW)
def test_imports_run_one_way(part):
    place = PACKAGE / part
    for path in [place] if place.is_file() else place.rglob("*.py"):
        assert set(imported(path)) <= MAY_KNOW[part], path.name


def test_the_criteria_know_nothing_of_notebooks_or_processes():
    for path in (PACKAGE / "judge").glob("*.py"):
        if path.stem not in ("on_the_spot", "worker"):
            text = path.read_text("utf-8")
            for foreign in ("nbgrader", "nbformat", "IPython", "subprocess", "multiprocessing"):
                assert f"import {foreign}" not in text, path.name
                assert f"from {foreign}" not in text, path.name
