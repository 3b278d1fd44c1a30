"""Windows fail with a remark, and sliders are an incident."""

import pytest

from autograder.kernel import watchers


@pytest.mark.parametrize(
    "cell",
    [
        "import matplotlib\nmatplotlib.use('TkAgg')",
        "import matplotlib.pyplot as plt\nplt.switch_backend('Qt5Agg')",
    ],
)
def test_figures_stay_inline(kernel, cell, capsys):
    assert not kernel.errors(
        cell, "import matplotlib\nassert 'inline' in matplotlib.get_backend(), matplotlib.get_backend()"
    )
    assert "[grading] figures are shown inline here" in capsys.readouterr().out


def test_windows_of_opencv_do_nothing(kernel, capsys):
    pytest.importorskip("cv2", reason="OpenCV is not installed")
    assert not kernel.errors(
        "import cv2, numpy as np\ncv2.imshow('a digit', np.zeros((28, 28)))\ncv2.waitKey(0)\n"
        "cv2.destroyAllWindows()\nassert cv2.resize(np.zeros((28, 28)), (56, 56)).shape == (56, 56)"
    )
    assert "cv2.imshow does nothing here" in capsys.readouterr().out


def test_a_slider_that_waits_to_be_moved_is_an_incident(kernel):
    pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")
    assert not kernel.errors("from ipywidgets import interact\ninteract(lambda i: print(i), i=(0, 9))")
    assert "nobody moves a slider" in watchers.current().incidents[0]


def test_progress_bars_are_no_sliders(kernel):
    pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")
    assert not kernel.errors("import ipywidgets\nipywidgets.IntProgress(3)")
    assert not watchers.current().incidents
