"""Criterion `noise`: every right way to add noise, and every wrong way with its reason."""

import dataclasses
import random

import numpy as np
import pytest
from scipy import stats
from the_lab import DENOISING

from autograder.calibration import noise_kinds, noise_measuring
from autograder.calibration.power import BOUND
from autograder.judge.noise import judge_noise
from autograder.kernel import noisy
from autograder.protocol import challenge
from autograder.protocol.evidence import MAX_MESSAGE_BYTES, Evidence, encode

REQUEST = "a request"
TRAIN, TEST = "x_train_noisy", "x_test_noisy"


@pytest.fixture(scope="module")
def few(images):
    return noise_measuring.few(images)


@pytest.fixture(scope="module")
def clean(few):
    """The clean images of both sets."""
    images = few.images
    return few.train_images(np.arange(images.train_count)), few.test_images(np.arange(images.test_count))


@pytest.fixture
def judged(few):
    def judge(train, test, request=REQUEST, change=lambda arrays: arrays):
        arrays = change(noisy.look(request, {TRAIN: train, TEST: test}))
        return judge_noise(Evidence("noise", request, None, (), arrays, ()), DENOISING, few)

    return judge


def gaussian(like, seed, sigma=0.2):
    return np.random.default_rng(seed).normal(0, sigma, like.shape)


@pytest.mark.parametrize("kind", noise_kinds.RIGHT)
def test_right_noise_earns_all(few, kind):
    verdict = judge_noise(noise_measuring.evidence(kind, 0, DENOISING, few), DENOISING, few)
    assert verdict.credit == 1, verdict
    assert "σ ≈ 0." in verdict.found


@pytest.mark.parametrize("kind", noise_kinds.WRONG)
def test_wrong_noise_earns_nothing_and_the_first_sentence_says_why(few, kind):
    verdict = judge_noise(noise_measuring.evidence(kind, 1, DENOISING, few), DENOISING, few)
    assert verdict.credit == 0, verdict
    assert len(verdict.problems) == 2
    words = noise_kinds.WRONG[kind].words(DENOISING.noise)
    assert all(words in problem for problem in verdict.problems), verdict.problems
    assert not verdict.review


def test_the_nearest_wrong_noise_is_far_from_the_bound(few):
    """Even if clipping hides half of the noise, its probability is less than the square of the bound."""
    for kind in ("5 % less, clipped", "5 % more, clipped", "mean a tenth of σ, clipped"):
        evidence = noise_measuring.evidence(kind, 2, DENOISING, few)
        unlikely = noise_measuring.unlikeliness(evidence, DENOISING, few)
        each = [
            max(p for test, p in unlikely.items() if test.startswith(name)) for name in (TRAIN, TEST)
        ]
        assert min(each) > 2 * BOUND, (kind, each)


GENERATORS = {
    "as a list": lambda x: [image + np.random.normal(0, 0.2, image.shape) for image in x],
    "scipy": lambda x: x + stats.norm.rvs(scale=0.2, size=x.shape),
    "one by one": lambda x: x + np.reshape([random.gauss(0, 0.2) for _ in range(x.size)], x.shape),
    "sum of weaker ones": lambda x: x + sum(np.random.normal(0, 0.2 / 2, x.shape) for _ in range(4)),
    "in blocks": lambda x: np.concatenate(
        [part + np.random.randn(*part.shape) * 0.2 for part in np.array_split(x, 7)]
    ),
    "legacy": lambda x: x + np.random.RandomState(0).normal(scale=0.2, size=x.shape),
    "the other order": lambda x: (x + np.random.randn(*x.shape)[::-1] * 0.2).astype("float32"),
}


@pytest.mark.parametrize("add", GENERATORS.values(), ids=GENERATORS)
def test_any_generator_will_do(judged, clean, add):
    np.random.seed(2)
    random.seed(2)
    train, test = clean
    assert judged(add(train), test + gaussian(test, 1)).credit == 1


def test_each_set_is_half(judged, clean):
    train, test = clean
    verdict = judged(train + gaussian(train, 1), test)
    assert verdict.credit == 0.5
    assert verdict.problems == ("x_test_noisy: no noise was added (−1/2).",)


ALIKE = {
    "the same": lambda n: n,
    "its sign turned": lambda n: -n,
    "its order reversed": lambda n: n[::-1],
    "the last ones": lambda n: np.roll(n, 17, axis=0),
    "upside down": lambda n: n[:, ::-1, ::-1],
}


@pytest.mark.parametrize("change", ALIKE.values(), ids=ALIKE)
@pytest.mark.parametrize("clip", [(-9, 9), (0, 1)], ids=["not clipped", "clipped"])
def test_both_sets_need_noise_of_their_own(judged, clean, change, clip):
    train, test = clean
    noise = gaussian(train, 1)
    verdict = judged(np.clip(train + noise, *clip), np.clip(test + change(noise)[: len(test)], *clip))
    assert verdict.credit == 0.5
    assert "that of x_train_noisy once more" in verdict.problems[0]


def test_no_noise_and_hardly_any_cost_the_same(judged, clean):
    train, test = clean
    none = judged(train, test)
    hardly_any = judged(train + gaussian(train, 1, 0.001), test + gaussian(test, 2, 0.001))
    assert none.credit == hardly_any.credit == 0
    assert "no noise to speak of" in hardly_any.problems[0]


SHAPES = {
    "too few": (lambda x: x[:100], "its shape is (100, 28, 28, 1), not (600, 28, 28, 1)"),
    "without channel": (lambda x: x[..., 0], "its shape is (600, 28, 28), not (600, 28, 28, 1)"),
    "the other set": (lambda x: x[:300], "which is that of x_test_noisy"),
    "a number": (lambda x: np.float32(0.2), "its shape is ()"),
    "text": (lambda x: np.full(x.shape, "noise"), "it holds no numbers"),
    "none": (lambda x: None, "its shape is ()"),
}


@pytest.mark.parametrize(("change", "words"), SHAPES.values(), ids=SHAPES)
def test_an_array_that_cannot_be_the_noisy_images_is_named(judged, clean, change, words):
    train, test = clean
    verdict = judged(change(train + gaussian(train, 1)), test + gaussian(test, 2))
    assert verdict.credit == 0.5
    assert words in verdict.problems[0]


def test_values_that_are_not_finite_are_named(judged, clean):
    train, test = clean
    verdict = judged(train + np.nan, test + gaussian(test, 2))
    assert "not finite" in verdict.problems[0]


def test_without_noisy_images_there_is_nothing_to_judge(few):
    verdict = judge_noise(Evidence("noise", REQUEST, None, (), {}, ()), DENOISING, few)
    assert verdict.credit == 0
    assert "missing" in verdict.problems[0]


def test_which_images_are_sampled_depends_on_the_request():
    looked_at = [set(challenge.noisy_rows(f"request {i}", 60_000, 10_000)[0]) for i in range(4)]
    assert len(set.union(*looked_at)) > 4 * 90


def test_noise_only_in_the_sample_of_another_request_is_not_enough(judged, clean):
    """A student who knows the program does not know the request."""
    train, test = clean
    noise, some = gaussian(train, 1), np.zeros(len(train), bool)
    some[challenge.noisy_rows("another request", len(train), len(test))[0]] = True
    verdict = judged(train + noise * some[:, None, None, None], test + gaussian(test, 2))
    assert verdict.credit == 0.5
    assert "no noise in about 8" in verdict.problems[0]


def without_signatures(arrays):
    return {name: sample for name, sample in arrays.items() if "signatures" not in name}


def other_rows(arrays):
    sample = arrays[TRAIN]
    return arrays | {TRAIN: dataclasses.replace(sample, rows=tuple(range(len(sample.rows))))}


def of_other_images(arrays):
    return arrays | {TRAIN: dataclasses.replace(arrays[TRAIN], values=-arrays[TRAIN].values)}


@pytest.mark.parametrize("change", [without_signatures, other_rows, of_other_images])
def test_inconsistent_evidence_is_left_to_a_person(judged, clean, change):
    train, test = (x + gaussian(x, seed) for seed, x in enumerate(clean))
    verdict = judged(train, test, change=change)
    assert verdict.credit <= 0.5
    assert verdict.review


def test_any_array_is_read_the_same(clean):
    """Arrays of any precision are read block by block."""
    train, _ = clean
    noise = (train + gaussian(train, 1)).astype(np.float32)
    seen = [
        noisy.look(REQUEST, {TRAIN: images, TEST: images})[TRAIN].values
        for images in (
            noise,
            noise.astype(np.float64),
            list(noise),
            noise[::-1][::-1],
        )
    ]
    assert all(np.array_equal(values, seen[0]) for values in seen)


def test_a_message_of_mnists_size_is_not_too_large():
    """The message fits into the limits on reading and on storing for each student."""
    sets = {TRAIN: np.zeros((60_000, 28, 28, 1), np.float16), TEST: np.zeros((10_000, 28, 28, 1))}
    text = encode(Evidence("noise", REQUEST, None, (), noisy.look(REQUEST, sets), ()))
    assert len(text) < 1.7 * 2**20 < MAX_MESSAGE_BYTES


@pytest.mark.parametrize("number", [1, 0.2, 0.7, 100])
def test_a_constant_of_any_size_is_told(judged, clean, number):
    train, test = (images + np.float32(number) for images in clean)
    verdict = judged(train, test)
    assert verdict.credit == 0
    assert f"the same number, {number:.3g}, is added to every pixel" in verdict.problems[0]
