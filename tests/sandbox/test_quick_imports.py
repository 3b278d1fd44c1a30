"""Imports are quick in a process that has just started, and as usual afterwards."""

import gc
import subprocess
import sys

import pytest

from autograder.sandbox.quick_imports import _LEFT_OUT, quick_imports

RUN = """
import gc, sys
from autograder.sandbox.quick_imports import quick_imports
with quick_imports():
    assert not gc.isenabled()
    try:
        import {0}
    except ImportError:
        print("not there", end=", ")
assert gc.isenabled()
assert gc.get_freeze_count()
import {0}
print("there")
"""


@pytest.mark.parametrize("library", _LEFT_OUT)
def test_optional_libraries_are_left_out_until_afterwards(library, tmp_path):
    (tmp_path / f"{library}.py").touch()
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n{RUN.format(library)}",
        ],
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("not there, there\n", "")


def test_an_import_that_fails_leaves_nothing_switched_off(monkeypatch):
    for name in _LEFT_OUT:
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(ModuleNotFoundError), quick_imports():
        import no_such_module  # noqa: F401
    assert gc.isenabled()
    assert not any(name in sys.modules for name in _LEFT_OUT)


def test_what_libraries_write_while_they_load_is_discarded():
    program = (
        "import os\n"
        "from autograder.sandbox.quick_imports import silent_stderr\n"
        "with silent_stderr():\n"
        "    os.write(2, b'noise')\n"
        "os.write(2, b'a message')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr == "a message"
