"""How far apart right and wrong trainings are after the shortened training, and what it costs.

Networks are trained as in the grading kernel, on the embedded digits and, with --mnist, on MNIST. For
each kind the error that `judge.quality` goes by is printed, and processor seconds: to the end of the
first step, which builds the training, and of all the others.

    python -m autograder.benchmark.quality [--mnist FILE.npz] [--seeds N]
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np

from autograder import images, lab
from autograder.judge.quality import ENOUGH, restoration_error
from autograder.judge.reference import Reference
from autograder.kernel import prepare, session

RATES = (0.001, 0.01, 0.1)
IMAGES = 6000
"""Training images of the 60,000: the shortened training takes fewer."""
LABELS = {True: "right", False: "wrong", None: "either"}

Pairs = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Training:
    """One kind of submission: a network, and what it is given to learn."""

    name: str
    right: bool | None
    """Whether the result should count as restored; None: of interest only."""
    network: dict = field(default_factory=dict)
    """Arguments of `built`."""
    data: Callable[[np.ndarray, np.ndarray], Pairs] = lambda given, clean: (given, clean)
    """From the prescribed input and target to those of this kind, float32 (n, 28, 28, 1)."""


@dataclass(frozen=True)
class Measured:
    """One training: its error as a share of the mean image's, and processor seconds."""

    error: float
    first_step: float
    other_steps: float


def _noise(like: np.ndarray) -> np.ndarray:
    return np.random.default_rng().normal(0, 0.2, like.shape).astype(np.float32)


def _mean(like: np.ndarray) -> np.ndarray:
    return np.broadcast_to(like.mean(axis=0), like.shape)


RIGHT = (
    Training("as prescribed", True),
    Training("he_normal", True, {"initializer": "he_normal"}),
    Training("orthogonal", True, {"initializer": "orthogonal"}),
    Training("random_normal", True, {"initializer": "random_normal"}),
    Training("bilinear", True, {"interpolation": "bilinear"}),
    Training("bilinear, he_uniform", True, {"interpolation": "bilinear", "initializer": "he_uniform"}),
    Training("first pooling 'valid'", True, {"first_pooling": "valid"}),
    Training("activations as layers", True, {"activation_layers": True}),
    Training("half precision", True, {"dtype": "mixed_float16"}),
    Training("mean squared error", None, {"loss": "mse"}),
)
WRONG = (
    Training("targets shuffled", False, data=lambda x, y: (x, np.random.permutation(y))),
    Training("targets moved by one", False, data=lambda x, y: (x, np.roll(y, 1, axis=0))),
    Training("targets the mean image", False, data=lambda x, y: (x, _mean(y))),
    Training("targets black", False, data=lambda x, y: (x, 0 * y)),
    Training("targets inverted", False, data=lambda x, y: (x, 1 - y)),
    Training("targets upside down", False, data=lambda x, y: (x, y[:, ::-1])),
    Training("targets 0 to 255", False, data=lambda x, y: (x, 255 * y)),
    Training("targets tenfold too dark", False, data=lambda x, y: (x, y / 10)),
    Training("inputs zero", False, data=lambda x, y: (0 * x, y)),
    Training("inputs noise only", False, data=lambda x, y: (_noise(x), y)),
    Training("inputs 0 to 255", False, data=lambda x, y: (255 * x, y)),
    Training("inputs inverted", False, data=lambda x, y: (1 - x, y)),
    Training("rate 0", False, {"rate": 0.0}),
    Training("weights zero", False, {"initializer": "zeros"}),
)
OWN = {
    "autoencoder": (Training("targets noisy", None, data=lambda x, y: (x, y + _noise(y))),),
    "denoising_autoencoder": (
        Training("targets the noisy inputs", False, data=lambda x, y: (x, x)),
        Training("trained on clean images", None, data=lambda x, y: (y, y)),
    ),
}
"""Kinds of one exercise only."""


def built(
    exercise: lab.Exercise,
    rate: float,
    *,
    initializer: str = "glorot_uniform",
    interpolation: str = "nearest",
    first_pooling: str = "same",
    activation_layers: bool = False,
    dtype: str = "float32",
    loss: str = "binary_crossentropy",
) -> keras.Model:
    """The exercise's network, compiled with Adagrad."""
    layers, model = keras.layers, keras.Sequential([keras.Input(lab.IMAGE_SHAPE)])
    pooling = first_pooling
    for layer in (*exercise.encoder, *exercise.decoder, exercise.output):
        if layer.kind == "MaxPooling2D":
            model.add(layers.MaxPooling2D(2, padding=pooling, dtype=dtype))
            pooling = "same"
        elif layer.kind == "UpSampling2D":
            model.add(layers.UpSampling2D(2, interpolation=interpolation, dtype=dtype))
        else:
            arguments = {"kernel_initializer": initializer, "padding": layer.padding, "dtype": dtype}
            within = None if activation_layers else layer.activation
            model.add(layers.Conv2D(layer.filters, 3, activation=within, **arguments))
            if activation_layers:
                model.add(layers.Activation(layer.activation))
    model.compile(loss=loss, optimizer=keras.optimizers.Adagrad(learning_rate=rate))
    return model


class _Clock(keras.callbacks.Callback):
    """Notes when the first step was done, in processor seconds."""

    first = None

    def on_train_batch_end(self, batch, logs=None):
        self.first = self.first or time.process_time()


def measure(kind: Training, exercise: lab.Exercise, reference: Reference, seed: int) -> Measured:
    """Trains a network as a student would in the grading kernel, and tries it on the held-out digits."""
    session.current().fits.forget()
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    clean = reference.train_images(np.arange(IMAGES))
    given, shown = clean, reference.held_out
    if exercise.noise:
        given, shown = clean + _noise(clean), reference.noisy_held_out(exercise.noise)
    model = built(exercise, **{"rate": RATES[seed % len(RATES)], **kind.network})
    inputs, targets = kind.data(given, clean)
    clock, start = _Clock(), time.process_time()
    model.fit(inputs, targets, epochs=exercise.epochs, batch_size=100, verbose=0, callbacks=[clock])
    end = time.process_time()
    error = restoration_error(model.predict(shown, verbose=0), reference)
    return Measured(error, clock.first - start, end - clock.first)


def report(exercise: lab.Exercise, reference: Reference, seeds: int) -> None:
    """Prints a line for each kind, and how far the bound is from both sides."""
    bound = ENOUGH[exercise.noise is not None]
    errors: dict[bool | None, list[float]] = {True: [], False: [], None: []}
    first, others = [], []
    for kind in (*RIGHT, *WRONG, *OWN[exercise.notebook]):
        runs = [measure(kind, exercise, reference, seed) for seed in range(seeds)]
        found = [run.error for run in runs]
        errors[kind.right] += found
        first += [run.first_step for run in runs]
        others += [run.other_steps for run in runs]
        low, middle, high = min(found), statistics.median(found), max(found)
        print(f"{kind.name:28}{LABELS[kind.right]:8}{low:8.3f}{middle:8.3f}{high:8.3f}", flush=True)
    right, wrong = max(errors[True]), min(errors[False])
    print(f"right up to {right:.3f} < bound {bound} < wrong from {wrong:.3f}")
    print(f"margins: {bound / right:.2f} times the worst right, {wrong / bound:.2f} times the bound")
    seconds = (
        f"{statistics.median(first):.2f} s to the first step, {statistics.median(others):.2f} s after it"
    )
    print(f"CPU of one fit: {seconds}\n")


def main() -> None:
    """Measures both exercises on each source of digits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", metavar="FILE.npz", help="also measure on these images")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each kind (default: 3)")
    arguments = parser.parse_args()
    prepare.prepare("", shorten=True, deliver=lambda evidence: None)
    for source in ("embedded", arguments.mnist):
        if source:
            reference = Reference(images.load(source))
            for exercise in lab.EXERCISES.values():
                print(f"{exercise.notebook}, {source}: error / error of the mean image")
                print(f"{'':36}{'least':>8}{'median':>8}{'most':>8}")
                report(exercise, reference, arguments.seeds)


if __name__ == "__main__":
    main()
