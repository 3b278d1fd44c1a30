"""An autograder for a Keras lab: the kernel collects, the judge decides.

`autograder.check` and `autograder.kernel` run beside the student's code and only hand over evidence
(`autograder.protocol`); `autograder.judge` turns it into verdicts without running any of that code.
"""

from pathlib import Path

INSTALLED_COURSE = Path(__file__).resolve().parent.parent / "autoencoder_lab"
"""Where a wheel installs the course that it holds (setup.py); not there in a checkout."""
