"""Equal stamps mean that a notebook would be recorded as it was."""

import dataclasses
import json
from types import SimpleNamespace

from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

from autograder.course.stamp import STAMP, stamp, stamp_in
from autograder.submissions.job import Job

JOB = Job("autoencoder", new_notebook(cells=[new_code_cell("1")]))
GRADER = SimpleNamespace(fingerprint=lambda job: "a fingerprint", judged_by="a judge")
CONFIG = Config({"AssignLatePenalties": {"plugin_class": "mine"}, "Autograde": {"force": False}})


def test_whatever_influences_the_record_changes_the_stamp():
    same = stamp(JOB, b"yesterday", GRADER, CONFIG)
    assert stamp(JOB, b"yesterday", GRADER, CONFIG) == same
    others = [
        stamp(dataclasses.replace(JOB, remarks=("renamed",)), b"yesterday", GRADER, CONFIG),
        stamp(JOB, b"today", GRADER, CONFIG),
        stamp(JOB, b"yesterday", SimpleNamespace(**vars(GRADER) | {"judged_by": "another"}), CONFIG),
        stamp(JOB, b"yesterday", GRADER, Config({"AssignLatePenalties": {"plugin_class": "yours"}})),
    ]
    assert len({same, *others}) == 1 + len(others)


def test_the_choice_of_submissions_does_not_change_the_stamp():
    forced = Config(CONFIG | {"Autograde": {"force": True}})
    assert stamp(JOB, b"", GRADER, forced) == stamp(JOB, b"", GRADER, CONFIG)


def test_a_stamp_is_found_in_an_autograded_notebook(tmp_path):
    path = tmp_path / "autoencoder.ipynb"
    assert stamp_in(path) is None
    for content, found in (
        ("", None),
        ("[]", None),
        (json.dumps({"metadata": {}}), None),
        (json.dumps({"metadata": {STAMP: ["forged"]}}), None),
        (json.dumps({"metadata": {STAMP: "right"}}), "right"),
    ):
        path.write_text(content)
        assert stamp_in(path) == found
