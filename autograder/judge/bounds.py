"""The bounds that were measured: what `autograder calibrate` wrote to `calibration.json`."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("calibration.json")
_ADVICE = "Install the project anew, or write it with `autograder calibrate`."


class CalibrationError(RuntimeError):
    """There are no bounds to judge by: the fault is the installation's, not a submission's."""


@dataclass(frozen=True)
class Calibration:
    """Largest errors, as shares of the mean image's, with which digits count as restored."""

    reconstruction: float
    denoising: float


@functools.cache
def calibrated(file: Path = FILE) -> Calibration:
    """The bounds in the file. Raises CalibrationError if they are not there or make no sense."""
    try:
        criteria = json.loads(file.read_text())["criteria"]
        found = {name: criteria[name]["bound"] for name in Calibration.__annotations__}
    except OSError as error:
        raise CalibrationError(f"{file} cannot be read: {error.strerror}. {_ADVICE}") from None
    except (ValueError, KeyError, TypeError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise CalibrationError(f"{file} holds no calibration ({problem}). {_ADVICE}") from None
    for name, bound in found.items():
        if not isinstance(bound, float) or not 0 < bound < 1:
            problem = f"the bound of {name} is {bound!r}, not a share between 0 and 1"
            raise CalibrationError(f"{file}: {problem}. {_ADVICE}")
    return Calibration(**found)
