"""Measures the least that grading a solved submission can cost: its computations as a bare function.

As a program, this module imports everything and forks a process for each repetition. That process does
the work of both notebooks on one thread, without notebook, sandbox or judge. The program prints medians
of CPU and wall seconds as JSON, by ARRAYS, NETWORKS and PICTURES.
"""

import io
import json
import os
import statistics
import tempfile
import traceback
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from autograder.kernel.prediction import FIRST
from autograder.kernel.prepare import SEED
from autograder.kernel.short_fit import VALIDATION_ROWS
from autograder.kernel.short_optimizer import ShortOptimizer
from autograder.lab import Exercise
from autograder.lab.images import Images, load, scaled
from autograder.protocol import short_training
from benchmarks.networks import build, optimizer
from benchmarks.the_lab import EXERCISES
from benchmarks.times import ARRAYS, NETWORKS, PICTURES, Times, timed

REPETITIONS = 5
Pair = tuple[np.ndarray, np.ndarray]


def main() -> None:
    """Prints the medians."""
    images = load("embedded")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mnist.npz"
        np.savez(file, **images.as_mnist())
        runs = [_in_a_fork(file, images) for _ in range(REPETITIONS)]
    medians = {
        stage: [statistics.median(run[stage][i] for run in runs) for i in range(2)] for stage in runs[0]
    }
    print(json.dumps(medians))


def _in_a_fork(file: Path, images: Images) -> Times:
    """Returns the times of a new process, where TensorFlow runs for the first time, as in a kernel."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            times = submission(file, images)
            os.write(writing, json.dumps(times).encode())
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text)


def submission(file: Path, images: Images) -> Times:
    """Computes what a solved submission computes in its kernel, and the judge with its networks.

    file: the MNIST that the submission loads. images: hold the held-out images.
    """
    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    times: Times = {}
    for exercise in EXERCISES.values():
        with timed(times, ARRAYS):
            with np.load(file) as arrays:
                x_train, x_test = scaled(arrays["x_train"]), scaled(arrays["x_test"])
            shown_train, shown_test = x_train, x_test
            if exercise.noise:
                random = np.random.default_rng(0)
                shown_train, shown_test = (
                    x + random.normal(0, exercise.noise, x.shape).astype("float32")
                    for x in (x_train, x_test)
                )
        with timed(times, NETWORKS):
            answers = _network(exercise, (shown_train, x_train), (shown_test, x_test), images)
        with timed(times, PICTURES):
            _draw(*(images[: exercise.shown] for images in (shown_test, answers, x_test)))
    return times


def _network(exercise: Exercise, train: Pair, test: Pair, images: Images) -> np.ndarray:
    """Builds and trains a network and runs it as tests and judge do; returns its answers to test images.

    train, test: inputs and targets.
    """
    network = build(exercise)
    network.compile(loss=exercise.loss, optimizer=ShortOptimizer.in_place_of(optimizer(exercise)))
    # The visible tests of encoder, decoder and output layer.
    for _ in range(3):
        network(test[0][:1])
    rows = short_training.BATCH * (exercise.short_steps // exercise.epochs)
    network.fit(
        *(images[:rows] for images in train),
        epochs=exercise.epochs,
        batch_size=short_training.BATCH,
        validation_data=tuple(images[:VALIDATION_ROWS] for images in test),
        validation_batch_size=VALIDATION_ROWS,
        verbose=0,
    )
    # The visible test of the result, `predict`, and what the judge asks for result and pictures.
    network(test[0][:FIRST])
    answers = network(test[0][:FIRST])
    network(scaled(images.held_out))
    network(test[0][: exercise.shown])
    return np.asarray(answers)


def _draw(*rows: np.ndarray) -> None:
    """Draws the pictures of the sample solution, as the notebook stores them."""
    figure, axes = plt.subplots(len(rows), len(rows[0]), figsize=(12, 1.3 * len(rows)))
    for axes_row, images in zip(axes, rows, strict=True):
        for axis, image in zip(axes_row, images, strict=True):
            axis.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
    figure.savefig(io.BytesIO(), bbox_inches="tight")
    plt.close(figure)


if __name__ == "__main__":
    main()
