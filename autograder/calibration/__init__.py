"""Measures how well right and wrong networks restore images, and sets the judge's bounds between them.

`command.calibrate` trains networks (`trainings`) and draws noise (`noise_measuring`) of the kinds in
`kinds` and `noise_kinds`, appends the results to files (`results`) and derives the bounds from these
(`derivation`). It writes `calibration.json`, which the judge reads, and a page that explains the bounds.
"""


class CalibrationError(Exception):
    """No bound can be measured; the text says why, and what to do."""
