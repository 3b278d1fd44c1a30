"""Stand-ins for modules that this machine lacks, so that the rest of a notebook still runs.

Only imports in the notebook itself are guarded, and only where the notebook does not handle a failure:
`try: import google.colab` still raises ImportError. A stand-in accepts every call, but nothing can be
computed with its answers. Each missing module is an incident, which only makes a person look.
"""

import ast
import builtins
import contextlib
import importlib.util
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from autograder.kernel import colab, watchers

_CATCH_IMPORT_ERRORS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_SUPPRESS = "suppress"
_LACKS, _STAND_IN = "__lacks__", "__stand_in__"
"""Names of the builtins that guarded imports call."""


class Absent:
    """Stands in for an object of a missing module: a function, context, decorator or Keras callback."""

    async_safe = False
    """Keras reads this attribute of each callback."""

    _full_name = ""

    def __init__(self, *arguments: Any, **_: Any) -> None:
        self._arguments = arguments

    def __getattr__(self, name: str) -> Any:
        # Libraries look for such names to find out what an object can do.
        if name.startswith("_"):
            raise AttributeError(name)
        found = stand_in(f"{self._name()}.{name}")
        setattr(self, name, found)
        return found

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        if len(arguments) == 1 and not options and _can_be_decorated(arguments[0]):
            return arguments[0]
        result = Absent(*arguments, **options)
        result._full_name = f"{self._name()}(…)"
        return result

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[type, ...]:
        return (Absent,)

    def __iter__(self) -> Iterator[Any]:
        """Iterates over its first argument, as a progress bar does."""
        return iter(self._arguments[0] if self._arguments else ())

    def __enter__(self) -> "Absent":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __getitem__(self, key: object) -> Any:
        return stand_in(f"{self._name()}[…]")

    def __setitem__(self, key: object, value: object) -> None:
        """Discards the value."""

    def __repr__(self) -> str:
        return f"<stand-in for {self._name()}>"

    def _name(self) -> str:
        return self._full_name or type(self).__name__


def stand_in(name: str) -> Any:
    """Returns what stands in for the module of this full name, or for something in it."""
    if name in colab.FUNCTIONS:
        return colab.FUNCTIONS[name]
    result = Absent()
    result._full_name = name
    return result


def lacks(error: ModuleNotFoundError, asked: str = "") -> bool:
    """Tells whether a stand-in can replace the module that the notebook asked for.

    A module that this machine lacks is noted as an incident; any other failure is the student's mistake.
    An installed module that fails because it needs a missing one has no stand-in.
    """
    missing = error.name or ""
    if not missing or _is_part_of_installed_package(missing):
        return False
    watchers.incident(f"the module '{missing}' is not installed on the grading machine")
    return f"{asked}.".startswith(f"{missing}.")


class GuardImports(ast.NodeTransformer):
    """Lets each import of a cell fall back on stand-ins, except where the cell handles a failure."""

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        return [self._guarded(ast.Import([alias]), node, *_bound(alias)) for alias in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        if node.level or node.module is None or node.module == "__future__":
            return node
        names = {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names if a.name != "*"}
        return self._guarded(node, node, node.module, names)

    def visit_Try(self, node: ast.Try | ast.TryStar) -> ast.AST:
        if not any(_catches_import_errors(handler) for handler in node.handlers):
            return self.generic_visit(node)
        for part in (node.handlers, node.orelse, node.finalbody):
            part[:] = [each for old in part for each in _as_list(self.visit(old))]
        return node

    visit_TryStar = visit_Try

    def visit_With(self, node: ast.With) -> ast.AST:
        suppresses = any(_SUPPRESS in ast.unparse(item.context_expr) for item in node.items)
        return node if suppresses else self.generic_visit(node)

    def _guarded(self, statement: ast.stmt, at: ast.stmt, asked: str, names: dict[str, str]) -> ast.stmt:
        bindings = [f"{name} = {_STAND_IN}({what!r})" for name, what in names.items()] or ["pass"]
        (guarded,) = ast.parse(
            f"try:\n    {ast.unparse(statement)}\n"
            "except ModuleNotFoundError as __error__:\n"
            f"    if not {_LACKS}(__error__, {asked!r}): raise\n"
            f"    {'; '.join(bindings)}"
        ).body
        for part in ast.walk(guarded):
            ast.copy_location(part, at)
        return guarded


def install(shell: Any) -> None:
    """Guards the imports in all cells that the shell runs from now on."""
    setattr(builtins, _LACKS, lacks)
    setattr(builtins, _STAND_IN, stand_in)
    shell.ast_transformers.append(GuardImports())
    shell.events.register("post_run_cell", _note_missing_module)


def _note_missing_module(result: Any) -> None:
    """Notes the missing module of a cell that failed because nothing stands in for it."""
    if isinstance(result.error_in_exec, ModuleNotFoundError):
        lacks(result.error_in_exec)


def _is_part_of_installed_package(module: str) -> bool:
    """Tells whether a module is missing in a package that is installed and no mere namespace."""
    parent = module.rpartition(".")[0]
    with contextlib.suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(parent) if parent else None
        return spec is not None and spec.origin is not None
    return False


def _bound(alias: ast.alias) -> tuple[str, dict[str, str]]:
    """Returns the module that one alias of `import` asks for, and what the name it binds stands for."""
    if alias.asname:
        return alias.name, {alias.asname: alias.name}
    first = alias.name.partition(".")[0]
    return alias.name, {first: first}


def _catches_import_errors(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(each).rpartition(".")[2] in _CATCH_IMPORT_ERRORS for each in caught)


def _can_be_decorated(value: object) -> bool:
    return isinstance(value, type | FunctionType)


def _as_list(nodes: Any) -> list[Any]:
    return nodes if isinstance(nodes, list) else [nodes]
