"""lab.md's table "Which criteria a mistake may cost" as data: mistakes with the criteria that they cost.

A mistake changes the evidence of a right submission. To add one, add a line to MISTAKES.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from by_hand import (
    ROWS,
    conv,
    evidence,
    fit,
    layer,
    network,
    one_convolution,
    point,
    pool,
    prescribed,
    replaced,
    sample,
    up,
)
from the_lab import AUTOENCODER, DENOISING

from autograder.judge.criteria import CRITERIA
from autograder.judge.reference import Reference
from autograder.lab import Exercise
from autograder.protocol import challenge
from autograder.protocol.evidence import (
    FitEvidence,
    LayerEvidence,
    LossEvidence,
    ModelEvidence,
    OptimizerEvidence,
)

TRAINED = one_convolution(point(14), -7, "sigmoid")
"""Stands for a trained network: it makes dark pixels black and bright ones white."""
UNTRAINED = one_convolution(point(0.001), activation="sigmoid")
ELSEWHERE = {"noise", "visualization"}
"""Criteria that need other evidence and have tests of their own."""


@dataclass(frozen=True)
class Submission:
    """What the test cells of one notebook hand over, except for noise and pictures."""

    exercise: Exercise
    clean: np.ndarray
    """The training images at ROWS."""
    test: np.ndarray
    count: int
    layers: list[LayerEvidence]
    trained: ModelEvidence | None
    """A stand-in for the network after `fit`, small enough to write by hand; None: as `layers`."""
    loss: LossEvidence | None
    optimizer: OptimizerEvidence | None
    noisy: np.ndarray | None
    fits: tuple[FitEvidence, ...]

    def credits(self, reference: Reference) -> dict[str, float]:
        """The credit for each criterion."""
        names = [criterion.id for criterion in self.exercise.criteria]
        return {name: self._credit(name, reference) for name in names if name not in ELSEWHERE}

    def _credit(self, check: str, reference: Reference) -> float:
        compiled = {"loss": self.loss, "optimizer": self.optimizer}
        model = network(*self.layers)
        if check in ("training", "reconstruction", "denoising") and self.trained is not None:
            model = self.trained
        model = dataclasses.replace(model, **compiled)
        arrays = {}
        if self.noisy is not None and check == "training":
            arrays["x_train_noisy"] = sample(self.noisy, self.count)
        handed = evidence(check, model, fits=self.fits, arrays=arrays)
        return CRITERIA[check](handed, self.exercise, reference).credit


def right(exercise: Exercise, reference: Reference) -> Submission:
    """A submission without mistakes."""
    rows, count = np.array(ROWS), reference.images.train_count
    clean = reference.train_images(rows)
    noisy = clean + gaussian(exercise.noise) if exercise.noise else None
    target = sample(clean, count)
    given = target if noisy is None else sample(noisy, count)
    return Submission(
        exercise=exercise,
        clean=clean,
        test=reference.test_images(rows),
        count=count,
        layers=prescribed(exercise),
        trained=TRAINED,
        loss=loss_like(LOSSES[exercise.loss], exercise.loss),
        optimizer=optimizer_like(exercise.optimizer),
        noisy=noisy,
        fits=(fit(given, target, epochs=exercise.epochs, batch_size=exercise.batch_size),),
    )


def gaussian(sigma: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, sigma, (len(ROWS), 28, 28, 1))


def cross_entropy(targets, predictions):
    return float(-np.mean(targets * np.log(predictions) + (1 - targets) * np.log(1 - predictions)))


LOSSES = {
    "binary_crossentropy": cross_entropy,
    "mean_squared_error": lambda targets, predictions: float(np.mean((targets - predictions) ** 2)),
    "mean_absolute_error": lambda targets, predictions: float(np.mean(np.abs(targets - predictions))),
}


def loss_like(function: Callable, name: str = "binary_crossentropy") -> LossEvidence:
    values = tuple(float(function(*batch)) for batch in challenge.loss_inputs("a request"))
    return LossEvidence(name, 0.0, values)


def optimizer_like(name: str, rate: float = 0.01) -> OptimizerEvidence:
    import keras

    response = challenge.optimizer_response(getattr(keras.optimizers, name), "a request")
    return OptimizerEvidence(name, False, rate, response)


Change = Callable[[Submission], Submission]


def with_layer(position: int, *others: LayerEvidence, **changes) -> Change:
    """Puts other layers in the place of one."""
    return lambda s: dataclasses.replace(s, layers=replaced(s.layers, position, *others), **changes)


def stopped(change: Change, problem: str = "ValueError: shapes") -> Change:
    """A change because of which `fit` stops before it has trained anything."""

    def apply(submission: Submission) -> Submission:
        changed = change(submission)
        fits = tuple(dataclasses.replace(f, problem=problem, steps=0) for f in changed.fits)
        return dataclasses.replace(changed, fits=fits)

    return apply


def size_lost(position: int, *others: LayerEvidence) -> Change:
    """A change of the layers after which the output is not 28×28, so that `fit` cannot run."""
    return stopped(with_layer(position, *others, trained=None))


def compiled(**changes) -> Change:
    return lambda s: dataclasses.replace(s, **changes)


def optimized(name: str, rate: float = 0.01, **changes) -> Change:
    return lambda s: dataclasses.replace(s, optimizer=optimizer_like(name, rate), **changes)


def called(**changes) -> Change:
    """Changes the call of `fit`; a function in `changes` makes images from the submission."""

    def apply(s: Submission) -> Submission:
        made = {
            name: sample(value(s), s.count) if callable(value) else value
            for name, value in changes.items()
        }
        return dataclasses.replace(s, fits=tuple(dataclasses.replace(f, **made) for f in s.fits))

    return apply


def noise(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Trains the network with other noise."""

    def apply(s: Submission) -> Submission:
        given = change(s.clean)
        return called(input=lambda s: s.noisy)(dataclasses.replace(s, noisy=given))

    return apply


def with_calls(*further: dict) -> Change:
    """Adds calls of `fit` before the right one."""

    def apply(s: Submission) -> Submission:
        before = tuple(dataclasses.replace(s.fits[0], **changes) for changes in further)
        return dataclasses.replace(s, fits=(*before, *s.fits))

    return apply


@dataclass(frozen=True)
class Mistake:
    """A change, and the criteria that lose credit by it."""

    exercise: Exercise
    name: str
    change: Change
    costs: frozenset[str]


def _of(exercise: Exercise, costs: str, **changes: Change) -> list[Mistake]:
    may_cost = frozenset(costs.split())
    return [Mistake(exercise, name.replace("_", " "), c, may_cost) for name, c in changes.items()]


# Positions in exercise 1.
POOL, LAST_POOL, UP, VALID, OUTPUT = 1, 5, 7, 10, 12
AVERAGE = layer(
    "AveragePooling2D", pool_size=(2, 2), strides=(2, 2), padding="same", data_format="channels_last"
)
NORMALIZATION = layer("BatchNormalization", axis=-1, epsilon=1e-3, center=True, scale=True)

MISTAKES: list[Mistake] = [
    *_of(
        AUTOENCODER,
        "encoder",
        channels=with_layer(0, conv(32)),
        kernel=with_layer(2, conv(16, kernel_size=(5, 5))),
        activation=with_layer(0, conv(16, "tanh")),
        own_activation=with_layer(0, conv(16, "its own")),
        average_pooling=with_layer(POOL, AVERAGE),
        dropout=with_layer(POOL, pool(), layer("Dropout")),
        batch_normalization=with_layer(POOL, NORMALIZATION, pool()),
        prelu=with_layer(0, conv(16, "linear"), layer("PReLU", shared_axes=(1, 2))),
    ),
    *_of(
        AUTOENCODER,
        "decoder",
        channels=with_layer(8, conv(8)),
        no_activation=with_layer(6, conv(16, "linear")),
        dropout=with_layer(UP, up(), layer("Dropout")),
        one_more_convolution=with_layer(UP, up(), conv(16)),
    ),
    *_of(
        AUTOENCODER,
        "encoder reconstruction",
        third_pooling_valid=size_lost(LAST_POOL, pool("valid")),
        third_pooling_missing=size_lost(LAST_POOL),
        pooling_over_four=size_lost(POOL, pool(size=4)),
        nothing_left=size_lost(LAST_POOL, pool("valid", 8)),
    ),
    *_of(
        AUTOENCODER,
        "decoder reconstruction",
        valid_convolution_same=size_lost(VALID, conv(16)),
        upsampling_missing=size_lost(UP),
        upsampling_by_four=size_lost(UP, up(4)),
    ),
    *_of(
        AUTOENCODER,
        "output-layer reconstruction",
        output_valid=size_lost(OUTPUT, conv(1, "sigmoid", padding="valid")),
        three_channels=size_lost(OUTPUT, conv(3, "sigmoid")),
        no_output_layer=size_lost(OUTPUT),
    ),
    *_of(
        AUTOENCODER,
        "output-layer",
        no_sigmoid=with_layer(OUTPUT, conv(1, "linear")),
        relu=with_layer(OUTPUT, conv(1, "relu")),
        tanh=with_layer(OUTPUT, conv(1, "tanh")),
        kernel=with_layer(OUTPUT, conv(1, "sigmoid", kernel_size=(5, 5))),
        no_sigmoid_but_logits=with_layer(
            OUTPUT,
            conv(1, "linear"),
            loss=loss_like(lambda t, p: cross_entropy(t, 1 / (1 + np.exp(-p)))),
            trained=one_convolution(point(14), -7),
        ),
        no_sigmoid_and_values_far_away=with_layer(
            OUTPUT, conv(1, "linear"), trained=one_convolution(point(14), -7)
        ),
    ),
    *_of(
        AUTOENCODER,
        "loss",
        squared_error=compiled(loss=loss_like(lambda t, p: np.mean((t - p) ** 2), "mse")),
        from_logits=compiled(loss=loss_like(lambda t, p: cross_entropy(t, 1 / (1 + np.exp(-p))))),
        not_finite=compiled(loss=LossEvidence("my_loss", 0.0, ())),
    ),
    *_of(
        AUTOENCODER,
        "loss reconstruction",
        loss_that_stops_fit=stopped(compiled(loss=LossEvidence("my_loss", 0.0, ()), trained=UNTRAINED)),
    ),
    *_of(
        AUTOENCODER,
        "loss optimizer reconstruction",
        not_compiled=stopped(compiled(loss=None, optimizer=None, trained=UNTRAINED)),
    ),
    *_of(
        AUTOENCODER,
        "optimizer",
        adam=optimized("Adam"),
        sgd=optimized("SGD"),
    ),
    *_of(
        AUTOENCODER,
        "training",
        epochs=called(epochs=5),
        batches=called(batch_size=32),
        inverted_input=called(input=lambda s: 1 - s.clean),
        input_divided_twice=called(input=lambda s: s.clean / 255),
        rounded_target=called(target=lambda s: s.clean > 0.5),
        few_images=called(images_per_epoch=600),
    ),
    *_of(
        AUTOENCODER,
        "training reconstruction",
        targets_in_another_number=stopped(
            lambda s: dataclasses.replace(called(target=None)(s), trained=UNTRAINED)
        ),
    ),
    *_of(
        AUTOENCODER,
        "reconstruction",
        learning_rate_of_zero=optimized("Adagrad", 0.0, trained=UNTRAINED),
        frozen=compiled(trained=dataclasses.replace(UNTRAINED, trainable=False)),
    ),
    *_of(
        AUTOENCODER,
        "",
        a_trial_first=with_calls({"images_per_epoch": 1000, "epochs": 1, "batch_size": 32}),
        a_failed_call_first=with_calls({"epochs": 1, "problem": "ValueError: x", "steps": 0}),
        a_pooling_valid=with_layer(POOL, pool("valid")),
    ),
    *_of(
        DENOISING,
        "noise",
        sigma_too_large=noise(lambda x: x + gaussian(0.45)),
        sigma_too_small=noise(lambda x: x + gaussian(0.04)),
        sigma_beyond_all=noise(lambda x: x + gaussian(51)),
        multiplied=noise(lambda x: x * (1 + gaussian(0.4))),
        uniform=noise(lambda x: x + np.random.default_rng(2).uniform(0, 0.4, x.shape)),
        the_same_for_all=noise(lambda x: x + gaussian(0.2)[:1]),
        rescaled=noise(lambda x: (x + gaussian(0.2) + 0.8) / 2.6),
        bytes_that_wrap=noise(lambda x: (255 * (x + gaussian(0.2))).astype(int).astype("uint8") / 255),
    ),
    *_of(
        DENOISING,
        "noise denoising",
        sigma_of_zero=noise(lambda x: x),
        sigma_of_a_thousandth=noise(lambda x: x + gaussian(0.001)),
        sigma_on_the_scale_of_bytes=noise(lambda x: x + gaussian(0.2 / 255)),
    ),
    *_of(
        DENOISING,
        "training denoising",
        clean_input=called(input=lambda s: s.clean),
    ),
    *_of(
        DENOISING,
        "training",
        noisy_targets=called(target=lambda s: s.noisy),
        noisy_test_images=called(input=lambda s: s.test + gaussian(0.2)),
    ),
]
