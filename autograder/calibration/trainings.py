"""Trains a network as the grading kernel does, and computes the error that the judge compares.

Most of the time of so short a training goes into building the network. So each structure is built once
and gets fresh weights for each seed, which gives the same results as a new network, to the last bit.
"""

import functools
import math
import time
from typing import Any

import keras
import numpy as np

from autograder import lab
from autograder.judge import own_noise
from autograder.judge.quality import restoration_error
from autograder.judge.reference import Reference
from autograder.kernel import prepare, watchers
from autograder.kernel.short_fit import error_left
from autograder.lab import images
from benchmarks.calibration.kinds import BY_NAME, Training
from benchmarks.calibration.results import Trained

IMAGES = 2000
"""Number of training images: the shortened training takes fewer."""


def start() -> None:
    """Prepares this process to train as the grading kernel does."""
    prepare.prepare("", shorten=True, deliver=lambda evidence: None)


def measure(training: Training, source: str, *, anew: bool = False) -> Trained:
    """Trains a network as a student would, and tries it on the held-out digits.

    source: where `images.load` finds the digits. anew: whether to build a network for this training.
    """
    started = time.process_time()
    exercise, kind = lab.EXERCISES[training.exercise], BY_NAME[training.kind]
    reference = _reference(source)
    fits = watchers.current().fits
    fits.start_over()
    kept = None if anew else _built_once(training.exercise, tuple(sorted(kind.network.items())))
    # The random state must not depend on whether anything was built before.
    keras.utils.set_random_seed(training.seed)
    chance = np.random.default_rng(training.seed)
    fresh = built(exercise, training.initializer, **kind.network)
    if kept is None:
        model = compiled(fresh, training.rate)
    else:
        model = kept
        model.set_weights(fresh.get_weights())
        model.optimizer.learning_rate = training.rate
    clean = reference.train_images(np.arange(IMAGES))
    given, shown = clean, reference.held_out
    if exercise.noise:
        noise = chance.normal(0, exercise.noise, clean.shape).astype(np.float32)
        given, shown = clean + noise, reference.noisy_held_out(exercise.noise)
    inputs, targets = kind.data(given, clean, chance)
    model.fit(inputs, targets, epochs=exercise.epochs, batch_size=lab.BATCH_SIZE, verbose=0)
    run = functools.partial(model.predict, verbose=0)
    error = restoration_error(run(shown), reference)
    handed_on = own_noise.handed_on(run, shown, reference.held_out) if exercise.noise else None
    left = error_left(model, inputs, targets)
    (call,) = fits.calls(model)
    seconds = time.process_time() - started
    finite = left if math.isfinite(left) else None
    return Trained(training, error, finite, call.steps, handed_on, seconds)


def built(
    exercise: lab.Exercise,
    initializer: str,
    *,
    interpolation: str = "nearest",
    poolings: tuple[str, ...] = ("same", "same"),
    activation_layers: bool = False,
    normalization: bool = False,
    policy: str = "float32",
) -> keras.Model:
    """Builds the exercise's network, without compiling it.

    poolings: padding of the first two. normalization: whether to add it after each hidden convolution.
    """
    layers = keras.layers
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_global_policy(policy)
    try:
        model = keras.Sequential([keras.Input(lab.IMAGE_SHAPE)])
        paddings = [*poolings, "same"]
        for layer in (*exercise.encoder, *exercise.decoder, exercise.output):
            if layer.kind == "MaxPooling2D":
                model.add(layers.MaxPooling2D(2, padding=paddings.pop(0)))
            elif layer.kind == "UpSampling2D":
                model.add(layers.UpSampling2D(2, interpolation=interpolation))
            else:
                arguments = {"kernel_initializer": initializer, "padding": layer.padding}
                within = None if activation_layers else layer.activation
                model.add(layers.Conv2D(layer.filters, lab.KERNEL_SIZE, activation=within, **arguments))
                if activation_layers:
                    model.add(layers.Activation(layer.activation))
                if normalization and layer is not exercise.output:
                    model.add(layers.BatchNormalization())
        return model
    finally:
        keras.mixed_precision.set_global_policy(before)


def compiled(model: keras.Model, rate: float) -> keras.Model:
    """Compiles the network as the lab asks, and returns it."""
    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adagrad(learning_rate=rate))
    return model


@functools.cache
def _built_once(exercise: str, structure: tuple[tuple[str, Any], ...]) -> keras.Model:
    return compiled(built(lab.EXERCISES[exercise], "glorot_uniform", **dict(structure)), rate=1.0)


@functools.cache
def _reference(source: str) -> Reference:
    return Reference(images.load(source))
