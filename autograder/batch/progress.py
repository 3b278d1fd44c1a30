"""Shows how far a long run is: a bar on a terminal, a line for each submission elsewhere."""

import time
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

WINDOW_SECONDS = 300
"""Time over which the speed is measured."""
MOST_NAMES = 4


@dataclass(frozen=True)
class _Rate:
    done: int
    seconds: float

    @property
    def text(self) -> str:
        return f"{60 * self.done / self.seconds:.1f}/min" if self.done and self.seconds else "–/min"

    def left(self, todo: int) -> str:
        """The time that is left for so many, in words."""
        if not self.done:
            return "time left unknown"
        minutes = todo * self.seconds / self.done / 60
        return f"{minutes:.0f} min left" if minutes >= 1 else "less than a minute left"


class ProgressDisplay:
    """What is seen of a run of `total` submissions. A context: the bar is drawn within."""

    def __init__(self, total: int, console: Console) -> None:
        self._total, self._console = total, console
        self._done = self._failures = 0
        self._started = time.monotonic()
        self._progress = Progress(
            TextColumn("grading"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[failures]}"),
            TextColumn("{task.fields[current]}", style="dim", markup=False),
            console=console,
            speed_estimate_period=WINDOW_SECONDS,
            disable=not console.is_terminal,
        )
        self._bar = self._progress.add_task("", total=total, rate="", failures="", current="starting")

    def __enter__(self) -> "ProgressDisplay":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """A remark above the bar."""
        self._console.print(text, markup=False, highlight=False)

    def working_on(self, students: list[str]) -> None:
        """Shows who is being graded."""
        names = ", ".join(students[:MOST_NAMES])
        more = len(students) - MOST_NAMES
        self._update(current=f"{names} and {more} more" if more > 0 else names)

    def done(self, student: str, what: str, *, failed: bool = False) -> None:
        """Counts a submission. what: what became of it."""
        self._done += 1
        self._failures += failed
        rate = _Rate(self._done, time.monotonic() - self._started)
        if not self._console.is_terminal:
            left = rate.left(self._total - self._done)
            self.say(f"[{self._done}/{self._total}, {rate.text}, {left}] {student}: {what}")
        elif failed:
            self.say(f"{student}: {what}")
        failures = f"[red]{self._failures} failed" if self._failures else ""
        self._update(advance=1, rate=rate.text, failures=failures)

    def _update(self, **fields: Any) -> None:
        self._progress.update(self._bar, **fields)
