"""Lets Ctrl-C end grading, even where a library loses the KeyboardInterrupt."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class Interruption:
    """Within this context, Ctrl-C raises KeyboardInterrupt at once, and again at the next check.

    Python drops exceptions that are raised in a finalizer, and Dask has many finalizers.
    """

    def __init__(self) -> None:
        self._happened = self._held = False

    def __enter__(self) -> "Interruption":
        self._before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def check(self) -> None:
        """Raises KeyboardInterrupt if Ctrl-C was pressed."""
        if self._happened:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Delays the first Ctrl-C to the end of this context; the second one interrupts at once."""
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
