"""The temporary folder of a grading run, which a killed run cannot leave behind for ever.

A run holds a lock in its folder for as long as it lives; the system lets go of it when the process ends,
however it ends. So the next run of the same user knows which folders nobody uses any more.
"""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

try:
    import fcntl
except ImportError:
    # Windows, where nothing that is left behind can be told from what is in use.
    fcntl = None

PREFIX = "autograder-"
LOCK = ".in-use"
"""The file in each folder that is locked while its run lives."""
SETTLED_SECONDS = 60
"""Age at which a folder without a lock is left behind; a younger one may be about to be locked."""


class RunFolder(tempfile.TemporaryDirectory):
    """A folder that others may enter, but not list. Made in the system's folder for temporary files."""

    def __init__(self) -> None:
        super().__init__(prefix=PREFIX, ignore_cleanup_errors=True)
        os.chmod(self.name, 0o711)
        self._lock = (Path(self.name) / LOCK).open("w")
        if fcntl:
            # Where the file system knows no locks, nothing is ever removed either.
            with contextlib.suppress(OSError):
                fcntl.flock(self._lock, fcntl.LOCK_EX)

    def cleanup(self) -> None:
        """Removes the folder."""
        super().cleanup()
        self._lock.close()


def remove_left_behind() -> list[Path]:
    """Removes the folders of this user's runs that ended without doing so; returns what they were."""
    if not fcntl:
        return []
    return [path for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*") if _removed(path)]


def _removed(folder: Path) -> bool:
    """Whether a folder was left behind, and now is gone."""
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        made = os.fstat(lock)
        if made.st_uid != os.getuid() or time.time() - made.st_mtime < SETTLED_SECONDS:
            return False
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        # Its run is alive.
        return False
    finally:
        os.close(lock)
    return not folder.exists()
