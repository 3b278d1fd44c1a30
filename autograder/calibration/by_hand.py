"""Makes a criterion one that a person grades, in the lab file, whose comments and layout stay."""

from pathlib import Path
from typing import Any

import tomlkit

from autograder.lab.file import NAME


def move(folder: Path, notebook: str, criterion: str) -> None:
    """Moves the criterion's line from the exercise's points to its by_hand.

    folder: the assignment's source folder. The criterion must stand in points.
    """
    file = folder / NAME
    document: Any = tomlkit.parse(file.read_text("utf-8"))
    exercise = document["exercises"][notebook]
    line = exercise["points"].item(criterion)
    exercise["points"].remove(criterion)
    if "by_hand" in exercise:
        exercise["by_hand"].append(criterion, line)
    else:
        table = tomlkit.table()
        table.append(criterion, line)
        table.add(tomlkit.nl())
        exercise.append("by_hand", table)
    file.write_text(tomlkit.dumps(document), "utf-8")
