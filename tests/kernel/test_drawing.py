"""Images in rendered figures are recorded, with their places in the file."""

import hashlib
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure

from autograder.kernel import drawing


@pytest.fixture
def screen(monkeypatch):
    """A recorder of the figures of one test."""
    monkeypatch.setattr(FigureCanvasBase, "print_figure", FigureCanvasBase.print_figure)
    monkeypatch.setattr(Figure, "draw", Figure.draw)
    recorder = drawing.ScreenRecorder()
    recorder.install()
    yield recorder
    plt.close("all")


@pytest.fixture
def figure():
    """A figure of 100×100 pixels that one image fills."""
    figure = Figure(figsize=(1, 1), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(np.eye(28), cmap="gray")
    axes.set_axis_off()
    return figure


def test_an_image_is_recorded_with_its_file_box_and_colours(screen, figure):
    file = io.BytesIO()
    for _ in range(2):
        file.seek(0)
        figure.savefig(file, format="png", dpi=100)

    (drawn,) = screen.drawings
    assert drawn.picture == hashlib.sha256(file.getvalue()).hexdigest()
    assert drawn.box == pytest.approx((0, 0, 100, 100))
    np.testing.assert_array_equal(drawn.array, np.eye(28))
    assert drawn.colours[[0, -1]].tolist() == [[0, 0, 0], [255, 255, 255]]


def test_an_image_that_is_drawn_upside_down_begins_below(screen, figure):
    figure.axes[0].invert_yaxis()
    figure.savefig(io.BytesIO(), format="png", dpi=100)
    assert screen.drawings[0].box == pytest.approx((0, 100, 100, 0))


def test_a_figure_without_images_or_in_a_file_that_is_lost_is_no_picture(screen, figure, tmp_path):
    figure.savefig(tmp_path / "saved")
    Figure().savefig(tmp_path / "empty.png")
    (drawn,) = screen.drawings
    assert drawn.picture == hashlib.sha256((tmp_path / "saved.png").read_bytes()).hexdigest()


def test_drawings_are_bounded(screen, figure, monkeypatch):
    monkeypatch.setattr(drawing, "MAX_PIXELS", 28 * 28 - 1)
    figure.savefig(io.BytesIO(), format="png")
    assert not screen.drawings
