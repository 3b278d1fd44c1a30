"""Shows the progress of grading: a bar on a terminal, a line for each submission elsewhere."""

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

WINDOW_SECONDS = 300
"""Time over which the bar estimates the speed."""
MOST_NAMES = 4
"""Students who are named beside the bar."""


class ProgressDisplay:
    """Shows the progress of grading `total` submissions. A context: the bar is drawn within it."""

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
        """Prints a remark, above the bar if there is one."""
        self._console.print(text, markup=False, highlight=False)

    def working_on(self, students: list[str]) -> None:
        """Shows which students are being graded."""
        names = ", ".join(students[:MOST_NAMES])
        more = len(students) - MOST_NAMES
        current = f"{names} and {more} more" if more > 0 else names
        self._progress.update(self._bar, current=current)

    def done(self, student: str, what: str, *, failed: bool = False) -> None:
        """Counts a submission. what: what became of it, in words."""
        self._done += 1
        self._failures += failed
        minutes = (time.monotonic() - self._started) / 60
        rate = f"{self._done / minutes:.1f}/min"
        if not self._console.is_terminal:
            left = minutes / self._done * (self._total - self._done)
            left_in_words = f"{left:.0f} min left" if left >= 1 else "less than a minute left"
            self.say(f"[{self._done}/{self._total}, {rate}, {left_in_words}] {student}: {what}")
        elif failed:
            self.say(f"{student}: {what}")
        failures = f"[red]{self._failures} failed" if self._failures else ""
        self._progress.update(self._bar, advance=1, rate=rate, failures=failures)
