"""Makes the page that shows what the bounds rest on: one HTML file that contains its plots."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from benchmarks.calibration import plots, power
from benchmarks.calibration.derivation import Bound, Source
from benchmarks.calibration.kinds import INITIALIZERS, KINDS, RATES, RIGHT
from benchmarks.calibration.results import Trained

_TEMPLATES = Environment(
    loader=PackageLoader("benchmarks.calibration"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Row:
    """Errors of one kind, initializer or rate on one source of digits."""

    name: str
    label: str
    source: str
    errors: np.ndarray

    @property
    def spread(self) -> tuple[float, float, float]:
        """The smallest, median and largest error."""
        return float(self.errors.min()), float(np.median(self.errors)), float(self.errors.max())


def page(bounds: list[Bound], noise: list[power.Row], contents: dict[str, Any]) -> str:
    """The page as HTML. contents: those of `calibration.json`."""
    return _TEMPLATES.get_template("page.html.j2").render(
        bounds=bounds,
        contents=contents,
        noise=noise,
        slowness=bounds[0].sources[0].slowness,
        strips=Markup(plots.strips(noise, contents["noise"]["unlikely"])) if noise else "",
        infinite=math.inf,
        histograms={bound.criterion: Markup(plots.histograms(bound)) for bound in bounds},
        tails={bound.criterion: Markup(plots.tail(bound)) for bound in bounds},
        kinds={bound.criterion: _rows_of_kinds(bound) for bound in bounds},
        variations={bound.criterion: _rows_of_variations(bound) for bound in bounds},
    )


def _rows_of_kinds(bound: Bound) -> list[Row]:
    return [
        row
        for kind in KINDS
        for source in bound.sources
        for row in _row(
            source, kind.name, kind.label, [r for r in source.results if r.of.kind == kind.name]
        )
    ]


def _rows_of_variations(bound: Bound) -> list[Row]:
    """The results of right networks by initializer and learning rate."""
    return [
        row
        for source in bound.sources
        for name in (*INITIALIZERS, *RATES)
        for row in _row(
            *(source, name if isinstance(name, str) else f"rate {name:g}", RIGHT),
            [r for r in source.of(RIGHT) if name in (r.of.initializer, r.of.rate)],
        )
    ]


def _row(source: Source, name: str, label: str, results: list[Trained]) -> list[Row]:
    """The row of these results; none if there are no results."""
    errors = np.array([result.error for result in results])
    return [Row(name, label, source.name, errors)] if len(errors) else []
