"""The stamp of an autograded notebook: equal stamps mean that it would be recorded as before."""

import json
from pathlib import Path

from traitlets.config import Config

from autograder.grading import fingerprints
from autograder.grading.grader import Grader
from autograder.submissions.job import Job

STAMP = "autograder_stamp"
"""Key of the metadata of an autograded notebook."""

_RECORDED_BY = ("Autograde", "SubmissionExporter", "LimitOutput", "AssignLatePenalties")
"""The sections of nbgrader_config.py that make a difference to what is recorded."""


def stamp(job: Job, timestamp: bytes, grader: Grader, config: Config) -> str:
    """A fingerprint of all that makes a difference to what is recorded of a notebook.

    timestamp: when it was handed in, as nbgrader's timestamp.txt says it.
    """
    return fingerprints.fingerprint(
        *(grader.fingerprint(job), grader.judged_by),
        *(fingerprints.of_record(job), fingerprints.of_package(), timestamp),
        [_settings(config, section) for section in _RECORDED_BY],
    )


def stamp_in(notebook: Path) -> str | None:
    """The stamp of the autograded notebook in a file; None if there is none."""
    try:
        found = json.loads(notebook.read_text("utf-8"))["metadata"].get(STAMP)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def _settings(config: Config, section: str) -> list[str]:
    """What a section sets, without what only says which submissions to grade."""
    return sorted(repr(item) for item in config.get(section, {}).items() if item[0] != "force")
