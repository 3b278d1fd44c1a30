"""A student's answers, described by how they differ from the sample solution."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

BLANK = "# Your code here"


class AnswersError(ValueError):
    """The description does not fit the sample solution; the text says where."""


def read_toml(path: Path) -> dict:
    """The tables of a file of answers."""
    return tomllib.loads(path.read_text("utf-8"))


def answers(described: Mapping, sample: Mapping[str, str]) -> dict[str, str]:
    """Each answer cell's text, from the sample solution and a description of what differs.

    described: `cells` (new texts by cell), `replace` (lists of old and new text by cell) or `blank`.
    Raises AnswersError if a text to be replaced is not there.
    """
    if described.get("blank"):
        return dict.fromkeys(sample, BLANK)
    result = dict(sample) | described.get("cells", {})
    for cell, edits in described.get("replace", {}).items():
        for old, new in edits:
            if old not in result[cell]:
                raise AnswersError(f"cell {cell} does not contain {old!r}")
            result[cell] = result[cell].replace(old, new)
    return result
