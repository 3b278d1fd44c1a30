"""The files beside the package agree with each other."""

import ast
import itertools
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from autograder.course.exporter import SubmissionExporter
from autograder.grading.options import Grading

CHECKOUT = Path(__file__).parent.parent


def text(name):
    return (CHECKOUT / name).read_text("utf-8")


PROJECT = tomllib.loads(text("pyproject.toml"))["project"]


def test_the_citation_is_of_this_version_licence_and_these_authors():
    citation = yaml.safe_load(text("CITATION.cff"))
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["authors"] == PROJECT["authors"]


def test_the_licence_names_the_authors():
    licence = text("LICENSE")
    assert licence.startswith("BSD 3-Clause License")
    for author in PROJECT["authors"]:
        assert author["name"] in licence


def test_each_library_that_is_asked_for_is_pinned_to_a_version_that_will_do():
    pinned = [pin.split("==") for pin in text("constraints.txt").split()]
    versions = {canonicalize_name(name): version for name, version in pinned}
    extras = PROJECT["optional-dependencies"].values()
    for requirement in itertools.chain(PROJECT["dependencies"], *extras):
        asked = Requirement(requirement)
        assert versions.get(canonicalize_name(asked.name)) in asked.specifier, requirement


def test_the_hooks_run_what_make_lint_runs():
    checks = next(line for line in text("Makefile").splitlines() if line.startswith("lint:"))
    [local] = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert [f"make {check}" for check in checks.split()[1:]] == [
        hook["entry"] for hook in local["hooks"]
    ]


PAGES = ["CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SCALING.md", "SECURITY.md"]
PAGES += ["tests/attacks/README.md", "tests/corpus/README.md"]


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_names_are_there(page):
    folders = "autograder|benchmarks|docs|source|tests"
    named = set(re.findall(rf"(?<![\w./])(?:{folders})/[\w./*-]+\w", text(page)))
    assert {path for path in named if not list(CHECKOUT.glob(path))} == set()


@pytest.mark.parametrize("page", PAGES)
def test_tests_that_a_page_names_are_there(page):
    named = set(re.findall(r"`(test_\w+)`", text(page)))
    there = "".join(path.read_text("utf-8") for path in (CHECKOUT / "tests").rglob("test_*.py"))
    assert {name for name in named if f"def {name}(" not in there} == set()


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md"])
def test_options_that_a_page_names_are_there(page):
    options = {"Grading": Grading, "SubmissionExporter": SubmissionExporter}
    for section, name in re.findall(r"\bc\.(\w+)\.(\w+)", text(page)):
        assert options[section].class_traits(config=True)[name], f"c.{section}.{name}"


def test_the_readme_has_each_option_with_its_default():
    row = re.compile(r"^\| `c\.Grading\.(\w+)` \| `?([^`|]+)`? \|", re.MULTILINE)
    rows = dict(row.findall(text("README.md")))
    defaults = {name: trait.default_value for name, trait in Grading.class_traits(config=True).items()}
    assert {name: ast.literal_eval(value) for name, value in rows.items()}.items() <= defaults.items()
    assert defaults.keys() - rows.keys() == {"train_images", "test_images", "full_training"}
