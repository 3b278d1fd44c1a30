"""The watchers of one kernel, and the way evidence leaves it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from IPython import get_ipython

from autograder.kernel.drawing import ScreenRecorder
from autograder.kernel.fit_recorder import FitRecorder
from autograder.protocol.evidence import MIME_TYPE, Evidence, encode

Deliver = Callable[[Evidence], None]

MOST_INCIDENTS = 20
MOST_CHARACTERS = 300
"""Of one incident."""


@dataclass(frozen=True)
class Session:
    """What watches the student's code, and where a check's evidence goes."""

    fits: FitRecorder
    screen: ScreenRecorder
    deliver: Deliver
    incidents: list[str] = field(default_factory=list)
    """What this kernel could not give the notebook, in words for people, each once."""


_current: Session | None = None


def start(*, shorten: bool, deliver: Deliver) -> Session:
    """Installs the watchers, once in a process."""
    global _current
    if _current is None:
        fits = FitRecorder(shorten=shorten, incident=incident)
        _current = Session(fits, ScreenRecorder(), deliver)
        _current.fits.install()
        _current.screen.install()
    return _current


def current() -> Session | None:
    """The session of this process, if one was started."""
    return _current


def incident(what: str) -> None:
    """Notes what the notebook asks for and this kernel cannot give: no fault of the student's."""
    if _current and what not in _current.incidents and len(_current.incidents) < MOST_INCIDENTS:
        _current.incidents.append(what[:MOST_CHARACTERS])
        remark(what)


def remark(what: str) -> None:
    """Tells whoever reads the notebook what this kernel leaves out."""
    print(f"[grading] {what}")


def request() -> str:
    """The id of the request to run the cell that is running."""
    return get_ipython().parent_header["header"]["msg_id"]


def publish(evidence: Evidence) -> None:
    """Hands evidence to whoever runs the notebook, as an output of the cell that is running."""
    get_ipython().display_pub.publish({MIME_TYPE: encode(evidence)})
