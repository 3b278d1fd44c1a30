"""The figures as Markdown: seconds per submission, targets and whether they are met, where time goes."""

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.lab import EXERCISES
from benchmarks import plain
from benchmarks.runs import Marginal, WholeClass
from benchmarks.times import ARRAYS, IMPORT, NETWORKS, PICTURES, step, validation

MIB = 2**20
Seconds = tuple[float, float]
"""CPU and wall."""


@dataclass
class Figures:
    """What was measured; None for what was not asked for. Times are CPU and wall seconds."""

    submissions: int
    ours: Marginal | None = None
    fresh: Marginal | None = None
    floor: dict[str, Seconds] | None = None
    plain: dict[str, Seconds] | None = None
    plain_notebook: Marginal | None = None
    by_workers: dict[int, Marginal] | None = None
    whole_class: WholeClass | None = None


def report(figures: Figures) -> str:
    """All tables for which there are figures."""
    parts = [
        _machine(),
        _table(("per submission", "CPU s", "wall s", "how"), _seconds(figures)),
        _table(("target", "wanted", "measured", ""), _targets(figures)),
        _table(("CPU s per submission", "autograder", "fresh kernels"), _profile(figures)),
    ]
    return "\n\n".join(part for part in parts if part)


def _machine() -> str:
    versions = [
        f"{name} {importlib.metadata.version(name)}" for name in ("tensorflow", "keras", "nbgrader")
    ]
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"{', '.join(versions)}; load of the last 15 minutes: {os.getloadavg()[2]:.1f}. "
        "A submission is both notebooks, solved."
    )


def _seconds(figures: Figures) -> Iterator[tuple]:
    for name, marginal in (
        ("(a) autograder", figures.ours),
        ("(b) (a) with fresh kernels", figures.fresh),
    ):
        if marginal:
            how = f"measured: {figures.submissions} submissions less 1"
            yield name, _s(marginal.cpu), _s(marginal.wall), how
            yield f"{name}: start", _s(marginal.start_cpu), _s(marginal.start_wall), "once in a run"
    if figures.floor:
        how = "measured: median of fresh processes that have imported everything, one thread"
        yield "(c) bare computations: networks", *map(_s, figures.floor[NETWORKS]), how
        yield "(c) bare computations: arrays", *map(_s, figures.floor[ARRAYS]), "load, scale, noise"
        yield "(c) for comparison: pictures", *map(_s, figures.floor[PICTURES]), "those of the solution"
    if figures.plain and figures.plain_notebook:
        yield from _plain_rows(figures.plain, figures.plain_notebook)
        how = "the sum; given code and tests not counted"
        yield "(d) plain nbgrader, full training", *map(_s, _plain_total(figures)), how


def _plain_rows(times: dict[str, Seconds], notebook: Marginal) -> Iterator[tuple]:
    count = len(EXERCISES)
    how = f"measured with a notebook that does nothing, times {count}"
    yield "(d) stock nbgrader and kernel", _s(count * notebook.cpu), _s(count * notebook.wall), how
    how = f"measured, times {count}"
    yield "(d) import tensorflow", *(_s(count * seconds) for seconds in times[IMPORT]), how
    for name in EXERCISES:
        steps, passes = plain.steps_and_passes(name)
        for what, one, repeated in (("training", step, steps), ("validation", validation, passes)):
            cpu, wall = times[one(name)]
            how = (
                f"one measured ({1000 * cpu:.0f} ms CPU, {1000 * wall:.0f} ms wall), times {repeated:,}"
            )
            yield f"(d) {what}, {name}", _s(repeated * cpu), _s(repeated * wall), how


def _plain_total(figures: Figures) -> Seconds:
    once = (figures.plain_notebook.cpu, figures.plain_notebook.wall)
    total = [len(EXERCISES) * (once[i] + figures.plain[IMPORT][i]) for i in range(2)]
    for name in EXERCISES:
        steps, passes = plain.steps_and_passes(name)
        for i in range(2):
            total[i] += (
                steps * figures.plain[step(name)][i] + passes * figures.plain[validation(name)][i]
            )
    return tuple(total)


def _targets(figures: Figures) -> Iterator[tuple]:
    ours = figures.ours and figures.ours.cpu
    if ours:
        yield _at_most("CPU seconds per submission, (a)", ours, 12, " s")
    if ours and figures.fresh:
        yield _at_least("preloading, (b)/(a) in CPU", figures.fresh.cpu / ours, 3)
    if ours and figures.floor:
        floor = 0.0
        for stage, name in ((NETWORKS, "networks"), (ARRAYS, "networks and arrays"), (PICTURES, "all")):
            floor += figures.floor[stage][0]
            yield _at_most(
                f"above the bare computations, (a)/(c) in CPU: {name}", ours / floor, 1.5, "×"
            )
    if ours and figures.plain:
        ratio = _plain_total(figures)[0] / ours
        yield _at_least("against the full training, (d)/(a) in CPU", ratio, 80)
    if figures.by_workers:
        one, two = figures.by_workers[1].wall, figures.by_workers[2].wall
        name = f"two workers (one more submission in {one:.1f} s with one, in {two:.1f} s with two)"
        yield _at_least(name, one / two, 1.7)
    if figures.whole_class:
        yield from _class_targets(figures.whole_class)


def _class_targets(whole: WholeClass) -> Iterator[tuple]:
    sizes = ", ".join(f"{size / MIB:,.0f} MiB at {done}" for done, size in whole.memory.items())
    growth = 100 * (whole.memory[max(whole.memory)] / whole.memory[min(whole.memory)] - 1)
    yield _at_most(f"growth of the grader's peak memory ({sizes})", growth, 10, " %")
    first, again = whole.first, whole.again
    name = f"grading again, unchanged: wall ({first.wall:.0f} s, then {again.wall:.1f} s)"
    yield _at_least(name, first.wall / again.wall, 20)
    name = f"grading again, unchanged: CPU ({first.cpu:.0f} s, then {again.cpu:.1f} s)"
    yield _at_least(name, first.cpu / again.cpu, 20)
    name = f"a class of {whole.size} ({3600 * whole.size / first.wall:,.0f} submissions an hour)"
    yield _at_most(name, first.wall / 60, whole.size / 10, " minutes")


def _profile(figures: Figures) -> Iterator[tuple]:
    """CPU seconds of one submission by role."""
    roles = [marginal.roles if marginal else {} for marginal in (figures.ours, figures.fresh)]
    for role in sorted(set().union(*roles)):
        yield role, *(_s(each[role]) if role in each else "" for each in roles)


def _at_most(name: str, value: float, limit: float, unit: str) -> tuple:
    return name, f"≤ {limit:g}{unit}", f"{value:.2f}{unit}", _said(value <= limit)


def _at_least(name: str, value: float, limit: float) -> tuple:
    return name, f"≥ {limit:g}×", f"{value:.2f}×", _said(value >= limit)


def _said(met: bool) -> str:
    return "met" if met else "**not met**"


def _s(seconds: float) -> str:
    return f"{seconds:.1f}"


def _table(head: tuple, rows: Iterator[tuple]) -> str:
    """A Markdown table; empty without rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines])
