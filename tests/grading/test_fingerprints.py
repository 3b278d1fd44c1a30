"""Fingerprints tell what decides a run, a verdict and a record; those of the code follow its rooms."""

import ast
import shutil
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.grading import fingerprints, libraries
from autograder.grading.fingerprints import JUDGING, RUNNING, of_job, of_record
from autograder.submissions.job import Job

PACKAGE = Path(fingerprints.__file__).parent.parent
CODE = sorted(
    str(path.relative_to(PACKAGE))
    for path in PACKAGE.rglob("*")
    if path.suffix in (".py", ".j2", ".toml", ".json")
)


def cell(source, **nbgrader):
    return new_code_cell(source, metadata={"nbgrader": nbgrader} if nbgrader else {})


def job(*cells, files=(), **more):
    return Job("autoencoder", new_notebook(cells=list(cells)), dict(files), **more)


def test_other_code_or_files_are_another_job():
    same = job(cell("x = 1"))
    others = [
        job(cell("x = 2")),
        job(cell("x = 1"), cell("x = 1")),
        job(cell("x = 1"), files={"data.txt": b"1"}),
        job(cell("x = 1"), files={"data.txt": b"2"}),
        job(cell("x = 1"), files={"data.txt": b"2"}, executable=("data.txt",)),
        job(cell("x = 1", grade_id="encoder")),
    ]
    assert len({of_job(same), *map(of_job, others)}) == 1 + len(others)
    assert of_job(same) == of_job(job(cell("x = 1")))


def test_other_points_and_remarks_are_the_same_job_but_recorded_anew():
    old = job(cell("x = 1", grade_id="encoder", points=8))
    for new in (
        job(cell("x = 1", grade_id="encoder", points=9)),
        job(cell("x = 1", grade_id="encoder", points=8), remarks=("renamed",)),
    ):
        assert of_job(old) == of_job(new)
        assert of_record(old) != of_record(new)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy of the package that may be changed."""
    copy = tmp_path_factory.mktemp("package") / "autograder"
    return shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))


def of_code(package):
    """The fingerprints of the code that runs, of the code that judges, and of all."""
    kinds = fingerprints.of_running, fingerprints.of_judging, fingerprints.of_package
    return tuple(kind.__wrapped__(package) for kind in kinds)


@pytest.mark.parametrize("name", CODE)
def test_a_change_of_a_file_is_noticed_by_what_its_room_decides(package, name):
    before = of_code(package)
    path, room = package / name, name.partition("/")[0]
    content = path.read_bytes()
    path.write_bytes(content + b"\n# changed\n")
    try:
        changed = [new != old for new, old in zip(of_code(package), before, strict=True)]
    finally:
        path.write_bytes(content)
    assert changed == [room in RUNNING, room in JUDGING, True]


def test_a_module_that_is_new_is_noticed(package):
    before = of_code(package)
    new = package / "kernel" / "brand_new.py"
    new.touch()
    assert of_code(package)[0] != before[0]
    new.unlink()
    assert of_code(package) == before


def test_what_python_makes_of_the_code_makes_no_difference(package):
    before = of_code(package)
    (package / "kernel" / "__pycache__").mkdir()
    (package / "kernel" / "__pycache__" / "x.pyc").touch()
    assert of_code(package) == before


@pytest.mark.parametrize(
    ("start", "rooms"),
    [
        ("sandbox/fork_server.py", RUNNING),
        ("kernel/prepare.py", RUNNING),
        ("judge/criteria.py", JUDGING),
    ],
)
def test_all_that_is_imported_is_covered(start, rooms):
    assert {path.relative_to(PACKAGE).parts[0] for path in _imported(PACKAGE / start)} <= set(rooms)


def _imported(path):
    """The modules of the package that one module imports, directly or not."""
    found, to_do = set(), [path]
    while to_do:
        path = to_do.pop()
        if path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("autograder."):
                place = PACKAGE.joinpath(*node.module.split(".")[1:])
                names = [place, *(place / alias.name for alias in node.names)]
                files = [file for n in names for file in (n.with_suffix(".py"), n / "__init__.py")]
                to_do += [file for file in files if file.is_file()]
    return found


def test_another_version_of_any_library_is_noticed(package, monkeypatch):
    before = of_code(package)
    found = libraries.versions()
    for name in ("mistune", "nh3", "scipy"):
        monkeypatch.setattr(libraries, "versions", lambda name=name: found | {name: "0.0"})
        assert all(new != old for new, old in zip(of_code(package), before, strict=True)), name
