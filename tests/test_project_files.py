"""The files beside the package agree with each other."""

import itertools
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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
