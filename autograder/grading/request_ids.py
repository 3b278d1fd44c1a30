"""The ids of requests to run cells, which decide what a kernel is asked (`protocol.challenge`).

No submission knows one beforehand, also not from those of its earlier cells; and the same work is asked
the same whenever, wherever and by whichever command it is graded.
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
"""In the folder that is kept. Without it the same work is asked something else, and earns the same."""
SECRET_BYTES = 32


def secret_of(course: Path) -> bytes:
    """The secret of the course in this directory, made at the first use.

    Where it cannot be kept it is another one each time.
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
    """The ids of the requests of one run, one after the other. job: its fingerprint."""
    for number in itertools.count():
        yield hmac.new(secret, f"{job} {number}".encode(), "sha256").hexdigest()


def _write_if_absent(path: Path, content: bytes) -> None:
    """In one step, so that of two who start at once both read the same."""
    own = path.with_name(f".{secrets.token_hex(8)}")
    try:
        with open(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        with contextlib.suppress(FileExistsError):
            os.link(own, path)
    finally:
        own.unlink(missing_ok=True)
