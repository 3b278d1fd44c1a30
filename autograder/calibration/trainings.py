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

from autograder.calibration import kinds
from autograder.calibration.kinds import Training
from autograder.calibration.results import Trained
from autograder.calibration.slow import steps_of_a_round
from autograder.judge import own_noise
from autograder.judge.quality import restoration_error
from autograder.judge.reference import Reference
from autograder.kernel import prepare, watchers
from autograder.kernel.short_fit import error_left
from autograder.lab import IMAGE_SHAPE, SHORT_STEPS, Exercise, images
from autograder.protocol.short_training import BATCH

IMAGES = 2000
"""Number of training images, or as many as the shortened training takes, if these are more."""


def start(dataset: str) -> None:
    """Prepares this process to train as the grading kernel does."""
    prepare.prepare("", dataset=dataset, steps=SHORT_STEPS, deliver=lambda evidence: None)


def measure(training: Training, exercise: Exercise, source: str, *, anew: bool = False) -> Trained:
    """Trains a network as a student would, and tries it on the held-out images.

    source: where `images.load` finds the images. anew: whether to build a network for this training.
    """
    started = time.process_time()
    kind = kinds.of(exercise)[training.kind]
    reference = _reference(source)
    fits = watchers.current().fits
    fits.start_over()
    fits.steps = exercise.short_steps
    kept = None if anew else _built_once(exercise, tuple(sorted(kind.network.items())))
    # The random state must not depend on whether anything was built before.
    keras.utils.set_random_seed(training.seed)
    chance = np.random.default_rng(training.seed)
    fresh = built(exercise, training.initializer, **kind.network)
    if kept is None:
        model = compiled(fresh, exercise, training.rate)
    else:
        model = kept
        model.set_weights(fresh.get_weights())
        model.optimizer.learning_rate = training.rate
    clean = reference.train_images(np.arange(max(IMAGES, steps_of_a_round(exercise) * BATCH)))
    given, shown = clean, reference.held_out
    if exercise.noise:
        noise = chance.normal(0, exercise.noise, clean.shape).astype(np.float32)
        given, shown = clean + noise, reference.noisy_held_out(exercise.noise)
    inputs, targets = kind.data(given, clean, chance, exercise.noise or kinds.NOISE)
    model.fit(inputs, targets, epochs=exercise.epochs, batch_size=exercise.batch_size, verbose=0)
    run = functools.partial(model.predict, verbose=0)
    error = restoration_error(run(shown), reference)
    handed_on = own_noise.handed_on(run, shown, reference.held_out) if exercise.noise else None
    left = error_left(model, inputs, targets)
    (call,) = fits.calls(model)
    seconds = time.process_time() - started
    finite = left if math.isfinite(left) else None
    return Trained(training, error, finite, call.steps, handed_on, seconds)


def built(
    exercise: Exercise,
    initializer: str,
    *,
    interpolation: str = "nearest",
    valid_poolings: int = 0,
    activation: str = "relu",
    output_activation: str = "sigmoid",
    activation_layers: bool = False,
    normalization: bool = False,
    policy: str = "float32",
) -> keras.Model:
    """Builds the exercise's network, without compiling it.

    valid_poolings: how many of those whose padding is free are 'valid', the first ones. activation,
    output_activation: where the lab leaves it to the student. normalization: whether to add it after
    each hidden convolution.
    """
    layers = keras.layers
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_global_policy(policy)
    try:
        model = keras.Sequential([keras.Input(IMAGE_SHAPE)])
        for layer in exercise.layers:
            if layer.kind == "MaxPooling2D":
                padding = layer.padding or ("valid" if valid_poolings > 0 else "same")
                valid_poolings -= layer.padding is None
                model.add(layers.MaxPooling2D(layer.size, padding=padding))
            elif layer.kind == "UpSampling2D":
                model.add(layers.UpSampling2D(layer.size, interpolation=interpolation))
            else:
                hidden = layer is not exercise.output
                does = layer.activation or (activation if hidden else output_activation)
                arguments = {"kernel_initializer": initializer, "padding": layer.padding_to_build}
                within = None if activation_layers else does
                model.add(layers.Conv2D(layer.filters, layer.kernel, activation=within, **arguments))
                if activation_layers:
                    model.add(layers.Activation(does))
                if normalization and hidden:
                    model.add(layers.BatchNormalization())
        return model
    finally:
        keras.mixed_precision.set_global_policy(before)


def compiled(model: keras.Model, exercise: Exercise, rate: float) -> keras.Model:
    """Compiles the network as the lab asks, and returns it."""
    optimizer = getattr(keras.optimizers, exercise.optimizer)(learning_rate=rate)
    model.compile(loss=exercise.loss, optimizer=optimizer)
    return model


@functools.cache
def _built_once(exercise: Exercise, structure: tuple[tuple[str, Any], ...]) -> keras.Model:
    return compiled(built(exercise, "glorot_uniform", **dict(structure)), exercise, rate=1.0)


@functools.cache
def _reference(source: str) -> Reference:
    return Reference(images.load(source))
