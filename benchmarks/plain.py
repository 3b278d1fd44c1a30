"""What plain nbgrader would take, with asserts in the kernel and all the training that the lab asks for.

Run as a program, it times Keras as a student has it (default threads) and prints, as JSON, CPU and wall
seconds of IMPORT and, for each notebook, of one training step at the lab's batch size and of one pass
over the validation images. All of the training would take minutes; a hundred steps tell what one takes.
"""

import json

from autograder.lab import BATCH_SIZE, EXERCISES, TEST_IMAGES, TRAIN_IMAGES
from benchmarks.times import IMPORT, Times, step, timed, validation

STEPS = 100
"""Steps that are timed, of each network, after two that are not: the first ones build the graph."""


def steps_and_passes(notebook: str) -> tuple[int, int]:
    """The training steps and passes over the validation images that the sample solution makes."""
    epochs = EXERCISES[notebook].epochs
    return epochs * -(-TRAIN_IMAGES // BATCH_SIZE), epochs


def main() -> None:
    """Prints the times."""
    times: Times = {}
    with timed(times, IMPORT):
        from benchmarks.networks import adagrad, build
    import numpy as np

    from autograder.lab.images import load

    images = load("embedded").as_mnist()
    x_train, x_test = (
        images[name][..., np.newaxis].astype("float32") / 255 for name in ("x_train", "x_test")
    )
    for notebook, exercise in EXERCISES.items():
        network = build(exercise)
        network.compile(loss="binary_crossentropy", optimizer=adagrad())
        options = {"batch_size": BATCH_SIZE, "verbose": 0}
        warm_up, measured = (x_train[: count * BATCH_SIZE] for count in (2, STEPS))
        network.fit(warm_up, warm_up, **options)
        network.evaluate(warm_up, warm_up, **options)
        with timed(times, step(notebook)):
            network.fit(measured, measured, **options)
        times[step(notebook)] = tuple(seconds / STEPS for seconds in times[step(notebook)])
        with timed(times, validation(notebook)):
            network.evaluate(x_test[:TEST_IMAGES], x_test[:TEST_IMAGES], **options)
    print(json.dumps(times))


if __name__ == "__main__":
    main()
