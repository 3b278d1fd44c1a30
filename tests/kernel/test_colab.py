"""Functions of Google Colab work elsewhere, or a person is told that they cannot."""

import pytest

from autograder.judge.shown_pictures import pictures
from autograder.kernel import watchers

IMPORTS = "import numpy as np\nfrom google.colab.patches import cv2_imshow\n"


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 3), (28, 28, 4), (9, 9, 1)])
def test_an_image_of_opencv_is_shown(kernel, shape):
    import nbformat

    cells = [nbformat.v4.new_code_cell(f"{IMPORTS}cv2_imshow(np.full({shape}, 300))")]
    (cell,) = kernel.run(nbformat.v4.new_notebook(cells=cells)).cells
    assert len(pictures(cell.outputs)) == 1


def test_neither_drive_nor_uploads_are_there(kernel):
    assert not kernel.errors(
        "from google.colab import drive, files\ndrive.mount('/content/drive')",
        "assert files.upload() == {}",
    )
    assert [word for what in watchers.current().incidents for word in what.split() if word == "Drive"]
    assert any("upload" in what for what in watchers.current().incidents)
