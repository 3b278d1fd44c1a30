"""The rooms of the package, and who imports whom.

    python tests/rooms.py [CHECKOUT]

prints each room with its modules, its lines and the rooms it imports, then the totals, so that two
checkouts can be compared.

A room is a package in `autograder/`, or a module that lies there on its own. Imports count wherever they
stand, also inside functions.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "autograder"
OUTSIDE = "benchmarks"
"""A package beside the other one, which may know all of its rooms."""


@dataclass(frozen=True)
class Module:
    """One source file of the package, or of the benchmarks."""

    path: Path
    """Relative to the checkout."""
    source: str

    @property
    def name(self) -> str:
        """The dotted name; that of a package for its `__init__.py`."""
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def room(self) -> str:
        """The room it lies in; for the package's own `__init__.py`, the package."""
        first, *others = self.name.split(".")
        return others[0] if others and first == PACKAGE else first

    @property
    def lines(self) -> int:
        return len(self.source.splitlines())

    def imports(self) -> Iterator[str]:
        """The dotted name of all that is imported, anywhere in the module."""
        package = self.path.parent.parts
        for node in ast.walk(ast.parse(self.source)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) - node.level + 1] if node.level else ()
                start = [*above, *([node.module] if node.module else [])]
                yield from (".".join([*start, alias.name]) for alias in node.names)


@dataclass(frozen=True)
class Import:
    """A module of one room imports something of another."""

    module: str
    name: str
    room: str
    """Where the module lies."""
    imported: str
    """The room whose name is imported."""

    def __str__(self) -> str:
        return f"{self.module} imports {self.name}"


def modules(checkout: Path) -> list[Module]:
    """All modules of the package and the benchmarks in a checkout."""
    paths = [path for package in (PACKAGE, OUTSIDE) for path in (checkout / package).rglob("*.py")]
    return [Module(path.relative_to(checkout), path.read_text("utf-8")) for path in sorted(paths)]


def imports_between_rooms(found: list[Module]) -> list[Import]:
    """All imports that lead from one room to another."""
    rooms = {module.room for module in found} - {PACKAGE}
    return [
        Import(module.name, name, module.room, room)
        for module in found
        for name in module.imports()
        if (room := _room_of(name)) in rooms - {module.room}
    ]


def _room_of(name: str) -> str:
    first, *others = name.split(".")
    return others[0] if first == PACKAGE and others else first


def arrows(imports: list[Import]) -> dict[str, set[str]]:
    """The rooms that each room imports."""
    found: dict[str, set[str]] = defaultdict(set)
    for each in imports:
        found[each.room].add(each.imported)
    return dict(found)


def report(checkout: Path) -> str:
    """A line for each room, and the totals of the package; the benchmarks are not part of it."""
    found = modules(checkout)
    leads_to = arrows(imports_between_rooms(found))
    figures = {
        room: (len(inside), sum(module.lines for module in inside), len(leads_to.get(room, ())))
        for room in {module.room for module in found}
        if (inside := [module for module in found if module.room == room])
    }
    package = sorted(figures.keys() - {OUTSIDE}, key=lambda room: (figures[room][2], room))
    totals = [sum(column) for column in zip(*(figures[room] for room in package), strict=True)]
    row = "{:12} {:>8} {:>7} {:>7}  {}".format
    rows = [
        row("room", "modules", "lines", "arrows", "imports"),
        *(
            row(room, *figures[room], " ".join(sorted(leads_to.get(room, ()))))
            for room in [*package, *(figures.keys() & {OUTSIDE})]
        ),
        row("in all", *totals, f"without {OUTSIDE}"),
    ]
    return "\n".join(line.rstrip() for line in rows)


if __name__ == "__main__":
    print(report(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent.parent))
