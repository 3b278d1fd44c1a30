"""The temporary folder of a grading process, which is removed even if the process is killed.

The process holds a lock in its folder. The system releases the lock when the process ends, however it
ends. So the next grading process of the same user knows which folders are no longer in use.
"""

import contextlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

# Windows has no such locks: folders that are left behind stay.
if sys.platform != "win32":
    import fcntl

PREFIX = "autograder-"
LOCK = ".in-use"
"""The file in each folder that is locked while the folder is in use."""
SETTLED_SECONDS = 60
"""Age from which an unlocked folder counts as left behind; a younger one may be about to be locked."""


class RunFolder(tempfile.TemporaryDirectory[str]):
    """A folder among the system's temporary files, which other users may enter but not list."""

    def __init__(self) -> None:
        super().__init__(prefix=PREFIX, ignore_cleanup_errors=True)
        os.chmod(self.name, 0o711)
        self._lock = (Path(self.name) / LOCK).open("w")
        if sys.platform != "win32":
            # On a file system without locks, `remove_left_behind` removes nothing.
            with contextlib.suppress(OSError):
                fcntl.flock(self._lock, fcntl.LOCK_EX)

    def cleanup(self) -> None:
        """Removes the folder."""
        super().cleanup()
        self._lock.close()


def remove_left_behind() -> list[Path]:
    """Removes the folders that this user's killed processes left behind; returns their paths."""
    if sys.platform == "win32":
        return []
    return [path for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*") if _removed(path)]


def _removed(folder: Path) -> bool:
    """Removes a folder if it was left behind; returns whether it did."""
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
        # The lock is held: the folder is in use.
        return False
    finally:
        os.close(lock)
    return not folder.exists()
