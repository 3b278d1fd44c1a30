"""Criterion `training`: a quarter each for input, target, epochs and batches."""

import dataclasses

import numpy as np
import pytest
from by_hand import (
    ROWS,
    conv,
    doubted,
    evidence,
    fit,
    layer,
    network,
    one_convolution,
    point,
    pool,
    prescribed,
    sample,
)
from the_lab import AUTOENCODER, DENOISING

from autograder.judge.doubt import Doubt
from autograder.judge.training import judge_training, trained_without_noise
from autograder.protocol.evidence import LossEvidence, Sample


@pytest.fixture
def clean(reference):
    """The training images at the sampled rows."""
    return reference.train_images(np.array(ROWS))


@pytest.fixture
def whole(reference):
    """Makes of images at the sampled rows a sample of all training images."""
    return lambda images: sample(images, reference.images.train_count)


@pytest.fixture
def judged(reference):
    def judge(*fits, exercise=AUTOENCODER, model=None, noisy=None):
        arrays = {} if noisy is None else {"x_train_noisy": noisy}
        return judge_training(evidence("training", model, fits=fits, arrays=arrays), exercise, reference)

    return judge


def noise(seed=1, sigma=0.2):
    return np.random.default_rng(seed).normal(0, sigma, (len(ROWS), 28, 28, 1))


def test_the_call_that_was_asked_for_earns_all(judged, clean, whole):
    verdict = judged(fit(whole(clean), whole(clean)))
    assert verdict.credit == 1, verdict
    assert verdict.found == "10 epochs, batches of 100, 6,000 images an epoch"


def test_several_calls_add_up(judged, clean, whole):
    once = fit(whole(clean), whole(clean), epochs=5)
    assert judged(once, once).credit == 1
    assert "in 2 calls" in judged(once, once).found
    assert judged(once, dataclasses.replace(once, problem="ValueError")).credit == 0.75, "it counts not"


def test_some_images_may_be_set_aside(judged, clean, whole):
    assert judged(fit(whole(clean), whole(clean), images_per_epoch=4800)).credit == 1
    few = judged(fit(whole(clean), whole(clean), images_per_epoch=600))
    assert few.problems == ("An epoch has 600 of the 6,000 training images (−1/4).",)


def test_one_batch_over_and_over_is_not_the_training_set(judged, clean, whole):
    few = judged(fit(whole(clean), whole(clean), different=100))
    assert few.problems == ("6,000 images of an epoch are only 100 different ones (−1/4).",)
    assert judged(fit(whole(clean), whole(clean), different=1297)).credit == 1


def test_targets_that_are_all_the_same_cost_one_quarter(judged, clean, whole):
    verdict = judged(fit(whole(clean), whole(0 * clean), different=1))
    assert verdict.problems == ("Every pixel of the target is 0 (−1/4).",)


@pytest.mark.parametrize("read", [100, 1000, 1400, 6000])
def test_what_was_read_of_a_shuffled_set_repeats_some_images(judged, clean, whole, reference, read):
    drawn = np.random.default_rng(read).integers(0, len(reference.train), read)
    call = fit(whole(clean), whole(clean), read=read, different=len(set(drawn)))
    assert judged(call).credit == 1


def test_a_callback_that_stops_in_the_first_epoch_costs_a_quarter(judged, clean, whole):
    verdict = judged(fit(whole(clean), whole(clean), stopped=1))
    assert verdict.problems == ("A callback stops training in the first epoch, after step 1 (−1/4).",)


def late(images, reference, change):
    """A sample of an epoch whose images are changed from the 1,401st on."""
    rows = (*ROWS, *range(1400, 6000, 200))
    true = reference.train_images(np.array(rows))
    true[: len(ROWS)] = images
    true[len(ROWS) :] = change(true[len(ROWS) :])
    return Sample((6000, 28, 28, 1), "float32", rows, true.astype(np.float32))


@pytest.mark.parametrize("change", [np.zeros_like, lambda x: 1 - x], ids=["black", "inverted"])
@pytest.mark.parametrize("role", ["input", "target"])
def test_later_batches_count_as_the_first_ones_do(judged, clean, reference, role, change):
    right = late(clean, reference, lambda x: x)
    assert judged(fit(right, right)).credit == 1
    verdict = judged(dataclasses.replace(fit(right, right), **{role: late(clean, reference, change)}))
    assert f"Later in an epoch the {role} is other images than x_train (−1/4)." in verdict.problems


def test_each_thing_asked_for_is_a_quarter(judged, clean, whole):
    wrong = fit(whole(clean), whole(clean), epochs=5, batch_size=32)
    verdict = judged(wrong)
    assert verdict.credit == 0.5
    assert verdict.problems == ("5 epochs, not 10 (−1/4).", "Batches of 32, not 100 (−1/4).")
    assert "Set batch_size=100" in verdict.advice


WRONG = {
    "noisy": (lambda x, _: x + noise(), "noisy images"),
    "black": (lambda x, _: 0 * x, "Every pixel of the {} is 0"),
    "inverted": (lambda x, _: 1 - x, "other images than x_train"),
    "bytes": (lambda x, _: 255 * x, "not scaled to [0, 1]"),
    "the test images": (lambda _, r: r.test_images(np.array(ROWS)), "is the test images"),
    "flat": (lambda x, _: x.reshape(len(x), 784), "has the shape (6000, 784)"),
}


@pytest.mark.parametrize(("change", "words"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("role", ["input", "target"])
def test_other_images_cost_the_quarter_of_their_role(
    judged, clean, whole, reference, role, change, words
):
    changed = {role: whole(change(clean, reference))}
    verdict = judged(dataclasses.replace(fit(whole(clean), whole(clean)), **changed))
    (problem,) = [text for text in verdict.problems if words.format(role) in text]
    assert verdict.credit >= 0.5, verdict
    assert "(−1/4)" in problem


def test_targets_in_another_order_cost_the_quarter_of_the_target(judged, clean, whole):
    verdict = judged(fit(whole(clean), whole(clean[::-1])))
    assert verdict.problems == ("The targets are in another order than the inputs (−1/4).",)


@pytest.mark.parametrize("role", ["input", "target"])
def test_what_was_not_given_costs_its_quarter(judged, clean, whole, role):
    verdict = judged(dataclasses.replace(fit(whole(clean), whole(clean)), **{role: None}))
    assert verdict.credit == 0.75
    assert f"No {role} was given to fit" in verdict.problems[0]


def denoising(x, y, **changes):
    return fit(x, y, **{"epochs": DENOISING.epochs} | changes)


def test_denoising_is_trained_on_the_students_own_noisy_images(judged, clean, whole):
    # Whatever noise they are with: that is judged elsewhere.
    for given in (clean + noise(), np.clip(clean + noise(), 0, 1), clean + noise(sigma=0.45)):
        verdict = judged(denoising(whole(given), whole(clean)), exercise=DENOISING, noisy=whole(given))
        assert verdict.credit == 1, verdict


def test_noise_may_be_drawn_anew_for_each_batch(judged, clean, whole):
    fits = denoising(whole(clean + noise(2)), whole(clean))
    assert judged(fits, exercise=DENOISING, noisy=whole(clean + noise(1))).credit == 1


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (lambda x, _: x, "clean images: there is no noise"),
        (lambda _, r: r.test_images(np.array(ROWS)) + noise(), "noisy test images"),
        (lambda x, _: 1 - x, "other images than x_train_noisy"),
    ],
    ids=["clean", "noisy test images", "others"],
)
def test_other_inputs_than_noisy_ones_cost_a_quarter(judged, clean, whole, reference, x, words):
    given = denoising(whole(x(clean, reference)), whole(clean))
    verdict = judged(given, exercise=DENOISING, noisy=whole(clean + noise()))
    assert any(words in problem for problem in verdict.problems), verdict
    assert verdict.credit == 0.75


def test_later_noisy_batches_count_as_the_first_ones_do(judged, clean, whole, reference):
    given, target = whole(clean + noise()), late(clean, reference, lambda x: x)
    random = np.random.default_rng(5)

    def verdict(change):
        x = late(given.values, reference, change)
        return judged(denoising(x, target), exercise=DENOISING, noisy=given)

    for sigma in (0.2, 0.45):
        assert verdict(lambda x, s=sigma: x + random.normal(0, s, x.shape)).credit == 1
    assert verdict(np.zeros_like).credit == 0.75


def test_black_inputs_are_no_noisy_ones(judged, clean, whole):
    black = denoising(whole(0 * clean), whole(clean))
    assert judged(black, exercise=DENOISING, noisy=whole(clean + noise())).credit == 0.75


def test_whether_any_noise_was_seen_is_known(clean, whole, reference):
    quiet, loud = denoising(whole(clean), whole(clean)), denoising(whole(clean + noise()), whole(clean))
    assert trained_without_noise((quiet,), reference)
    assert not trained_without_noise((quiet, loud), reference)
    assert not trained_without_noise((), reference)


def test_no_call_is_no_training(judged, clean, whole):
    assert "no epoch of fit" in judged().found
    assert judged().missing
    assert judged(fit(whole(clean), whole(clean), epochs=0)).credit == 0


GREY = one_convolution(point(0.001), activation="sigmoid")
"""Answers as a network does that was never trained."""
LEARNED = one_convolution(point(9), -4, "sigmoid")


def test_a_record_without_a_network_that_learned_needs_a_person(judged, clean, whole):
    call = fit(whole(clean), whole(clean))
    verdict = judged(call, model=GREY)
    assert verdict.credit == 0
    assert verdict.review
    assert verdict.problems == (
        "The network answers as one that was never trained. A person will look at why.",
    )
    assert judged(call, model=LEARNED).credit == 1


def test_there_are_honest_reasons_to_have_learned_nothing(judged, clean, whole):
    call = fit(whole(clean), whole(clean))
    still = dataclasses.replace(GREY.optimizer, learning_rate=0.0)
    moved = dataclasses.replace(GREY.layers[0], weights=(GREY.layers[0].weights[0], np.float32([-0.1])))
    dead = one_convolution(point(0), activation="sigmoid").layers[0]
    dead = dataclasses.replace(
        dead, weights=dead.weights[:1], attributes=dead.attributes | {"use_bias": False}
    )
    for model in (
        dataclasses.replace(GREY, trainable=False),
        dataclasses.replace(GREY, optimizer=still),
        network(moved),
        network(dead),
    ):
        assert judged(call, model=model).credit == 1


@pytest.mark.parametrize(
    "change",
    [
        {"layers": one_convolution(point(), activation="sigmoid").layers + network(pool()).layers},
        {"layers": one_convolution(point(), activation="sigmoid").layers[:0]},
        {"problem": "ValueError: two outputs"},
        {"loss": None},
        {"optimizer": None},
        {"loss": LossEvidence("my_loss", 0.0, ())},
    ],
    ids=["size", "no layers", "no image", "no loss", "no optimizer", "another loss"],
)
def test_a_call_that_stopped_for_what_is_charged_elsewhere_is_judged_as_written(
    judged, clean, whole, change
):
    call = fit(whole(clean), whole(clean), problem="ValueError: shapes", steps=0)
    if len(change.get("layers", ())) == 2:
        layers = [dataclasses.replace(each, inputs=(i - 1,)) for i, each in enumerate(change["layers"])]
        change = {"layers": tuple(layers)}
    verdict = judged(call, model=dataclasses.replace(GREY, **change))
    assert verdict.credit == 1, verdict
    assert not verdict.review
    assert "fit stopped with ValueError: shapes" in verdict.notes[0]
    assert "see " in verdict.notes[0]
    assert (
        judged(dataclasses.replace(call, epochs=5), model=dataclasses.replace(GREY, **change)).credit
        == 0.75
    )


def test_a_call_that_stopped_for_its_own_arguments_is_judged_by_them(judged, clean, whole):
    few = Sample((6000, 28, 28, 1), "float32", ROWS[:32], clean[:32])
    call = fit(whole(clean), few, problem="ValueError: cardinality", steps=0)
    verdict = judged(call, model=GREY)
    assert verdict.problems == ("The target has another number of images than the input (−1/4).",)
    call = fit(whole(clean), None, problem="ValueError: no targets", steps=0)
    assert judged(call, model=GREY).problems == ("No target was given to fit (−1/4).",)
    call = fit(None, None, problem="ValueError: what is this", steps=0)
    assert (
        "could not be read: fit stopped with ValueError: what is" in judged(call, model=GREY).problems[0]
    )


def test_a_call_that_stopped_for_another_reason_counts_where_it_trained(judged, clean, whole):
    call = fit(whole(clean), whole(clean), problem="KeyError: 'acc'", steps=14)
    assert judged(call, model=LEARNED).credit == 1
    verdict = judged(call, model=GREY)
    assert verdict.credit == 0
    assert verdict.review
    assert verdict.found == "fit stopped with KeyError: 'acc'"


def test_a_trial_costs_nothing(judged, clean, whole):
    call = fit(whole(clean), whole(clean))
    trial = dataclasses.replace(call, images_per_epoch=1000, epochs=1, batch_size=32)
    failed = dataclasses.replace(call, epochs=1, batch_size=7, problem="ValueError: x", steps=0)
    for calls in ((trial, call), (trial, trial, call), (failed, call), (trial, failed, call)):
        verdict = judged(*calls)
        assert verdict.credit == 1, verdict
        assert verdict.notes
    assert judged(trial).credit == 0.25, "where there is nothing else it is what is judged"
    assert judged(*[dataclasses.replace(call, epochs=1)] * 11).problems == ("11 epochs, not 10 (−1/4).",)


def test_a_network_with_doubted_layers_needs_a_person(judged, clean, whole):
    layers = prescribed(AUTOENCODER)
    layers[0] = doubted(layers[0], Doubt("is one in name only"))
    verdict = judged(fit(whole(clean), whole(clean)), model=network(*layers))
    assert verdict.credit == 0
    assert verdict.review
    assert "does not answer as its layers say" in verdict.problems[0]


def test_a_network_that_the_judge_cannot_run_was_trained_if_it_shows_so(judged, clean, whole):
    call = fit(whole(clean), whole(clean))
    untried = doubted(conv(16), Doubt("could not be tried (its groups)", untried=True))
    for strange in (layer("Lambda"), untried):
        verdict = judged(call, model=network(*LEARNED.layers, strange))
        assert verdict.credit == 1
        assert verdict.review
        verdict = judged(call, model=network(*GREY.layers, strange))
        assert verdict.credit == 0
        assert verdict.review
    assert "does not know Lambda layers" in judged(call, model=network(layer("Lambda"))).found


CHANGED = {
    "divided once more": (lambda x: x / 255, "is x_train divided by 255 once more"),
    "rounded": (lambda x: x > 0.5, "is x_train rounded to 0 and 1"),
    "rounded low": (lambda x: x > 0.1, "is x_train rounded to 0 and 1"),
    "inverted": (lambda x: 1 - x, "is x_train inverted"),
    "transposed": (lambda x: x.swapaxes(1, 2), "is x_train transposed"),
    "mirrored": (lambda x: x[:, :, ::-1], "is x_train mirrored from left to right"),
    "turned": (lambda x: np.rot90(x, 1, (1, 2)), "is x_train turned by"),
    "standardized": (lambda x: (x - x.mean()) / x.std(), "is x_train standardized"),
    "from -1 to 1": (lambda x: 2 * x - 1, "is x_train in another range: from -1 to 1"),
    "bytes": (lambda x: 255 * x, "is x_train not scaled to [0, 1]: its largest value is 255"),
    "flat": (lambda x: x.reshape(len(x), 784), "its images are flattened"),
    "labels": (lambda x: np.arange(len(x)), "these are labels, not images"),
    "one-hot labels": (lambda x: np.eye(10)[np.arange(len(x)) % 10], "these are labels, not images"),
}


@pytest.mark.parametrize(("change", "words"), CHANGED.values(), ids=CHANGED)
@pytest.mark.parametrize("role", ["input", "target"])
def test_what_was_done_to_the_images_is_named_and_costs_one_quarter(
    judged, clean, whole, role, change, words
):
    changed = {role: whole(change(clean))}
    verdict = judged(dataclasses.replace(fit(whole(clean), whole(clean)), **changed))
    assert verdict.credit == 0.75, verdict
    assert words in verdict.problems[0]


def test_images_without_their_channel_are_the_same(judged, clean, whole):
    flat = whole(clean[..., 0])
    assert judged(fit(flat, flat)).credit == 1


OWN_NOISE = {
    "sigma 0": lambda x: x,
    "sigma 0.001": lambda x: x + noise(sigma=0.001),
    "sigma 0.04": lambda x: x + noise(sigma=0.04),
    "sigma 0.45": lambda x: x + noise(sigma=0.45),
    "sigma 51": lambda x: x + noise(sigma=51),
    "bytes that wrap": lambda x: (255 * (x + noise())).astype(int).astype("uint8") / np.float32(255),
    "rescaled": lambda x: (x + noise() + 0.8) / 2.6,
    "salt and pepper": lambda x: np.where(noise(3) > 0.3, 1, np.where(noise(4) > 0.3, 0, x)),
    "multiplied": lambda x: x * (1 + noise()),
    "the same for all": lambda x: x + noise()[:1],
}


@pytest.mark.parametrize("noisy", OWN_NOISE.values(), ids=OWN_NOISE)
def test_wrong_noise_never_costs_training(judged, clean, whole, noisy):
    given = whole(noisy(clean))
    verdict = judged(denoising(given, whole(clean)), exercise=DENOISING, noisy=given)
    assert verdict.credit == 1, verdict


@pytest.mark.parametrize("sigma", [0.001, 0.02, 0.45, 5])
def test_wrong_noise_drawn_anew_never_costs_training(judged, clean, whole, sigma):
    fits = denoising(whole(clean + noise(2, sigma)), whole(clean))
    verdict = judged(fits, exercise=DENOISING, noisy=whole(clean + noise(1, sigma)))
    assert verdict.credit == 1, verdict


def test_noisy_targets_in_another_order_are_noticed(judged, clean, whole):
    for sigma in (0.2, 0.45):
        given = whole(clean + noise(sigma=sigma))
        verdict = judged(denoising(given, whole(clean[::-1])), exercise=DENOISING, noisy=given)
        assert verdict.problems == ("The targets are in another order than the inputs (−1/4).",)
