"""Changes to modules that few notebooks import, made once they are: importing them takes seconds."""

import functools
import importlib.abc
import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType

Change = Callable[[ModuleType], None]


def after_import(name: str, change: Change) -> None:
    """Lets `change` see the module when it is imported for the first time."""
    if name in sys.modules:
        change(sys.modules[name])
    else:
        sys.meta_path.insert(0, _Finder(name, change))


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, name: str, change: Change) -> None:
        self._name, self._change = name, change

    def find_spec(self, name: str, path: object = None, target: object = None):
        """The module as it would be found without this, with what follows its import."""
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None:
            return None
        execute = spec.loader.exec_module

        @functools.wraps(execute)
        def execute_and_change(module):
            execute(module)
            self._change(module)

        spec.loader.exec_module = execute_and_change
        return spec
