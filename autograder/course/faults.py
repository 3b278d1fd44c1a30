"""Says in words what is wrong with the machine, not with a submission, and what to do about it."""

import errno
import tempfile

from nbgrader.api import MissingEntry
from nbgrader.converters import NbGraderException
from sqlalchemy.exc import SQLAlchemyError

from autograder.sandbox.bubblewrap import SandboxError


def in_words(error: Exception) -> str:
    """Describes an error for an instructor, as the part of a sentence that gives the reason."""
    if isinstance(error, MissingEntry):
        return f"the gradebook is incomplete ({error}); run `autograder release`, which writes its cells"
    if isinstance(error, SQLAlchemyError):
        return _of_the_gradebook(error)
    if isinstance(error, OSError) and error.errno is not None:
        return _of_a_file(error)
    if isinstance(error, NbGraderException | SandboxError):
        return str(error)
    return f"{type(error).__name__}: {error}"


_GRADEBOOK = {
    "locked": "the gradebook is locked by another program; close it (formgrader, another run of "
    "nbgrader, a database browser)",
    "full": "the disk that the gradebook is on is full; make room there",
    "readonly": "the gradebook cannot be written; check who owns gradebook.db and its folder",
    "no such": "the gradebook is that of another version of nbgrader; save a copy of it, then run "
    "`nbgrader db upgrade`",
}
"""What is wrong, by a word of SQLite's message."""

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def _of_the_gradebook(error: SQLAlchemyError) -> str:
    # SQLAlchemy's own message adds the statement and a link to a manual.
    said = str(getattr(error, "orig", None) or error)
    reasons = (reason for word, reason in _GRADEBOOK.items() if word in said)
    return next(reasons, f"the gradebook cannot be used ({said})")


def _of_a_file(error: OSError) -> str:
    # If a copy fails, the second name is that of the new file.
    name = error.filename2 or error.filename
    if error.errno in _FULL:
        disk = f"the disk that {name} is on is full" if name else "a disk is full"
        where = "there" if name else f"where the course is, and in {tempfile.gettempdir()}"
        return f"{disk}; make room {where}"
    if error.errno in _FORBIDDEN:
        return f"{name} cannot be read or written ({error.strerror}); check whose it is"
    return f"{name}: {error.strerror}" if name else str(error)
