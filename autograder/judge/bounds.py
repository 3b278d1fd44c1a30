"""Reads the measured bounds, which `python -m benchmarks.calibration` writes to `calibration.json`."""

import functools
import json
from dataclasses import dataclass, fields
from pathlib import Path

FILE = Path(__file__).with_name("calibration.json")
_ADVICE = "Install the project anew, or write it with `python -m benchmarks.calibration`."


class CalibrationError(RuntimeError):
    """The bounds are missing: a fault of the installation, not of a submission."""


@dataclass(frozen=True)
class Calibration:
    """The largest errors of digits that count as restored, as shares of the mean image's error."""

    reconstruction: float
    denoising: float


@functools.cache
def calibrated(file: Path = FILE) -> Calibration:
    """Reads the bounds from the file. Raises CalibrationError if they are missing or make no sense."""
    try:
        criteria = json.loads(file.read_text())["criteria"]
        found = {field.name: criteria[field.name]["bound"] for field in fields(Calibration)}
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
