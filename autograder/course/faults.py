"""Faults of the machine, none of a submission's: what is wrong in words, and what to do about it."""

import errno
import tempfile

from nbgrader.converters import NbGraderException
from sqlalchemy.exc import SQLAlchemyError

from autograder.sandbox.bubblewrap import SandboxError


def in_words(error: Exception) -> str:
    """What an instructor is told of an error: no sentence of its own, but the reason in one."""
    if isinstance(error, SQLAlchemyError):
        return _of_the_gradebook(error)
    if isinstance(error, OSError) and error.errno is not None:
        return _of_a_file(error)
    if isinstance(error, NbGraderException | SandboxError):
        return str(error)
    return f"{type(error).__name__}: {error}"


_GRADEBOOK = {
    "locked": "the gradebook is locked by another program; close it (formgrader, another run of "
    "nbgrader, a browser of databases)",
    "full": "the disk that the gradebook is on is full; make room there",
    "readonly": "the gradebook must not be written to; check whose gradebook.db is, and its folder",
    "no such": "the gradebook is one of another version of nbgrader; save a copy of it, then run "
    "`nbgrader db upgrade`",
}
"""What is wrong, by a word of what SQLite says."""

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def _of_the_gradebook(error: SQLAlchemyError) -> str:
    # Without the statement and the address of a manual, which SQLAlchemy adds.
    said = str(getattr(error, "orig", None) or error)
    known = (words for word, words in _GRADEBOOK.items() if word in said)
    return next(known, f"the gradebook cannot be used ({said})")


def _of_a_file(error: OSError) -> str:
    # Of a copy that fails, the second name is the new file's.
    name = error.filename2 or error.filename
    if error.errno in _FULL:
        disk = f"the disk that {name} is on is full" if name else "a disk is full"
        where = "there" if name else f"where the course is, and in {tempfile.gettempdir()}"
        return f"{disk}; make room {where}"
    if error.errno in _FORBIDDEN:
        return f"{name} cannot be read or written ({error.strerror}); check whose it is"
    return f"{name}: {error.strerror}" if name else str(error)
