"""Lets magics, shell commands and questions that cannot work here leave a remark instead of an error.

A magic that runs the student's own code, such as `%time`, still raises the student's own error.
"""

import ast
import contextlib
import functools
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

from autograder.kernel import watchers

_INSTALLS = re.compile(
    r"\s*(sudo\s+)?(python[\d.]*\s+-m\s+)?(pip[\d.]*|uv|conda|mamba|apt|apt-get|npm)\s.*"
    r"\b(install|update|upgrade|uninstall|remove|add|build-dep)\b"
)
_DOWNLOADS = re.compile(r"\s*(wget|curl|git\s+clone|kaggle|gdown|gsutil)\b")
_INSTALLING_MAGICS = {"pip", "conda", "mamba", "micromamba", "uv"}
_WITHOUT_EFFECT = {"tensorboard", "tensorflow_version"}
_RUNS_OWN_CODE = {"time", "timeit", "prun", "run", "capture", "debug", "lprun", "memit", "mprun", "px"}
"""Magics whose errors are the student's own."""
_WORKING_BACKENDS = ("inline", "--list", "-l")
"""Arguments of `%matplotlib` that work here."""


def install(shell: Any) -> None:
    """Wraps the shell's ways to run something other than Python."""
    # A pip that is started in another way does not ask the network either.
    os.environ.update(PIP_NO_INDEX="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    shell.run_line_magic = _soft_line_magic(shell.run_line_magic)
    shell.run_cell_magic = _soft_cell_magic(shell, shell.run_cell_magic)
    shell.system = _soft_command(shell, shell.system)
    shell.getoutput = _soft_command(shell, shell.getoutput, nothing=[])
    # ipykernel replaces `input` and `getpass.getpass` by these for each cell.
    if kernel := getattr(shell, "kernel", None):
        kernel.raw_input = kernel.getpass = _no_answer


def _soft_line_magic(run: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(run)
    def run_line_magic(name: str, line: str, _stack_depth: int = 1) -> Any:
        if name in _INSTALLING_MAGICS:
            return watchers.remark(f"nothing is installed here: %{name} {line}")
        if name in _WITHOUT_EFFECT:
            return watchers.remark(f"%{name} does nothing here")
        if name == "matplotlib" and not line.strip().startswith(_WORKING_BACKENDS):
            watchers.remark("figures are shown inline here")
            line = "inline"
        with _errors_as_remarks(f"%{name} {line}", unless=name in _RUNS_OWN_CODE):
            # The magic sees the cell's variables, which are one more frame away.
            return run(name, line, _stack_depth + 1)

    return run_line_magic


def _soft_cell_magic(shell: Any, run: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(run)
    def run_cell_magic(name: str, line: str, cell: str) -> Any:
        if not shell.find_cell_magic(name) and name not in shell.magics_manager.lazy_magics:
            watchers.remark(f"%%{name} does nothing here")
            # Most magics of extensions run their cell and watch it, so the cell is run if it is Python.
            with contextlib.suppress(SyntaxError):
                ast.parse(shell.transform_cell(cell))
                shell.run_cell(cell).raise_error()
            return None
        with _errors_as_remarks(f"%%{name}", unless=name in _RUNS_OWN_CODE):
            return run(name, line, cell)

    return run_cell_magic


@contextlib.contextmanager
def _errors_as_remarks(what: str, *, unless: bool = False) -> Iterator[None]:
    """Turns an error into a remark, except where `unless` holds."""
    try:
        yield
    except Exception as error:
        if unless:
            raise
        watchers.remark(f"{what.strip()} does not work here ({type(error).__name__}: {error})")


def _soft_command(shell: Any, run: Callable[..., Any], nothing: Any = None) -> Callable[..., Any]:
    """Wraps `run`, which returns `nothing` for a command that fails or is not run."""

    @functools.wraps(run)
    def command(text: str, *arguments: Any, **options: Any) -> Any:
        if _INSTALLS.match(text):
            watchers.remark(f"nothing is installed here: !{text.strip()}")
            return nothing
        with _errors_as_remarks(f"!{text}"):
            result = run(text, *arguments, **options)
            if _DOWNLOADS.match(text) and shell.user_ns.get("_exit_code") != 0:
                watchers.incident(f"nothing can be downloaded on the grading machine: !{text.strip()}")
            return result
        return nothing

    return command


def _no_answer(prompt: object = "", *_: object, **__: object) -> str:
    watchers.incident("nobody answers questions on the grading machine (input)")
    return ""
