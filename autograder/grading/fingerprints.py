"""Fingerprints, by which an unchanged submission under an unchanged grader is recognised.

A notebook's run, its verdicts and its record have separate fingerprints: new criteria judge the evidence
of earlier runs again, without running any student's code. All fingerprints of code cover the versions of
Python and of every library that grading depends on.
"""

import dataclasses
import functools
import hashlib
import json
import platform
from pathlib import Path

import autograder
from autograder.grading import libraries
from autograder.lab import Lab
from autograder.lab.images import Images
from autograder.submissions.job import Job
from autograder.submissions.notebooks import grade_id

_PACKAGE = Path(autograder.__file__).parent
RUNNING = ("check", "grading", "kernel", "protocol", "sandbox", "submissions")
"""The rooms that decide how a notebook runs; they decide neither its verdicts nor its points."""
JUDGING = ("judge", "lab", "protocol")
"""The rooms that decide the verdict on evidence."""


def fingerprint(*parts: object) -> str:
    """The SHA-256, in hexadecimal, of JSON values and bytes."""
    sha = hashlib.sha256()
    for part in parts:
        content = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True).encode()
        sha.update(b"%d:" % len(content))
        sha.update(content)
    return sha.hexdigest()


def of_job(job: Job) -> str:
    """Identifies what is run: points, remarks and the like change nothing about a run."""
    cells = [(cell.cell_type, cell.source, grade_id(cell)) for cell in job.content.cells]
    files = {path: fingerprint(content) for path, content in job.files.items()}
    return fingerprint(job.notebook, cells, files, sorted(job.executable))


def of_record(job: Job) -> str:
    """Identifies what else of a job, beside what is run, makes a difference to what is recorded."""
    cells = [(cell.metadata.get("nbgrader"), cell.get("attachments")) for cell in job.content.cells]
    return fingerprint(cells, job.remarks, job.unreadable)


@functools.cache
def of_running(package: Path = _PACKAGE) -> str:
    """Identifies the code that decides how a notebook runs."""
    return _of_code(package, *RUNNING)


@functools.cache
def of_judging(package: Path = _PACKAGE) -> str:
    """Identifies the code that judges."""
    return _of_code(package, *JUDGING)


@functools.cache
def of_package(package: Path = _PACKAGE) -> str:
    """Identifies all code."""
    return _of_code(package, "")


def of_lab(lab: Lab) -> str:
    """Identifies what the lab asks for, and the bounds of its criteria."""
    return fingerprint(dataclasses.asdict(lab))


def of_images(images: Images) -> str:
    """Identifies the grading images."""
    arrays = (images.x_train, images.x_test, images.held_out)
    content = (part for array in arrays for part in (array.shape, array.tobytes()))
    return fingerprint(images.train_count, images.test_count, *content)


def _of_code(package: Path, *folders: str) -> str:
    """All files in some folders of the package, without what Python makes of them."""
    files = [file for folder in folders for file in (package / folder).rglob("*") if file.is_file()]
    code = {
        str(file.relative_to(package)): fingerprint(file.read_bytes())
        for file in files
        if "__pycache__" not in file.parts
    }
    return fingerprint(code, platform.python_version(), libraries.versions())
