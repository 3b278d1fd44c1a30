"""Changes seldom used modules only when a notebook imports them, as importing takes seconds."""

import functools
import importlib.abc
import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType

Change = Callable[[ModuleType], None]


def after_import(name: str, change: Change) -> None:
    """Calls `change` with the module as soon as it is imported, or at once if it is already."""
    if name in sys.modules:
        change(sys.modules[name])
    else:
        sys.meta_path.insert(0, _Finder(name, change))


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, name: str, change: Change) -> None:
        self._name, self._change = name, change

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Finds the module as usual, and lets its loader make the change afterwards."""
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        @functools.wraps(execute)
        def execute_and_change(module: ModuleType) -> None:
            execute(module)
            self._change(module)

        vars(spec.loader)["exec_module"] = execute_and_change
        return spec
