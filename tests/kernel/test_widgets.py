"""Pictures in widgets are shown as pictures, which feedback and judge can see."""

import pytest

from autograder.judge.shown_pictures import pictures
from autograder.kernel import watchers

pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")

PICTURE = """
import io, ipywidgets, numpy as np
from PIL import Image
def picture(**options):
    file = io.BytesIO()
    Image.fromarray(np.uint8(np.eye(28) * 255)).save(file, "png")
    return ipywidgets.Image(value=file.getvalue(), format="png", **options)
"""


def shown(kernel, last_line):
    """The pictures of the output of a cell that ends with this line."""
    import nbformat

    cells = [nbformat.v4.new_code_cell(PICTURE + last_line)]
    executed = kernel.run(nbformat.v4.new_notebook(cells=cells))
    return pictures(executed.cells[0].outputs)


@pytest.mark.parametrize(
    ("last_line", "number"),
    [
        ("picture()", 1),
        ("picture(width=56, height=56)", 1),
        ("ipywidgets.VBox([ipywidgets.Label('a'), ipywidgets.HBox([picture(), picture()])])", 2),
        ("one = picture()\nipywidgets.HBox([one, one])", 1),
        ("picture(width=1, height=1)", 0),
        ("ipywidgets.Label('nothing')", 0),
    ],
)
def test_pictures_of_a_widget_are_in_the_output(kernel, last_line, number):
    assert len(shown(kernel, last_line)) == number
    assert not watchers.current().incidents


def test_a_picture_that_only_a_front_end_would_fill_is_an_incident(kernel):
    assert not shown(kernel, "ipywidgets.Image()")
    assert "an image widget is empty" in watchers.current().incidents[0]
