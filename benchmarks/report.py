"""Prints the figures in Markdown: seconds per submission, which targets are met, where time goes."""

import importlib.metadata
import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.box import MARKDOWN
from rich.table import Table

from autograder.report.tables import WIDE, table_console
from benchmarks import plain
from benchmarks.runs import Marginal, WholeClass
from benchmarks.the_lab import EXERCISES
from benchmarks.times import ARRAYS, IMPORT, NETWORKS, PICTURES, Seconds, Times, step, validation

MIB = 2**20
Row = tuple[str, ...]


@dataclass
class Figures:
    """What was measured; None for what was not asked for."""

    submissions: int
    ours: Marginal | None = None
    fresh: Marginal | None = None
    floor: Times | None = None
    plain: Times | None = None
    plain_notebook: Marginal | None = None
    by_workers: dict[int, Marginal] | None = None
    whole_class: WholeClass | None = None


def show(figures: Figures) -> None:
    """Prints all tables for which there are figures."""
    print(_machine())
    show_table(("per submission", "CPU s", "wall s", "how"), _seconds(figures))
    show_table(("target", "wanted", "measured", ""), _targets(figures))
    show_table(("CPU s per submission", "autograder", "fresh kernels"), _profile(figures))


def show_table(head: Row, rows: Iterable[Row]) -> None:
    """Prints a table in Markdown, each row in one line; nothing if there are no rows."""
    table = Table(*head, box=MARKDOWN)
    for row in rows:
        table.add_row(*row)
    if table.rows:
        console = table_console()
        console.width = WIDE
        console.print(table)


def _machine() -> str:
    versions = [
        f"{name} {importlib.metadata.version(name)}" for name in ("tensorflow", "keras", "nbgrader")
    ]
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"{', '.join(versions)}; load of the last 15 minutes: {os.getloadavg()[2]:.1f}. "
        "A submission is both notebooks, solved."
    )


def _seconds(figures: Figures) -> Iterator[Row]:
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
        total = _plain_total(figures.plain, figures.plain_notebook)
        how = "the sum; given code and tests not counted"
        yield "(d) plain nbgrader, full training", *map(_s, total), how


def _plain_rows(times: Times, notebook: Marginal) -> Iterator[Row]:
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


def _plain_total(times: Times, notebook: Marginal) -> Seconds:
    cpu, wall = (
        len(EXERCISES) * (once + imported)
        for once, imported in zip((notebook.cpu, notebook.wall), times[IMPORT], strict=True)
    )
    for name in EXERCISES:
        for what, count in zip((step, validation), plain.steps_and_passes(name), strict=True):
            cpu, wall = cpu + count * times[what(name)][0], wall + count * times[what(name)][1]
    return cpu, wall


def _targets(figures: Figures) -> Iterator[Row]:
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
    if ours and figures.plain and figures.plain_notebook:
        ratio = _plain_total(figures.plain, figures.plain_notebook)[0] / ours
        yield _at_least("against the full training, (d)/(a) in CPU", ratio, 80)
    if figures.by_workers:
        one, two = figures.by_workers[1].wall, figures.by_workers[2].wall
        name = f"two workers (one more submission in {one:.1f} s with one, in {two:.1f} s with two)"
        yield _at_least(name, one / two, 1.7)
    if figures.whole_class:
        yield from _class_targets(figures.whole_class)


def _class_targets(whole: WholeClass) -> Iterator[Row]:
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


def _profile(figures: Figures) -> Iterator[Row]:
    """Yields CPU seconds of one submission by role."""
    roles = [marginal.roles if marginal else {} for marginal in (figures.ours, figures.fresh)]
    for role in sorted(set().union(*roles)):
        yield role, *(_s(each[role]) if role in each else "" for each in roles)


def _at_most(name: str, value: float, limit: float, unit: str) -> Row:
    return name, f"≤ {limit:g}{unit}", f"{value:.2f}{unit}", _said(value <= limit)


def _at_least(name: str, value: float, limit: float) -> Row:
    return name, f"≥ {limit:g}×", f"{value:.2f}×", _said(value >= limit)


def _said(met: bool) -> str:
    return "met" if met else "**not met**"


def _s(seconds: float) -> str:
    return f"{seconds:.1f}"
