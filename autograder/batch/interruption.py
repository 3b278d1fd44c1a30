"""Ctrl-C ends a run, also where a library loses the exception on its way."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class Interruption:
    """Within this context, Ctrl-C is a KeyboardInterrupt at once, and another one at the next check.

    Python drops an exception that comes up in a finalizer, and the libraries below have many of those.
    """

    def __init__(self) -> None:
        self._happened = self._held = False

    def __enter__(self) -> "Interruption":
        self._before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def check(self) -> None:
        """Raises KeyboardInterrupt if there was one."""
        if self._happened:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Lets short work come to its end before the first Ctrl-C; the second one ends it at once."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        self.check()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        waits = self._held and not self._happened
        self._happened = True
        if not waits:
            raise KeyboardInterrupt
