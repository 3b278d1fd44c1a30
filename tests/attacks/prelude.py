# The first cell of every attack, below what the runner tells it: NAME, TOKEN, MARKER, CANARIES,
# CANARY_PID, COURSE, HOME, PORT and SOCKET. No module: it is text for a notebook.
import ctypes
import json
import os
import sys
import threading
import time

KERNEL_PID = os.getpid()
EVIDENCE = "application/vnd.autograder.evidence+json"


def attempt(what, action):
    """Tries what the sandbox must stop, and prints what came of it."""
    try:
        result = action()
    except BaseException as error:
        print(f"{what}: stopped by {type(error).__name__}: {error}"[:300])
    else:
        print(f"{what}: SUCCEEDED {result!r}"[:300])


def named():
    """Lets this process be found by name: whoever is still there afterwards was left behind."""
    ctypes.CDLL(None).prctl(15, TOKEN.encode())


def plant():
    """Makes a folder where nothing may be written, unless this is the kernel itself."""
    if os.getpid() != KERNEL_PID:
        os.mkdir(os.path.join(CANARIES, "planted"))


def request():
    """The request that is being answered, which evidence must name."""
    return get_ipython().kernel.get_parent("shell")["header"]["msg_id"]


def forged(check, **changes):
    """What the prescribed network answered to another request, sent as the answer to this one."""
    import dataclasses

    import keras

    from autograder.kernel.describe import describe
    from autograder.kernel.samples import sample
    from autograder.protocol import evidence as e

    layers = keras.layers

    def convolution(padding="same"):
        return layers.Conv2D(16, 3, activation="relu", padding=padding)

    network = keras.Sequential([keras.Input((28, 28, 1))])
    for _ in range(3):
        network.add(convolution())
        network.add(layers.MaxPooling2D(padding="same"))
    for padding in ("same", "same", "valid"):
        network.add(convolution(padding))
        network.add(layers.UpSampling2D())
    network.add(layers.Conv2D(1, 3, activation="sigmoid", padding="same"))
    network.compile(loss="binary_crossentropy", optimizer="adagrad")
    images = keras.datasets.mnist.load_data()[0][0][..., None].astype("float32") / 255
    fit = e.FitEvidence(
        input=sample(images),
        target=sample(images),
        images_per_epoch=60_000,
        batch_size=100,
        epochs=10,
        validation=False,
        steps=400,
        problem="",
    )
    model = dataclasses.replace(describe(network, "another request"), **changes)
    return e.encode(e.Evidence(check, request(), model, (fit,), {}, ()))
