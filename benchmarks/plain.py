"""Measures what plain nbgrader would take, with asserts in the kernel and the lab's full training.

As a program, this module times Keras as a student has it (default threads). It prints CPU and wall
seconds as JSON: of IMPORT and, for each notebook, of one training step at the lab's batch size and of
one pass over the validation images. The full training takes minutes; some steps tell what one takes.
"""

import json
import math

from autograder.lab import TRAIN_IMAGES
from benchmarks.the_lab import EXERCISES
from benchmarks.times import IMPORT, Times, step, timed, validation

STEPS = 100
"""Training steps that are timed, of each network."""
WARM_UP_STEPS = 2
"""Steps before these that are not timed, as the first ones build the graph."""


def steps_and_passes(notebook: str) -> tuple[int, int]:
    """Returns the training steps and the passes over the validation images of the sample solution."""
    exercise = EXERCISES[notebook]
    return exercise.epochs * math.ceil(TRAIN_IMAGES / exercise.batch_size), exercise.epochs


def main() -> None:
    """Prints the times."""
    times: Times = {}
    with timed(times, IMPORT):
        from benchmarks.networks import build, optimizer
    from autograder.lab.images import load, scaled

    images = load("embedded").as_mnist()
    x_train, x_test = scaled(images["x_train"]), scaled(images["x_test"])
    for notebook, exercise in EXERCISES.items():
        network = build(exercise)
        network.compile(loss=exercise.loss, optimizer=optimizer(exercise))
        size = exercise.batch_size
        options = {"batch_size": size, "verbose": 0}
        warm_up, measured = (x_train[: count * size] for count in (WARM_UP_STEPS, STEPS))
        network.fit(warm_up, warm_up, **options)
        network.evaluate(warm_up, warm_up, **options)
        with timed(times, step(notebook)):
            network.fit(measured, measured, **options)
        cpu, wall = times[step(notebook)]
        times[step(notebook)] = cpu / STEPS, wall / STEPS
        with timed(times, validation(notebook)):
            network.evaluate(x_test, x_test, **options)
    print(json.dumps(times))


if __name__ == "__main__":
    main()
