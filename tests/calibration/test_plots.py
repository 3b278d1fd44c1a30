"""Plots are SVG elements that are the same for the same results."""

from measurements import bound, drawn

from autograder.calibration import plots, power


def test_plots_mark_the_bound_and_are_repeatable():
    found, rows = bound(), power.rows(drawn())
    for plot in (
        lambda: plots.histograms(found),
        lambda: plots.tail(found),
        lambda: plots.strips(rows, found.value),
    ):
        svg = plot()
        assert svg.startswith("<svg")
        assert f"bound {found.value:g}" in svg
        assert plot() == svg


def test_nothing_is_marked_where_there_is_no_bound():
    found = bound(right=0.97)
    assert "bound" not in plots.histograms(found) + plots.tail(found)
