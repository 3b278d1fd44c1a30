"""The libraries that grading depends on, with their versions: who declares what, followed to the end."""

import functools
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distributions, metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DISTRIBUTION = "autoencoder-lab"
"""This package, as pyproject.toml names it."""

EXTRA = "notebooks"
"""The extra of it that notebooks may use: what is installed of that decides what comes of them."""

_INSTALLERS = {"pip", "setuptools"}
"""Part of an environment that no list of versions pins, and nothing that grading is made of."""


@functools.cache
def versions(of: str = DISTRIBUTION) -> Mapping[str, str]:
    """The version of each distribution that one depends on, itself included; "" for one that is missing.

    Extras count where somebody asks for them, and what notebooks may use; this package's tools for tests
    do not. Of a package that was never installed nobody knows what it needs: all that is installed
    counts then.
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
    """What is needed here, by name and extra. extra: for which one; "" for what is always needed."""
    for text in requirements:
        # Most requirements are those of extras nobody asks for: they are not even parsed.
        if bool(extra) != ("extra ==" in text):
            continue
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            for wanted in ("", *requirement.extras):
                yield canonicalize_name(requirement.name), wanted
