"""Known images are found in unknown pictures, whatever drew them."""

import functools
import io

import matplotlib
import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from autograder.judge import search
from autograder.judge.search import Search

COUNT = 10
WIDTH = {"nearest": 84, "bilinear": 100, "bicubic": 112, "lanczos": 140, "box": 20}


@pytest.fixture(scope="module")
def rows(reference):
    """30 noisy images of 28×28, a network's possible outputs for them, and the clean images."""
    clean = reference.test_images(np.arange(COUNT))[..., 0]
    noise = np.random.default_rng(0).normal(0, 0.2, (2, *clean.shape))
    outputs = np.stack([gaussian_filter(image, 0.7) for image in clean]) + 0.2 * noise[1]
    return np.concatenate([clean + noise[0], np.clip(outputs, 0, 1), clean]).astype(np.float32)


def found(images, pictures):
    """How many of the noisy, the restored and the clean images are found."""
    looked = Search(list(images))
    looked.look_at([picture.convert("RGB") for picture in pictures])
    return [sum(looked.found[i : i + COUNT]) for i in (0, COUNT, 2 * COUNT)]


def grey(image):
    return Image.fromarray(np.uint8(255 * np.clip(image, 0, 1)))


def coloured(image, cmap):
    return Image.fromarray(np.uint8(255 * matplotlib.colormaps[cmap](image)[..., :3]))


def enlarged(image, how):
    return grey(image).resize((WIDTH[how], WIDTH[how]), Image.Resampling[how.upper()])


def as_jpeg(image):
    file = io.BytesIO()
    grey(image).resize((84, 84), Image.Resampling.NEAREST).save(file, "JPEG")
    return Image.open(file)


def wrapped(image):
    return Image.fromarray((255 * image).astype(int).astype(np.uint8))


SINGLE = {
    "as they are": grey,
    "inverted": lambda image: grey(1 - image),
    "wrapped around in bytes": wrapped,
    "as JPEG": as_jpeg,
    **{how: functools.partial(enlarged, how=how) for how in WIDTH},
    **{cmap: functools.partial(coloured, cmap=cmap) for cmap in ("viridis", "jet", "RdBu", "hot")},
}


@pytest.mark.parametrize("draw", SINGLE.values(), ids=SINGLE)
def test_one_picture_for_each_image(rows, draw):
    assert found(rows, map(draw, rows)) == [COUNT] * 3


def pasted(images, side, gap, paper):
    """Pictures of a library of images, in rows of ten."""
    sheet = Image.new(
        "L", (COUNT * (side + gap) + gap, len(images) // COUNT * (side + gap) + gap), paper
    )
    for i, image in enumerate(images):
        row, column = divmod(i, COUNT)
        tile = grey(image).resize((side, side), Image.Resampling.NEAREST)
        sheet.paste(tile, (gap + column * (side + gap), gap + row * (side + gap)))
    return sheet


MONTAGES = {
    "close together": (28, 0, 0),
    "with white lines": (56, 4, 255),
    "on black": (60, 8, 0),
    "on grey": (64, 3, 128),
    "each in a frame of a pixel that was enlarged, too": (84, 6, 128),
}


@pytest.mark.parametrize("how", MONTAGES.values(), ids=MONTAGES)
def test_a_montage_of_all(rows, how):
    assert found(rows, [pasted(rows, *how)]) == [COUNT] * 3


@pytest.mark.parametrize("how", [MONTAGES["close together"], MONTAGES["with white lines"]], ids=str)
def test_an_image_that_is_missing_is_not_found(rows, how):
    assert found(rows, [pasted(rows[: 2 * COUNT], *how)]) == [COUNT, COUNT, 0]
    assert found(rows, [pasted(np.delete(rows, range(COUNT, 2 * COUNT), 0), *how)]) == [COUNT, 0, COUNT]


def test_a_picture_rounded_to_black_and_white_is_another(rows):
    assert found(rows, [grey(image > 0.5) for image in rows])[:2] == [0, 0]


def test_other_digits_are_not_found(rows, reference):
    others = reference.test_images(np.arange(COUNT, 4 * COUNT))[..., 0]
    assert found(rows, [grey(image) for image in others]) == [0, 0, 0]


def test_the_search_of_many_large_pictures_is_limited(rows, monkeypatch):
    monkeypatch.setattr(search, "MAX_TRANSFORMED", 4_000_000)
    monkeypatch.setattr(search, "MAX_REFINED", 5)
    noise = np.random.default_rng(0).integers(0, 256, (400, 500, 3), np.uint8)
    looked = Search(list(rows))
    looked.look_at([Image.fromarray(noise)] * 40)
    assert not any(looked.found)
    assert looked.cut_short
    assert looked._transformed < 2 * search.MAX_TRANSFORMED


def test_the_refinement_of_large_images_is_limited(rows, monkeypatch):
    monkeypatch.setattr(search, "MAX_COMPARED", 1_000_000)
    looked = Search(list(rows))
    looked.look_at([pasted(rows, 60, 8, 0)])
    assert looked.cut_short
    assert sum(looked.found) < 5


def test_a_perfect_fit_rules_out_an_image_that_is_nearly_the_same(rows):
    shown = rows[2 * COUNT]
    other = shown + np.random.default_rng(0).normal(0, 0.02, shown.shape).astype(np.float32)
    looked = Search([shown, other])
    looked.look_at([grey(shown).convert("RGB")])
    assert looked.found == [True, False]
