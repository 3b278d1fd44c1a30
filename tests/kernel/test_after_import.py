"""A module is changed once it is imported."""

import importlib
import sys

import pytest

from autograder.kernel.after_import import after_import

NAME = "imported_late"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module that can be imported, and is forgotten afterwards."""
    (tmp_path / f"{NAME}.py").write_text("answer = 1", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield NAME
    sys.modules.pop(NAME, None)


def answer_two(module):
    module.answer += 1


def test_a_change_waits_for_the_first_import(module):
    after_import(module, answer_two)
    assert module not in sys.modules
    assert importlib.import_module(module).answer == 2
    assert importlib.import_module(module).answer == 2


def test_a_module_that_is_there_is_changed_at_once(module):
    imported = importlib.import_module(module)
    after_import(module, answer_two)
    assert imported.answer == 2


def test_a_missing_module_is_still_missing():
    after_import("nowhere_at_all", answer_two)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("nowhere_at_all")
    assert importlib.import_module("json")
