"""Watches the student's code in one kernel, and delivers its evidence and remarks."""

from collections.abc import Callable
from dataclasses import dataclass, field

from IPython import get_ipython

from autograder.kernel.drawing import ScreenRecorder
from autograder.kernel.fit_recorder import FitRecorder
from autograder.protocol.evidence import MIME_TYPE, Evidence, encode

Deliver = Callable[[Evidence], None]

MOST_INCIDENTS = 20
MOST_CHARACTERS = 300
"""Characters that are kept of one incident or remark."""


@dataclass(frozen=True)
class Watchers:
    """The objects that watch the student's code, and the function that delivers evidence."""

    fits: FitRecorder
    screen: ScreenRecorder
    deliver: Deliver
    incidents: list[str] = field(default_factory=list)
    """The things that this kernel could not provide, in words for people, each once."""


_current: Watchers | None = None


def start(*, steps: int | None, deliver: Deliver) -> Watchers:
    """Installs the watchers unless this process has them already; returns them.

    steps: steps of the short training in place of each training; None trains in full.
    """
    global _current
    if _current is None:
        fits = FitRecorder(steps=steps, incident=incident)
        _current = Watchers(fits, ScreenRecorder(), deliver)
        _current.fits.install()
        _current.screen.install()
    return _current


def current() -> Watchers:
    """Returns the watchers of this process. Raises RuntimeError if they were not started."""
    if _current is None:
        raise RuntimeError("nothing watches this process")
    return _current


def incident(what: str) -> None:
    """Notes that this kernel cannot provide something, which is no fault of the student's."""
    what = what[:MOST_CHARACTERS]
    if _current and what not in _current.incidents and len(_current.incidents) < MOST_INCIDENTS:
        _current.incidents.append(what)
        remark(what)


def remark(what: str) -> None:
    """Tells the notebook's reader what this kernel leaves out."""
    print(f"[grading] {what[:MOST_CHARACTERS]}")


def request() -> str:
    """Returns the id of the request to run the current cell."""
    request_id: str = get_ipython().parent_header["header"]["msg_id"]
    return request_id


def publish(evidence: Evidence) -> None:
    """Publishes evidence as an output of the current cell."""
    get_ipython().display_pub.publish({MIME_TYPE: encode(evidence)})
