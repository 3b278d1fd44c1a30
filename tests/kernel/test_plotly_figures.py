"""Plotly's figures become pixels, in which the judge can find images."""

import importlib.util
import subprocess
import sys

import pytest

LACKS = importlib.util.find_spec("plotly") is None
# In a process of its own: what is replaced is replaced for good.
PROGRAM = """
import numpy as np

from autograder.kernel import plotly_figures

plotly_figures.install()
import plotly.express as px
import plotly.graph_objects as go

shown = []
plotly_figures.display = shown.append
images = np.arange(4 * 28 * 28, dtype=np.float32).reshape(4, 28, 28) % 97
several, one, colours, of_objects = (
    px.imshow(images, facet_col=0, facet_col_wrap=2),
    px.imshow(images[0]),
    px.imshow(np.repeat(images[0, ..., None], 3, axis=-1).astype(np.uint8)),
    go.Figure(go.Heatmap(z=images[0])),
)
for figure in (several, one, colours, of_objects):
    figure.show()
one._ipython_display_()
assert [each.data[:4] for each in shown] == [b"\\x89PNG"] * 5
drawn = [list(plotly_figures._images(each)) for each in (several, one, colours, of_objects)]
assert [len(each) for each in drawn] == [4, 1, 1, 1]
assert [each[0][1] for each in drawn] == [False, False, False, True]
assert np.array_equal(sorted(array.sum() for array, _ in drawn[0]), sorted(images.sum((1, 2))))
"""


@pytest.mark.skipif(LACKS, reason="Plotly is not installed")
def test_heatmaps_and_images_are_shown_as_pixels():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
