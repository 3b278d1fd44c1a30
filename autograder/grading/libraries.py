"""Finds the versions of all libraries that grading depends on, by following what each one declares."""

import functools
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distributions, metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DISTRIBUTION = "autoencoder-lab"
"""The name of this package in pyproject.toml."""

EXTRA = "notebooks"
"""The extra with the libraries that notebooks may use: their versions decide what notebooks put out."""

_INSTALLERS = {"pip", "setuptools"}
"""Tools of the environment that grading does not use and no list of versions pins."""


@functools.cache
def versions(of: str = DISTRIBUTION) -> Mapping[str, str]:
    """Returns the versions of a distribution and of all that it depends on; "" for one that is missing.

    The extras that a dependency asks for count, and the libraries that notebooks may use, but not this
    package's tools for tests. The dependencies of a package that is not installed are unknown: then all
    that is installed counts.
    """
    found: dict[str, str] = {}
    to_do = {(of, ""), (of, EXTRA)}
    done: set[tuple[str, str]] = set()
    while to_do:
        wanted = to_do.pop()
        done.add(wanted)
        name, extra = wanted
        try:
            about = metadata(name)
        except PackageNotFoundError:
            found[name] = ""
            continue
        found[name] = about["Version"]
        to_do |= set(_required(about.get_all("Requires-Dist", ()), extra)) - done
    if not found[of]:
        found |= {canonicalize_name(other.metadata["Name"]): other.version for other in distributions()}
    return {name: version for name, version in found.items() if name not in _INSTALLERS}


def _required(requirements: Iterable[str], extra: str) -> Iterator[tuple[str, str]]:
    """Yields name and extra of each requirement needed here. extra: the extra that asks, or ""."""
    for text in requirements:
        # Most requirements belong to extras that nobody asks for: parsing them would take long.
        if bool(extra) != ("extra ==" in text):
            continue
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            for wanted in ("", *requirement.extras):
                yield canonicalize_name(requirement.name), wanted
