"""The ids of requests to run cells, which decide what a kernel is asked (`protocol.challenge`).

A submission cannot know an id beforehand, not even from the ids of its earlier cells. A job gets the
same ids whenever, wherever and by whichever command it is graded.
"""

import contextlib
import hmac
import itertools
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from autograder.grading.store import FOLDER

FILE = "secret"
"""The file of the secret. If it is lost, a job gets other challenges, and earns the same."""
SECRET_BYTES = 32


def secret_of(course: Path) -> bytes:
    """Returns the secret of the course in this directory, which the first call makes.

    Where the secret cannot be stored, each call makes another one.
    """
    path, made = course / FOLDER / FILE, secrets.token_bytes(SECRET_BYTES)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_if_absent(path, made)
        kept = path.read_bytes()
        if len(kept) == SECRET_BYTES:
            return kept
    return made


def ids(secret: bytes, job: str) -> Iterator[str]:
    """Yields the ids of the requests of one run. job: the job's fingerprint."""
    for number in itertools.count():
        yield hmac.new(secret, f"{job} {number}".encode(), "sha256").hexdigest()


def _write_if_absent(path: Path, content: bytes) -> None:
    """Writes a file in one step, so that two commands which start at once read the same."""
    own = path.with_name(f".{secrets.token_hex(8)}")
    try:
        with open(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        with contextlib.suppress(FileExistsError):
            os.link(own, path)
    finally:
        own.unlink(missing_ok=True)
