"""The stamp of an autograded notebook: while it stays the same, grading again would change nothing."""

import json
from pathlib import Path

from traitlets.config import Config

from autograder.grading import fingerprints
from autograder.grading.grader import Grader
from autograder.submissions.job import Job

STAMP = "autograder_stamp"
"""Key of the stamp in the metadata of an autograded notebook."""

_RECORDED_BY = ("Autograde", "SubmissionExporter", "LimitOutput", "AssignLatePenalties")
"""The sections of nbgrader_config.py that influence what is recorded."""


def stamp(job: Job, timestamp: bytes, grader: Grader, config: Config) -> str:
    """Returns a fingerprint of all that influences what is recorded of a notebook.

    timestamp: the content of nbgrader's timestamp.txt, which says when it was handed in.
    """
    return fingerprints.fingerprint(
        *(grader.fingerprint(job), grader.judged_by),
        *(fingerprints.of_record(job), fingerprints.of_package(), timestamp),
        [_settings(config, section) for section in _RECORDED_BY],
    )


def stamp_in(notebook: Path) -> str | None:
    """Returns the stamp of the autograded notebook in a file; None if there is none."""
    try:
        found = json.loads(notebook.read_text("utf-8"))["metadata"].get(STAMP)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def _settings(config: Config, section: str) -> list[str]:
    """Returns what a section sets, except `force`, which only says which submissions to grade."""
    return sorted(repr(item) for item in config.get(section, {}).items() if item[0] != "force")
