"""Plots are SVG elements that are the same for the same results."""

from measurements import drawn, trained

from autograder.calibration import derivation, plots, power


def test_plots_mark_the_bound_and_are_repeatable():
    (bound, _), rows = derivation.of(trained()), power.rows(drawn())
    for plot in (
        lambda: plots.histograms(bound),
        lambda: plots.tail(bound),
        lambda: plots.strips(rows, bound.value),
    ):
        svg = plot()
        assert svg.startswith("<svg")
        assert f"bound {bound.value:g}" in svg
        assert plot() == svg
