"""The log of `autograder grade`: all messages go there, as the terminal shows the progress."""

import datetime
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from autograder.course.faults import in_words
from autograder.grading.store import FOLDER


class _LogFile(logging.FileHandler):
    """Tells once if it cannot be written; grading goes on without it."""

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        path.parent.mkdir(exist_ok=True)
        super().__init__(path, encoding="utf-8")
        self._tell, self._told = tell, False

    def handleError(self, record: logging.LogRecord) -> None:
        """Is called by `emit`, which has caught the exception."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._told:
            self._told = True
            self._tell(_NO_LOG.format(why=in_words(error)))


_NO_LOG = "The log cannot be written: {why}. Grading goes on without it."


def log_file(tell: Callable[[str], None]) -> tuple[logging.Handler, str]:
    """Returns the handler that writes the log, and a line that says where it is.

    If the log cannot be written, tells so, and returns a handler that does nothing, and no line.
    """
    path = Path(FOLDER) / "grade.log"
    try:
        return _LogFile(path, tell), f"\nThe log is {path.resolve()}"
    except OSError as error:
        tell(_NO_LOG.format(why=in_words(error)))
        return logging.NullHandler(), ""


def log_to(handler: logging.Handler, log: logging.Logger) -> None:
    """Sends the messages of all loggers, also those of libraries, to one handler."""
    handler.setLevel(logging.INFO)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.root.handlers = [handler]
    # Some loggers of Dask, Tornado and nbgrader have handlers of their own, which write to the terminal.
    for logger in (log, *map(logging.getLogger, list(logging.root.manager.loggerDict))):
        logger.handlers, logger.propagate = [], True
    logging.getLogger("autograder").setLevel(logging.INFO)
    # At INFO, Dask logs each connection.
    logging.getLogger("distributed").setLevel(logging.WARNING)
    logging.captureWarnings(True)
    log.info("A new run, at %s", datetime.datetime.now().astimezone().isoformat(timespec="seconds"))
