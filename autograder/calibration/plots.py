"""Makes the plots of the page, each as an SVG element."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from autograder.calibration.derivation import REJECTIONS, Bound, Source
from autograder.calibration.kinds import RIGHT, WRONG
from autograder.calibration.power import Row

COLOURS = {RIGHT: "#2a7f62", WRONG: "#c44536"}
LEAST = REJECTIONS / 10
"""The smallest probability that is drawn."""


def histograms(bound: Bound) -> str:
    """Plots right and wrong errors on each source of images, and the bound between them."""
    figure = Figure((8.5, 1.9 * len(bound.sources) + 0.6), layout="constrained")
    rows = figure.subplots(len(bound.sources), sharex=True, squeeze=False)[:, 0]
    errors = {
        (source.name, label): [each.error for each in source.of(label)]
        for source in bound.sources
        for label in COLOURS
    }
    every = np.concatenate(list(errors.values()))
    bins = np.geomspace(every.min() * 0.95, every.max() * 1.05, 90)
    for axes, source in zip(rows, bound.sources, strict=True):
        for label, colour in COLOURS.items():
            found = errors[source.name, label]
            axes.hist(
                found,
                bins,
                color=colour,
                alpha=0.75,
                histtype="stepfilled",
                label=f"{label} ({len(found)})",
            )
        _mark_told_apart(axes, bound)
        axes.set(xscale="log", ylabel="trainings", title=source.name)
        axes.legend(frameon=False, fontsize=8)
    rows[-1].set_xlabel("error on held-out images / error of the mean image")
    return _svg(figure)


def tail(bound: Bound) -> str:
    """Plots how rarely right networks would exceed an error if training ended as early as possible."""
    figure = Figure((8.5, 3.2), layout="constrained")
    columns = figure.subplots(1, len(bound.sources), sharey=True, squeeze=False)[0]
    for axes, source in zip(columns, bound.sources, strict=True):
        _tail(axes, source, bound)
        axes.set_title(source.name)
        axes.set_xlabel("error, had training ended at once")
    columns[0].set_ylabel("share of right networks above")
    columns[0].legend(frameon=False, fontsize=7, loc="lower left")
    return _svg(figure)


def _tail(axes: Axes, source: Source, bound: Bound) -> None:
    count = len(source.at_worst)
    # The largest of n errors is exceeded with a probability of about 1/(2n).
    shares = (count - np.arange(count) - 0.5) / count
    axes.step(source.at_worst, shares, color=COLOURS[RIGHT], label="counted")
    shown = np.linspace(source.tail.threshold, 1.05 * bound.nearest.nearest.error, 60)
    axes.plot(shown, source.tail.exceeds(shown), color="#333333", lw=1.2, label="fitted")
    above = np.array([np.where(shown < t.threshold, np.nan, t.exceeds(shown)) for t in source.resampled])
    axes.fill_between(
        *(shown, *np.nanquantile(above, (0.05, 0.95), axis=0)),
        color="#333333",
        alpha=0.15,
        lw=0,
        label="90 of 100 resamples",
    )
    axes.axvline(bound.nearest.nearest.error, color=COLOURS[WRONG], lw=1, label="nearest wrong")
    axes.axhline(REJECTIONS, color="#999999", lw=0.8, ls=":")
    _mark_told_apart(axes, bound)
    axes.set(yscale="log", ylim=(LEAST, 1))


def strips(noise: Sequence[Row], bound: float) -> str:
    """Plots how unlikely each kind of noise is for the tests, and the bound beyond which it fails."""
    kinds = list(dict.fromkeys(row.kind for row in noise))
    figure = Figure((8.5, 0.19 * len(kinds) + 0.8), layout="constrained")
    axes = figure.subplots()
    for label, colour in COLOURS.items():
        rows = [row for row in noise if row.right is (label == RIGHT)]
        places = [kinds.index(row.kind) for row in rows]
        least, most = ([row.unlikely[end] for row in rows] for end in (0, -1))
        axes.hlines(places, least, most, color=colour, lw=4, capstyle="round", alpha=0.5)
    _mark(axes, bound)
    axes.set(xscale="log", xlabel="−log10 of the probability of the least likely test, least to most")
    axes.set_yticks(range(len(kinds)), kinds, fontsize=7)
    axes.set_ylim(len(kinds) - 0.5, -0.5)
    axes.legend(frameon=False, fontsize=7)
    return _svg(figure)


def _mark_told_apart(axes: Axes, bound: Bound) -> None:
    if bound.told_apart:
        _mark(axes, bound.value)


def _mark(axes: Axes, bound: float) -> None:
    axes.axvline(bound, color="black", lw=1.2, ls="--", label=f"bound {bound:g}")


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    # Text stays text, and equal numbers give equal files.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "calibration"}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    return "\n".join(line.strip() for line in svg[svg.index("<svg") :].splitlines())
