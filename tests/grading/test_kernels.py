"""Whether submissions are contained, and what the instructor is told of it."""

import logging

import pytest

from autograder.grading.kernels import Containment, containment
from autograder.grading.options import Grading
from autograder.sandbox import bubblewrap


@pytest.fixture
def without_bubblewrap(monkeypatch):
    monkeypatch.setattr(bubblewrap, "problem", lambda: "bubblewrap is not installed")


@pytest.mark.usefixtures("without_bubblewrap")
def test_required_refuses_to_grade_without_the_sandbox():
    with pytest.raises(bubblewrap.SandboxError, match="bubblewrap is not installed"):
        containment(Grading(sandbox="required"))


@pytest.mark.usefixtures("without_bubblewrap")
def test_auto_says_that_submissions_run_unsandboxed_and_why():
    contained = containment(Grading(sandbox="auto"))
    assert not contained.sandboxed
    assert "unsandboxed, as bubblewrap is not installed" in contained.remark


def test_where_the_sandbox_is_off_the_option_is_why(monkeypatch):
    monkeypatch.setattr(bubblewrap, "problem", lambda: "")
    assert "as c.Grading.sandbox is 'off'" in containment(Grading(sandbox="off")).remark
    assert containment(Grading(sandbox="auto")).sandboxed


@pytest.mark.parametrize(("sandboxed", "level"), [(True, "INFO"), (False, "WARNING")])
def test_that_submissions_run_unsandboxed_is_a_warning(caplog, sandboxed, level):
    with caplog.at_level("INFO"):
        Containment(sandboxed, "what contains them").tell(logging.getLogger("test"))
    ((_, found, text),) = [(r.name, r.levelname, r.message) for r in caplog.records]
    assert (found, text) == (level, "what contains them")
