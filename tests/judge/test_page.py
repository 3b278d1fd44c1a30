"""An image that was drawn counts if it can be seen in the pictures sent to the page."""

import base64
import dataclasses
import hashlib
import io
import struct
import zlib

import matplotlib
import numpy as np
import pytest
from IPython.core.pylabtools import print_figure
from matplotlib import pyplot as plt
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from PIL import Image
from scipy.ndimage import gaussian_filter

from autograder.judge import page
from autograder.kernel.drawing import ScreenRecorder

COUNT = 10


@pytest.fixture(autouse=True)
def screen(monkeypatch):
    """Watches the figures of one test."""
    monkeypatch.setattr(FigureCanvasBase, "print_figure", FigureCanvasBase.print_figure)
    monkeypatch.setattr(Figure, "draw", Figure.draw)
    recorder = ScreenRecorder()
    recorder.install()
    # rc_context would leave another backend behind.
    with plt.rc_context(matplotlib.rcParamsDefault | {"backend": matplotlib.get_backend()}):
        yield recorder
    plt.close("all")


@pytest.fixture
def digits(reference):
    return reference.test_images(np.arange(COUNT))[..., 0]


@pytest.fixture
def noisy(digits):
    return digits + np.random.default_rng(0).normal(0, 0.2, digits.shape).astype(np.float32)


def sent(kind="png", **arguments):
    """All figures as the notebook sends them."""
    return [base64_of(print_figure(plt.figure(n), kind, **arguments)) for n in plt.get_fignums()]


def base64_of(content):
    return base64.b64encode(content).decode()


def unseen(screen, pictures, size=28):
    """For each digit that was drawn, why it cannot be seen."""
    sights, _ = page.look(screen.drawings, pictures)
    whole = (slice(None), slice(None))
    return [sight.why_unseen(whole) for sight in sights if min(sight.array.shape) >= size]


def rows(images, *others, figure=None, each=lambda axes: None, **how):
    """One row of axes for each set of images."""
    _, axes = plt.subplots(1 + len(others), len(images), squeeze=False, **(figure or {}))
    for axes_row, row in zip(axes, (images, *others), strict=True):
        for one, image in zip(axes_row, row, strict=True):
            one.imshow(image, **how)
            each(one)


def meshes(images):
    for one, image in zip(plt.subplots(1, COUNT, figsize=(20, 2))[1], images, strict=True):
        one.pcolormesh(image)


def polygons(images):
    for one, image in zip(plt.subplots(1, 3, figsize=(6, 2))[1], images, strict=False):
        one.pcolor(image, cmap="jet")
        one.invert_yaxis()


def parts_of_figures(images):
    for part in plt.figure(figsize=(12, 4)).subfigures(2, 1):
        for one, image in zip(part.subplots(1, COUNT), images, strict=True):
            one.imshow(image)


def in_a_box(images):
    axes = plt.subplots()[1]
    for i in range(4):
        axes.add_artist(AnnotationBbox(OffsetImage(images[i], zoom=1.5), (0.1 + 0.25 * i, 0.5)))


def on_one_axes(images):
    axes = plt.subplots(figsize=(10, 2))[1]
    for i, image in enumerate(images):
        axes.imshow(image, extent=(i, i + 1, 0, 1))
    axes.set(xlim=(0, COUNT), ylim=(0, 1))


def with_colorbars(images):
    for one, image in zip(plt.subplots(1, 4, figsize=(12, 2))[1], images, strict=False):
        plt.colorbar(one.imshow(image), ax=one)


def laid_on_the_figure(images):
    plt.figure().add_axes((0.8, 0.8, 0.1, 0.1))
    plt.figimage(images[0])
    plt.figimage(images[1], 40, 60, origin="lower")


SEEN = {
    "where labels cover the next image": lambda a, b: rows(a, b, cmap="gray_r"),
    "grey on grey": lambda a, b: rows(0.5 + a / 30, 0.5 + b / 30, cmap="gray", vmin=0, vmax=1),
    "blurred": lambda a, b: rows([gaussian_filter(image, 1.5) for image in a], b, cmap="Blues"),
    "tight": lambda a, b: (rows(a, b), plt.tight_layout()),
    "constrained": lambda a, b: rows(a, b, figure={"layout": "constrained"}, cmap="twilight"),
    "small": lambda a, b: rows(a, b, figure={"dpi": 72}, cmap="hot"),
    "wide": lambda a, b: rows(a, b, figure={"figsize": (20, 4)}, each=lambda axes: axes.axis("off")),
    "square": lambda a, b: rows(a, b, figure={"figsize": (8, 8)}, each=lambda axes: axes.set_title("7")),
    "smooth": lambda a, b: rows(a, b, interpolation="bicubic"),
    "upside down": lambda a, b: rows(a, b, origin="lower", aspect="auto"),
    "mirrored": lambda a, b: rows(a, b, each=lambda axes: (axes.invert_xaxis(), axes.invert_yaxis())),
    "under a grid": lambda a, b: rows(a, b, each=lambda axes: axes.grid(True), cmap="jet"),
    "with a note": lambda a, b: rows(a, b, each=lambda axes: axes.text(2, 8, "7", color="red")),
    "translucent": lambda a, b: rows(a, b, alpha=0.5),
    "as bytes": lambda a, b: rows(np.round(255 * a), cmap="gray", vmin=0, vmax=255),
    "in colours of their own": lambda a, b: rows(np.repeat(a[..., None], 3, axis=-1)),
    "flat": lambda a, b: rows(0 * a, 0 * b + 0.5, cmap="gray", vmin=0, vmax=1),
    "almost flat": lambda a, b: rows(0.5 + 1e-6 * b, cmap="gray"),
    "a strip": lambda a, b: plt.imshow(np.vstack([np.hstack(list(a)), np.hstack(list(b))])),
    "as matrices": lambda a, b: [plt.matshow(image) for image in a[:3]],
    "meshes": lambda a, b: meshes(a),
    "polygons": lambda a, b: polygons(a),
    "in parts of figures": lambda a, b: parts_of_figures(a),
    "in a box": lambda a, b: in_a_box(a),
    "on one axes": lambda a, b: on_one_axes(a),
    "with colorbars": lambda a, b: with_colorbars(a),
    "laid on the figure": lambda a, b: laid_on_the_figure(a),
}


@pytest.mark.parametrize("draw", SEEN.values(), ids=SEEN)
def test_an_image_is_seen_however_it_is_drawn(screen, digits, noisy, draw):
    draw(digits, noisy)
    found = unseen(screen, sent())
    assert found
    assert set(found) == {""}


@pytest.mark.parametrize(
    "arguments", [{"kind": "retina"}, {"kind": "jpeg"}, {"bbox_inches": None}], ids=str
)
def test_an_image_is_seen_in_any_format(screen, digits, noisy, arguments):
    rows(digits, noisy)
    assert unseen(screen, sent(**arguments)) == [""] * 20


@pytest.mark.parametrize("name", ["digits.png", "digits", "digits.jpg"])
def test_a_figure_may_be_shown_from_its_file(screen, digits, tmp_path, name):
    rows(digits)
    plt.savefig(tmp_path / name)
    (file,) = tmp_path.iterdir()
    assert unseen(screen, [base64_of(file.read_bytes())]) == [""] * COUNT


def one_spot(images):
    figure = plt.figure()
    for i, image in enumerate(images):
        figure.add_axes((0.1, 0.1, 0.8, 0.8), label=str(i)).imshow(image)


def under_another(images):
    rows(images)
    plt.gcf().add_axes((0, 0, 1, 1), zorder=5)


HIDDEN = {
    "without colour": (lambda a: rows(a, alpha=0), page.FAINT),
    "all black": (lambda a: rows(a, cmap="gray", vmin=0, vmax=255), page.FAINT),
    "all white": (lambda a: rows(a, cmap="gray", vmin=-9, vmax=-8), page.FAINT),
    "ten pixels wide": (lambda a: rows(a, figure={"figsize": (1.6, 0.5)}), page.SMALL),
    "below others": (under_another, page.COVERED),
    "invisible": (lambda a: rows(a, each=lambda axes: axes.set_visible(False)), page.COVERED),
    "cut off": (lambda a: rows(a, each=lambda axes: axes.set(xlim=(0, 3))), page.COVERED),
}


@pytest.mark.parametrize(("draw", "why"), HIDDEN.values(), ids=HIDDEN)
def test_an_image_that_cannot_be_seen_does_not_count(screen, digits, draw, why):
    draw(digits)
    assert unseen(screen, sent()) == [why] * COUNT


def test_only_the_topmost_image_in_a_place_counts(screen, digits):
    one_spot(digits)
    found = unseen(screen, sent())
    assert sorted(found) == ["", *[page.COVERED] * (COUNT - 1)]
    top = page.look(screen.drawings, sent())[0][found.index("")]
    np.testing.assert_array_equal(top.array, digits[-1])


def test_a_figure_that_was_only_saved_does_not_count(screen, digits, tmp_path):
    rows(digits)
    plt.savefig(io.BytesIO())
    plt.savefig(tmp_path / "digits.png")
    plt.close("all")
    plt.plot([1, 2])
    assert unseen(screen, sent())[:COUNT] == [page.NOT_SHOWN] * COUNT


def test_false_places_colours_and_pictures_earn_nothing(screen, digits):
    rows(digits)
    (picture,) = sent()
    honest = screen.drawings
    plt.close("all")
    plt.plot([1, 2])
    (other,) = sent()

    def judged(shown=picture, **changes):
        screen.drawings = [dataclasses.replace(drawing, **changes) for drawing in honest]
        return set(unseen(screen, [shown]))

    assert judged() == {""}
    another = hashlib.sha256(base64.b64decode(other)).hexdigest()
    assert judged(other, picture=another) == {page.COVERED}
    assert judged(other) == {page.NOT_SHOWN}
    assert judged(box=(0.0, 0.0, 60.0, 60.0)) == {page.COVERED}
    assert judged(box=(-1e5, -1e5, 1e5, 1e5)) == {page.COVERED}
    assert judged(colours=np.full((2, 3), 255, np.float32)) == {page.FAINT}
    assert judged(colours=np.full((2, 3), np.nan, np.float32)) == {page.COVERED}


def chunk(kind, content):
    return (
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    )


def black(width, height, *between):
    """A black PNG of one bit for each pixel."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    lines = zlib.compress(bytes((width // 8 + 1) * height))
    return (
        b"\x89PNG\r\n\x1a\n" + header + b"".join(between) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")
    )


HOSTILE = {
    "nothing": b"",
    "no picture": b"<svg/>",
    "cut off": black(80, 80)[:60],
    "a bomb of pixels": black(20_000, 20_000),
    "a million empty parts": black(80, 80, *[chunk(b"tEXt", b"")] * 1_000_000),
    "a bomb of text": black(80, 80, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000)))),
    "scans without end": b"\xff\xd8" + b"\xff\xda\x00\x08" * 1_000_000,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_picture_shows_nothing_and_takes_no_time(screen, digits, content):
    rows(digits[:1])
    sent()
    digest = hashlib.sha256(content).hexdigest()
    drawings = [dataclasses.replace(screen.drawings[0], picture=digest)]
    (sight,), _ = page.look(drawings, [base64_of(content)])
    assert sight.hidden in (page.NOT_SHOWN, page.COVERED)


@pytest.mark.parametrize("picture", ["", "%", "é", "A" * 7])
def test_data_that_is_not_a_picture_is_left_out(picture):
    assert page.look([], [picture]) == ([], [])


def test_a_figure_that_another_library_showed_again_is_seen(screen, digits):
    rows(digits, cmap="twilight")
    (picture,) = sent()
    copy = io.BytesIO()
    Image.open(io.BytesIO(base64.b64decode(picture))).save(copy, "PNG", compress_level=1)
    assert unseen(screen, [base64_of(copy.getvalue())])[:COUNT] == [""] * COUNT


def film(digits, frames):
    """Figures of one digit each, all in the same place, and a GIF of some of them."""
    for digit in digits:
        plt.figure(figsize=(3, 3))
        plt.imshow(digit, cmap="gray")
    pictures = [Image.open(io.BytesIO(base64.b64decode(picture))).convert("L") for picture in sent()]
    shown = [pictures[i] for i in frames]
    file = io.BytesIO()
    shown[0].save(file, "GIF", save_all=True, append_images=shown[1:])
    return base64_of(file.getvalue())


@pytest.mark.parametrize("frames", [range(COUNT), range(4), [7]], ids=len)
def test_each_frame_of_an_animation_is_seen_and_nothing_else(screen, digits, frames):
    found = unseen(screen, [film(digits, frames)])
    assert found == [""] * len(frames) + [page.NOT_SHOWN] * COUNT


def test_a_gif_shows_its_first_picture(screen, digits):
    rows(digits, cmap="gray")
    (picture,) = sent()
    copy = io.BytesIO()
    Image.open(io.BytesIO(base64.b64decode(picture))).convert("L").save(copy, "GIF")
    assert unseen(screen, [base64_of(copy.getvalue())])[:COUNT] == [""] * COUNT


def test_a_gif_of_many_parts_is_not_read():
    parts = b"!\xfe\x01a\x00" * 1_000_000
    assert page.look([], [base64_of(b"GIF89a\x01\x00\x01\x00\x00\x00\x00" + parts)]) == ([], [])
