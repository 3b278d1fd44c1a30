"""Says in words what a calibration found, and what a teacher can do where it found no bound."""

import math

from autograder.calibration import power
from autograder.calibration.derivation import Bound
from autograder.calibration.kinds import RATES
from autograder.calibration.longer import Longer
from autograder.calibration.record import Finding
from autograder.judge.bounds import COMMAND
from autograder.lab.file import NAME

SEEDS = 300
"""Seeds for each learning rate that usually show that a bound is safe."""


def lines(finding: Finding) -> list[str]:
    """The lines on one exercise."""
    bound, name = finding.bound, finding.notebook
    return [
        *([_on_bound(bound)] if bound.told_apart else _without_bound(bound, finding.longer)),
        *_on_few(bound),
        *(f"{name}, noise on {source}: {_on_noise(rows)}" for source, rows in _by_source(finding)),
    ]


def _on_bound(bound: Bound) -> str:
    nearest = bound.nearest.nearest
    return (
        f"{bound.exercise.notebook}, {bound.criterion}: the bound is {bound.value:.2f}; right networks "
        f"have errors up to {bound.worst.right[-1]:.3f}, wrong ones from {nearest.error:.3f} "
        f"({nearest.of.kind}), as shares of the error of always answering the mean image"
    )


def _without_bound(bound: Bound, longer: Longer | None) -> list[str]:
    name = bound.exercise.notebook
    return [
        f"{name}, {bound.criterion}: right and wrong networks cannot be told apart, so there is no "
        f"bound, and a person has to grade '{bound.criterion}': {'; '.join(bound.overlaps)}.",
        f"{name}: {what_helps(longer)}",
        f"{name}: or make it a criterion that a person grades: `{COMMAND} --by-hand --exercise {name}` "
        f"moves '{bound.criterion}' from points to by_hand in {NAME}.",
    ]


def what_helps(longer: Longer | None) -> str:
    """Which setting tells right and wrong networks apart, as far as few networks show."""
    if longer is None or not longer.tried:
        return "longer training was not tried"
    steps = " and ".join(str(number) for number in longer.tried)
    tried = f"(tried with {longer.networks} networks)"
    if longer.separates is None:
        return f"short_steps = {steps} in {NAME} does not separate them {tried}: let a person grade"
    return f"short_steps = {longer.separates} in {NAME} separates them {tried}; then run {COMMAND} again"


def _on_few(bound: Bound) -> list[str]:
    """A line on a bound that is not known to be safe."""
    if not bound.told_apart or bound.is_safe:
        return []
    # So many more are needed where no network, or hardly any, was slow at first.
    seeds = max(SEEDS, 4 * math.ceil(bound.fewest / len(RATES)))
    return [
        f"{bound.exercise.notebook}: measured with few networks ({bound.fewest} right ones); use "
        f"--seeds {seeds} for a bound that is known to be safe"
    ]


def _by_source(finding: Finding) -> list[tuple[str, tuple[power.Row, ...]]]:
    sources = sorted({row.source for row in finding.noise})
    return [(name, tuple(row for row in finding.noise if row.source == name)) for name in sources]


def _on_noise(rows: tuple[power.Row, ...]) -> str:
    (found,) = power.summary(rows).values()
    return (
        f"{found['right']['failed']} of {found['right']['n']} right ones failed, "
        f"{found['wrong']['passed']} of {found['wrong']['n']} wrong ones passed"
    )
