"""Fingerprints of the grader cover its code by folders: no module can be forgotten."""

import shutil
from pathlib import Path

import pytest

from autograder.course import digests
from autograder.course.digests import of_judge, of_package, of_run

PACKAGE = Path(digests.__file__).parent.parent
CODE = sorted(
    str(path.relative_to(PACKAGE))
    for path in PACKAGE.rglob("*")
    if path.suffix in (".py", ".j2", ".toml")
)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy of the package that may be changed."""
    copy = tmp_path_factory.mktemp("package") / "autograder"
    return shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))


def fingerprints(package):
    return tuple(of.__wrapped__(package) for of in (of_run, of_judge, of_package))


@pytest.mark.parametrize("name", CODE)
def test_a_change_of_any_module_is_noticed(package, name):
    run, judge, whole = fingerprints(package)
    path = package / name
    before = path.read_bytes()
    path.write_bytes(before + b"\n# changed\n")
    try:
        other_run, other_judge, other_whole = fingerprints(package)
    finally:
        path.write_bytes(before)

    assert other_whole != whole
    assert other_run != run or other_judge != judge
    decides_the_run = not name.startswith("judge/") and name != "lab.py"
    assert (other_run != run) == decides_the_run, "how a notebook runs"
    if name.startswith("judge/") or "/" not in name:
        assert other_judge != judge, "what is judged"


def test_a_module_that_is_new_is_noticed(package):
    before = fingerprints(package)
    for folder in ("course", "kernel"):
        (package / folder / "brand_new.py").touch()
        assert fingerprints(package)[0] != before[0]
        (package / folder / "brand_new.py").unlink()
    assert fingerprints(package) == before


def test_what_python_makes_of_the_code_makes_no_difference(package):
    before = fingerprints(package)
    (package / "course" / "__pycache__").mkdir()
    (package / "course" / "__pycache__" / "x.pyc").touch()
    assert fingerprints(package) == before
