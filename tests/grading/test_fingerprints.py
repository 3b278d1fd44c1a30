"""Fingerprints of the grader cover its code by folders, and its libraries by what each one declares."""

import shutil
from pathlib import Path

import pytest

from autograder.grading import fingerprints, libraries
from autograder.grading.fingerprints import of_judge, of_package, of_run

PACKAGE = Path(fingerprints.__file__).parent.parent
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


def test_libraries_of_libraries_are_noticed():
    found = libraries.versions()
    assert {"tensorflow", "scipy", "nbconvert", "mistune", "nh3", "bleach", "sqlalchemy"} <= set(found)
    assert all(found[name] for name in ("tensorflow", "scipy", "nbconvert", "mistune", "nh3", "bleach"))


def test_another_version_of_any_library_is_noticed(package, monkeypatch):
    before = fingerprints(package)
    found = libraries.versions()
    for name in ("mistune", "nh3", "scipy"):
        monkeypatch.setattr(libraries, "versions", lambda name=name: found | {name: "0.0"})
        assert all(new != old for new, old in zip(fingerprints(package), before, strict=True)), name


def test_tools_for_tests_and_installers_make_no_difference():
    """A worker without them is as good."""
    assert not {"pytest", "ruff", "hypothesis", "execnet", "pip", "setuptools"} & set(
        libraries.versions()
    )


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs distributions: version and requirements by name."""

    def install(**distributions):
        for name, (version, *needs) in distributions.items():
            folder = tmp_path / f"{name}-{version}.dist-info"
            folder.mkdir()
            lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
            lines += [f"Requires-Dist: {need}" for need in needs]
            (folder / "METADATA").write_text("\n".join(lines) + "\n\nRequires-Dist: only_prose\n")
        monkeypatch.syspath_prepend(tmp_path)

    return install


def test_what_is_required_is_followed_to_the_end(installed):
    installed(
        zz_root=(
            *("1", "Zz.Direct>=1", 'zz_elsewhere; sys_platform == "none"'),
            *('zz_tool; extra == "dev"', 'zz_pandas; extra == "notebooks"'),
        ),
        zz_direct=("2", "zz-extra[more,again]", "zz-missing (>=3)"),
        zz_extra=("3", 'zz-more; extra == "more"', 'zz-other; extra == "other"', "zz-root"),
        zz_more=("4", "zz-direct", "setuptools"),
    )
    assert libraries.versions.__wrapped__("zz-root") == {
        "zz-root": "1",
        "zz-direct": "2",
        "zz-extra": "3",
        "zz-more": "4",
        "zz-missing": "",
        # What notebooks may use decides what comes of them.
        "zz-pandas": "",
    }


def test_where_the_package_was_never_installed_all_that_is_there_counts(installed):
    installed(zz_library=("5",))
    found = libraries.versions.__wrapped__("zz-nobody-knows")
    assert found["zz-nobody-knows"] == ""
    assert found["zz-library"] == "5"
    assert found["tensorflow"]
    assert "pip" not in found


def test_the_package_is_known_by_its_name():
    assert libraries.versions()[libraries.DISTRIBUTION]
