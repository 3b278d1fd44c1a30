"""Ctrl-C ends a run, also where a library loses the exception on its way."""

import signal
from types import FrameType


class Interruption:
    """Within this context, Ctrl-C is a KeyboardInterrupt at once, and another one at the next check.

    Python drops an exception that comes up in a finalizer, and the libraries below have many of those.
    """

    def __init__(self) -> None:
        self._happened = False

    def __enter__(self) -> "Interruption":
        self._before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *_) -> None:
        signal.signal(signal.SIGINT, self._before)

    def check(self) -> None:
        """Raises KeyboardInterrupt if there was one."""
        if self._happened:
            raise KeyboardInterrupt

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._happened = True
        raise KeyboardInterrupt
