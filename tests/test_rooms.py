"""Rooms import each other one way only, and each module has a test file of its own."""

import graphlib
import re
from pathlib import Path

import pytest
import rooms

CHECKOUT = Path(__file__).parent.parent
MAY_IMPORT = {
    "lab": set(),
    "protocol": set(),
    "sandbox": set(),
    "submissions": set(),
    "kernel": {"protocol"},
    "judge": {"lab", "protocol"},
    "grading": {"lab", "protocol", "sandbox", "judge", "submissions"},
    "report": {"lab", "judge", "submissions", "grading"},
    "check": {"lab", "protocol", "kernel", "judge", "report"},
    "course": {"lab", "sandbox", "judge", "submissions", "grading", "report"},
    "batch": {"lab", "sandbox", "submissions", "grading", "report", "course"},
    "calibration": {"lab", "protocol", "sandbox", "kernel", "judge"},
    "adapting": {"lab", "sandbox", "judge", "submissions", "grading", "report", "course"},
    "examples": {"lab", "submissions", "report", "adapting"},
    "cli": {"lab", "report", "course", "batch", "calibration", "adapting", "examples"},
}
"""The rooms that each room imports: each of them, and no other."""

MODULES = rooms.modules(CHECKOUT)
PACKAGE = [module for module in MODULES if module.path.parts[0] == rooms.PACKAGE]
IMPORTS = rooms.imports_between_rooms(MODULES)


def none(lines):
    """Asserts that there are no lines; names each of them otherwise."""
    assert not (found := [str(line) for line in lines]), "\n".join(found)


def test_no_room_imports_a_room_that_it_may_not():
    inside = [each for each in IMPORTS if each.room != rooms.OUTSIDE]
    none(each for each in inside if each.imported not in MAY_IMPORT.get(each.room, set()))


def test_the_table_holds_all_rooms_and_no_arrow_that_nothing_needs():
    assert set(MAY_IMPORT) == {module.room for module in PACKAGE} - {rooms.PACKAGE}
    used = rooms.arrows(IMPORTS)
    none(
        f"{room} imports nothing of {other}"
        for room, others in MAY_IMPORT.items()
        for other in others - used.get(room, set())
    )


def test_the_readme_has_the_same_table():
    readme = (CHECKOUT / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)(?:/|\.py)` \| [^|]* \| ([^|]*) \|$", readme, re.MULTILINE)
    named = {room: set() if others == "nothing" else set(others.split(", ")) for room, others in rows}
    assert named == MAY_IMPORT


def test_no_way_leads_in_a_circle():
    # Raises CycleError, which names the rooms of the circle.
    graphlib.TopologicalSorter(rooms.arrows(IMPORTS)).prepare()


def test_the_package_knows_neither_benchmarks_nor_tests():
    helpers = {path.stem for path in (CHECKOUT / "tests").glob("*.py")}
    outside = {rooms.OUTSIDE, "tests", *helpers}
    none(
        f"{module.name} imports {name}"
        for module in PACKAGE
        for name in module.imports()
        if name.split(".")[0] in outside
    )


def test_each_module_has_a_test_file_of_its_own():
    none(path for path in map(own_tests, PACKAGE) if path and not (CHECKOUT / path).exists())


def own_tests(module):
    """Where a module's tests lie; None for a package's `__init__.py`, unless it is the whole room."""
    _, *folders, name = module.path.with_suffix("").parts
    if name == "__main__":
        return None
    if name == "__init__":
        alone = sum(other.room == module.room for other in PACKAGE) == 1
        if module.room == rooms.PACKAGE or not alone:
            return None
        name = module.room
    return Path("tests", *folders, f"test_{name}.py")


# The helper itself, on packages of a few lines.


def checkout(folder, **sources):
    """A checkout with these modules of the package; `judge__noise` is `judge/noise.py`."""
    for name, source in sources.items():
        path = folder / rooms.PACKAGE / (name.replace("__", "/", 1) + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return folder


@pytest.mark.parametrize(
    "source",
    [
        "import autograder.lab",
        "import autograder.lab.images as digits",
        "from autograder import lab",
        "from autograder.lab import EXERCISES",
        "from .. import lab",
        "from ..lab import images",
        "from ..lab.images import load",
        "def judge():\n    from autograder.lab import EXERCISES",
    ],
)
def test_an_import_counts_however_and_wherever_it_is_written(tmp_path, source):
    found = rooms.modules(checkout(tmp_path, lab__images="", judge__noise=source))
    assert rooms.arrows(rooms.imports_between_rooms(found)) == {"judge": {"lab"}}


@pytest.mark.parametrize(
    "source",
    ["import numpy", "import autograder", "from autograder import __version__", "from . import verdict"],
)
def test_what_lies_outside_of_rooms_or_in_the_same_one_is_no_arrow(tmp_path, source):
    found = rooms.modules(checkout(tmp_path, judge__verdict="", judge__noise=source))
    assert rooms.arrows(rooms.imports_between_rooms(found)) == {}


def test_the_report_has_a_line_for_each_room_and_the_totals(tmp_path):
    folder = checkout(
        tmp_path, cli="from autograder.lab import images\n\n", lab__images="", lab__digits="a\n"
    )
    assert [line.split() for line in rooms.report(folder).splitlines()] == [
        ["room", "modules", "lines", "arrows", "imports"],
        ["lab", "2", "1", "0"],
        ["cli", "1", "2", "1", "lab"],
        ["in", "all", "3", "3", "1", "without", "benchmarks"],
    ]
