"""Criterion `visualization`: which of the required pictures were drawn, and are on the page."""

import base64
import dataclasses
import io

import numpy as np
import pytest
from by_hand import (
    CHANNELS_LAST,
    NO_MODEL,
    ROWS,
    conv,
    evidence,
    layer,
    network,
    one_convolution,
    point,
    sample,
)
from PIL import Image
from the_lab import AUTOENCODER, DENOISING

from autograder.judge import rebuild
from autograder.judge.visualization import judge_visualization
from autograder.protocol.evidence import Drawing

SHIFT = one_convolution(point(1, row=0, column=0))
"""Moves every image by one pixel, so that its outputs are no others' pictures."""


@pytest.fixture
def clean(reference):
    """The first test images, (10, 28, 28)."""
    return reference.test_images(np.arange(AUTOENCODER.shown))[..., 0]


@pytest.fixture
def noisy(reference):
    """The sampled noisy test images."""
    images = reference.test_images(np.array(ROWS))
    noise = np.random.default_rng(1).normal(0, 0.2, images.shape)
    return sample(images + noise, reference.images.test_count)


def outputs(images):
    """The network's outputs for images (n, 28, 28)."""
    return rebuild.run(SHIFT, images[..., None].astype(np.float32))[..., 0]


@pytest.fixture
def judged(reference, noisy):
    def judge(drawings, model=SHIFT, exercise=AUTOENCODER):
        arrays = {"x_test_noisy": noisy} if exercise.noise else {}
        drawn = tuple(as_drawn(drawing) for drawing in drawings)
        shown = evidence("visualization", model, arrays=arrays, drawings=drawn)
        return judge_visualization(shown, exercise, reference)

    return judge


def as_drawn(image):
    """An image in a figure that the page does not show."""
    return Drawing("0" * 64, (0, 0, 30, 30), np.asarray(image, np.float32), np.zeros((2, 3), np.float32))


def strip(images):
    return np.hstack(list(images))


WAYS = {
    "one picture each": lambda a, b: [*a, *b],
    "in another order": lambda a, b: [*b[::-1], *a[::-1]],
    "one montage": lambda a, b: [np.vstack([strip(a), strip(b)])],
    "two strips": lambda a, b: [strip(a), strip(b)],
    "side by side": lambda a, b: [np.hstack(pair) for pair in zip(a, b, strict=True)],
    "with a frame": lambda a, b: [np.pad(image, 3, constant_values=1) for image in (*a, *b)],
    "as bytes": lambda a, b: [np.round(255 * image) for image in (*a, *b)],
    "inverted": lambda a, b: [1 - image for image in (*a, *b)],
    "brighter": lambda a, b: [0.2 + 0.6 * image for image in (*a, *b)],
    "with others around": lambda a, b: [np.ones((40, 90)), *a, np.zeros((5, 5)), *b],
}


@pytest.mark.parametrize("draw", WAYS.values(), ids=WAYS)
def test_any_layout_earns_all(judged, clean, draw):
    verdict = judged(draw(clean, outputs(clean)))
    assert verdict.credit == 1, verdict


def test_each_picture_that_is_missing_costs_its_share(judged, clean):
    verdict = judged([*clean[:7], *outputs(clean)[:4]])
    assert verdict.credit == pytest.approx(11 / 20)
    assert verdict.problems == (
        "3 of the 10 inputs are missing.",
        "6 of the 10 outputs of the model are missing.",
    )


@pytest.mark.parametrize("way", WAYS)
def test_denoising_shows_three_rows(judged, clean, noisy, way):
    inputs = noisy.values[: DENOISING.shown, ..., 0]
    shown = outputs(inputs)
    drawings = [*WAYS[way](inputs, shown), *clean]
    if way in ("one picture each", "one montage", "brighter"):
        assert judged(drawings, exercise=DENOISING).credit == 1
    without = judged(WAYS["two strips"](inputs, shown), exercise=DENOISING)
    assert without.credit == pytest.approx(2 / 3)
    assert without.problems == ("10 of the 10 clean originals are missing.",)


def test_noise_may_be_clipped_for_the_screen(judged, clean, noisy):
    inputs = noisy.values[: DENOISING.shown, ..., 0]
    drawings = [np.clip(image, 0, 1) for image in (*inputs, *outputs(inputs))]
    assert judged([*drawings, *clean], exercise=DENOISING).credit == 1


WRONG = {
    "nothing": (lambda clean: [], "No picture was drawn"),
    "black": (lambda clean: np.zeros((20, 28, 28)), "None of the pictures"),
    "noise": (lambda clean: np.random.default_rng(1).random((20, 28, 28)), "None of the pictures"),
    "parts": (lambda clean: [image[:14] for image in clean], "None of the pictures"),
    "turned": (lambda clean: [image.T[::-1] for image in clean], "None of the pictures"),
    "not finite": (lambda clean: np.full((3, 28, 28), np.nan), "No picture was drawn"),
}


@pytest.mark.parametrize(("draw", "words"), WRONG.values(), ids=WRONG)
def test_other_pictures_earn_nothing(judged, clean, draw, words):
    verdict = judged(draw(clean))
    assert verdict.credit == 0
    assert words in verdict.problems[0]


def test_outputs_of_another_network_do_not_count(judged, clean):
    theirs = dataclasses.replace(SHIFT, layers=one_convolution(point(1, row=2, column=2)).layers)
    verdict = judged([*clean, *outputs(clean)], theirs)
    assert verdict.credit == 0.5
    assert verdict.problems == ("10 of the 10 outputs of the model are missing.",)


def test_pictures_of_the_inputs_count_beside_a_network_that_cannot_be_run(judged, clean):
    verdict = judged(clean, network(conv(1)))
    assert verdict.credit == 0.5
    assert verdict.review
    assert "could not run this model" in verdict.notes[0]


def test_without_a_network_there_is_nothing_to_compare_with(judged, clean):
    assert judged(clean, NO_MODEL).credit == 0


def test_without_noisy_images_the_clean_ones_count(clean, reference):
    shown = evidence("visualization", SHIFT, drawings=tuple(map(as_drawn, clean)))
    verdict = judge_visualization(shown, DENOISING, reference)
    assert verdict.credit == pytest.approx(1 / 3)
    assert "x_test_noisy holds no images" in verdict.notes[0]


def test_noisy_images_without_their_channel_are_noisy_images(clean, noisy, reference):
    inputs = noisy.values[: DENOISING.shown, ..., 0]
    drawn = tuple(map(as_drawn, [*inputs, *outputs(inputs), *clean]))
    flat = dataclasses.replace(noisy, shape=noisy.shape[:3], values=noisy.values[..., 0])
    shown = evidence("visualization", SHIFT, arrays={"x_test_noisy": flat}, drawings=drawn)
    assert judge_visualization(shown, DENOISING, reference).credit == 1


def test_images_of_another_size_count_as_they_were_shown(judged, clean):
    cropping = layer("Cropping2D", cropping=((4, 4), (4, 4)), **CHANNELS_LAST)
    assert judged([*clean, *clean[:, 4:24, 4:24]], network(cropping)).credit == 1


def test_any_channel_of_an_output_may_be_shown(judged, clean):
    weights = np.stack([point()[..., None], point(1, 0, 0)[..., None]], axis=-1)
    two = dataclasses.replace(conv(2, "linear"), weights=(weights, np.zeros(2, np.float32)))
    assert judged([*clean, *outputs(clean)], network(two)).credit == 1


def test_faint_pictures_of_other_digits_are_not_taken_for_the_first_ones(judged, clean, reference):
    """A network that was never trained answers nearly the same grey to all."""
    faint = one_convolution(point(0.02), 0.5)

    def credit(digits):
        return judged([*digits, *rebuild.run(faint, digits[..., None])[..., 0]], faint).credit

    assert credit(clean) == 1
    assert credit(reference.train_images(np.arange(AUTOENCODER.shown))[..., 0]) == 0


def test_an_output_may_be_shown_through_another_sigmoid(judged, clean):
    assert judged([*clean, *(1 / (1 + np.exp(-outputs(clean))))]).credit == 1


def test_an_output_rounded_to_black_and_white_is_another(judged, clean):
    assert judged([*clean, *(outputs(clean) > 0.5)]).credit == 0.5


@pytest.mark.parametrize(
    ("others", "words"),
    [
        (lambda r: r.test_images(np.arange(10, 20)), "other test images"),
        (lambda r: r.train_images(np.arange(10)), "images of the training set"),
    ],
)
def test_other_images_that_are_shown_are_named(judged, reference, others, words):
    assert words in judged(others(reference)[..., 0]).problems[0]


@pytest.fixture
def looked_at(reference):
    """Judges drawings and the pictures that were sent to the page."""

    def judge(drawings, pictures):
        shown = evidence("visualization", SHIFT, drawings=tuple(drawings))
        return judge_visualization(shown, AUTOENCODER, reference, pictures)

    return judge


def png(image):
    """An image (28, 28) as it is, as the text of a PNG."""
    file = io.BytesIO()
    Image.fromarray(np.uint8(np.round(255 * np.clip(image, 0, 1)))).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_a_drawing_that_was_not_sent_to_the_page_is_missing(looked_at, clean):
    verdict = looked_at(map(as_drawn, [*clean, *outputs(clean)]), [])
    assert verdict.credit == 0
    assert verdict.problems[0].startswith("20 of the 20 pictures were in a figure that is not in the")


def test_pictures_that_no_figure_holds_are_looked_at_themselves(looked_at, clean):
    pictures = [png(image) for image in (*clean, *outputs(clean))]
    assert looked_at([], pictures).credit == 1
    assert looked_at([], pictures[:15]).credit == 0.75


def test_images_may_be_in_one_picture_but_not_too_dark(looked_at, clean):
    everything = np.vstack([strip(clean), strip(outputs(clean))])
    assert looked_at([], [png(everything)]).credit == 1
    assert looked_at([], [png(everything / 255)]).credit == 0
