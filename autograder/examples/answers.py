"""Makes a student's answers from a description of how they differ from the sample solution."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BLANK = "# Your code here"


class AnswersError(ValueError):
    """The description does not fit the sample solution; the text says where."""


def read_toml(path: Path) -> dict[str, Any]:
    """Reads the tables of a TOML file."""
    return tomllib.loads(path.read_text("utf-8"))


def answers(described: Mapping[str, Any], sample: Mapping[str, str]) -> dict[str, str]:
    """Returns the text of each answer cell.

    described: what differs from the sample solution, as `cells` (new texts by cell), `replace` (pairs of
    old and new text by cell) or `blank`. Raises AnswersError if an old text does not exist.
    """
    if described.get("blank"):
        return dict.fromkeys(sample, BLANK)
    result: dict[str, str] = dict(sample) | described.get("cells", {})
    for cell, edits in described.get("replace", {}).items():
        for old, new in edits:
            if old not in result[cell]:
                raise AnswersError(f"cell {cell} does not contain {old!r}")
            result[cell] = result[cell].replace(old, new)
    return result
