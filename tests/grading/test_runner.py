"""Whatever a notebook does, something comes of running it."""

import os

import pytest
from running import Run, grader_with

from autograder.grading import runner
from autograder.grading.kernels import Kernels
from autograder.grading.runner import LOG_BYTES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def grader():
    with grader_with() as grader:
        yield grader


def test_cells_run_one_after_the_other_and_errors_stop_none(grader):
    run = Run(grader, "x = 1", "1 / 0", "print(x)")
    assert run.cells == ["", "ZeroDivisionError: division by zero", "1\n"]
    assert run.incident == ""


def test_a_kernel_that_ends_itself_is_told_with_its_cell(grader):
    run = Run(grader, "print('here')", "import os; os._exit(0)", "print('never')")
    assert run.incident == "the kernel died, in cell 2"
    assert run.cells == ["here\n", "", ""]
    assert not run.result.final


def test_a_notebook_that_takes_too_long_in_all_is_ended(grader):
    run = Run(grader, *["import time; time.sleep(2)"] * 5, notebook_timeout=3)
    assert run.result.timed_out
    assert run.incident.startswith("the time for the whole notebook was over")


def test_what_is_put_out_beyond_the_limit_is_cut_with_a_remark(grader):
    run = Run(grader, "print('x' * 2**19)\nprint('x' * 2**20)", "print('gone')", max_output_mib=1)
    assert "is left out: there is too much of it" in run.cells[0]
    assert run.cells[1] == ""


def test_an_error_that_hides_its_traceback_is_shown(grader):
    run = Run(grader, "get_ipython().showtraceback = lambda *a, **k: None\n1 / 0")
    assert "ZeroDivisionError" in run.text


def test_a_fault_of_the_machine_is_nobodys_result(grader, monkeypatch):
    def full(kernels):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Kernels, "forking", full)
    with pytest.raises(OSError, match="No space"):
        Run(grader, "1")


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="the log is of limited size on Linux only")
def test_the_kernels_log_cannot_grow():
    with runner._log_file() as log, pytest.raises(OSError, match="not permitted"):
        os.pwrite(log.fileno(), b"x", LOG_BYTES)
