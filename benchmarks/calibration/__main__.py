"""Measures what the judge's bounds rest on: `python -m benchmarks.calibration`, from the checkout."""

import argparse
import sys
from pathlib import Path

from autograder.lab.images import ImagesError
from benchmarks.calibration import command, derivation


def main() -> str | int:
    """Measures as the command line says; returns what to exit with."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument(
        "--data",
        action="append",
        metavar="embedded|FILE.npz",
        help="digits to measure on; may be given again (default: embedded)",
    )
    parser.add_argument("--seeds", type=int, default=300, help="per learning rate (default: 300)")
    parser.add_argument("--output", type=Path, default=Path("calibration"), help="results, bounds, page")
    parser.add_argument("--workers", type=int, default=0, help="processes (default: cores)")
    parser.add_argument("--report", action="store_true", help="measure nothing: only write anew")
    arguments = vars(parser.parse_args())
    options = command.Options(**arguments | {"data": arguments["data"] or ["embedded"]})
    try:
        print(command.calibrate(options))
    except (derivation.TooFewError, ImagesError) as error:
        return str(error)
    except KeyboardInterrupt:
        return "Interrupted. Run the same command again: it goes on where it was."
    return 0


if __name__ == "__main__":
    sys.exit(main())
