"""Makes the page that shows what the bounds rest on: one HTML file that contains its plots."""

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from autograder.calibration import kinds, plots, power
from autograder.calibration.derivation import DISTANCE, REJECTIONS, Bound, Source
from autograder.calibration.kinds import INITIALIZERS, RATES, RIGHT
from autograder.calibration.record import Finding
from autograder.calibration.results import Trained
from autograder.calibration.summary import what_helps
from autograder.judge import bounds
from autograder.lab import LOSSES, Lab
from autograder.protocol import short_training

_TEMPLATES = Environment(
    loader=PackageLoader("autograder.calibration"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Row:
    """Errors of one kind, initializer or rate on one source of images."""

    name: str
    label: str
    source: str
    errors: np.ndarray

    @property
    def spread(self) -> tuple[float, float, float]:
        """The smallest, median and largest error."""
        return float(self.errors.min()), float(np.median(self.errors)), float(self.errors.max())


@dataclass(frozen=True)
class Section:
    """The part of the page on one exercise."""

    finding: Finding

    @property
    def bound(self) -> Bound:
        return self.finding.bound

    @property
    def loss(self) -> str:
        return LOSSES[self.bound.exercise.loss]

    @property
    def histograms(self) -> Markup:
        return Markup(plots.histograms(self.bound))

    @property
    def tail(self) -> Markup:
        return Markup(plots.tail(self.bound))

    @property
    def strips(self) -> Markup:
        return Markup(plots.strips(self.finding.noise, round(power.BOUND, 2)))

    @property
    def what_helps(self) -> str:
        return what_helps(self.finding.longer)

    @property
    def by_kind(self) -> list[Row]:
        return [
            row
            for kind in kinds.of(self.bound.exercise).values()
            for source in self.bound.sources
            for row in _row(
                *(source, kind.name, kind.label),
                [each for each in source.results if each.of.kind == kind.name],
            )
        ]

    @property
    def by_variation(self) -> list[Row]:
        """The results of right networks by initializer and learning rate."""
        return [
            row
            for source in self.bound.sources
            for name in (*INITIALIZERS, *RATES)
            for row in _row(
                *(source, name if isinstance(name, str) else f"rate {name:g}", RIGHT),
                [each for each in source.of(RIGHT) if name in (each.of.initializer, each.of.rate)],
            )
        ]


def page(findings: Sequence[Finding], lab: Lab) -> str:
    """The page on some exercises of a lab, as HTML."""
    return _TEMPLATES.get_template("page.html.j2").render(
        lab=lab,
        sections=[Section(finding) for finding in findings],
        again=findings[0].bound.sources[0].again,
        short=short_training,
        conditions=bounds.conditions(findings[0].bound.exercise),
        versions=bounds.versions(),
        command=bounds.COMMAND,
        date=datetime.date.today().isoformat(),
        rejections=REJECTIONS,
        distance=DISTANCE,
        infinite=math.inf,
    )


def _row(source: Source, name: str, label: str, results: list[Trained]) -> list[Row]:
    """The row of these results; none if there are no results."""
    errors = np.array([result.error for result in results])
    return [Row(name, label, source.name, errors)] if len(errors) else []
