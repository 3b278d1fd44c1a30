"""The challenge that a kernel's evidence answers: the judge need not trust a network's description.

Every request to run a test cell has an id that no submission knows beforehand. The id seeds the inputs
on which the kernel tries each layer, the loss and the optimizer; the judge repeats this with layers,
loss and optimizer of its own and compares. The id also seeds the choice of noisy images.
"""

import hashlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.protocol.evidence import Array

# Bound before any of the student's code runs, which may replace them in their modules.
_Generator, _PCG64, _sha256 = np.random.Generator, np.random.PCG64, hashlib.sha256

IMAGE_SHAPE = (28, 28, 1)
"""Shape of an image that the networks are given: the lab's."""
RESPONSES = 24
"""Values of a layer's output that are compared."""
MAX_INPUT = 1_000_000
"""Most values of an input that a layer is tried on."""
LOSS_BATCH = 100
"""Images in a batch that a loss is tried on."""
OPTIMIZER_RATE = 0.5
"""Learning rate at which an optimizer is tried."""
NOISY_PAIRS, NOISY_SINGLES = 24, 48
"""Noisy images sent of each set: pairs of neighbours, at the same rows in all sets, and single ones."""
SIDE = IMAGE_SHAPE[0]
PIXELS = SIDE**2
MARGIN = 2
FRAME = np.array(
    [i for i in range(PIXELS) if not all(MARGIN <= j < SIDE - MARGIN for j in divmod(i, SIDE))]
)
"""Indices of the pixels at the edge of an image, which are black in nearly every clean one."""
LARGEST_WEIGHT = 2**16 - 1
"""Small enough that a sum over the frame is a whole number which float32 holds exactly."""


def layer_input(request: str, position: int, shape: tuple[int, ...]) -> Array:
    """Returns one input for the layer at this position of its network: (1, *shape) in [-1, 1].

    Raises ValueError if that would be too large.
    """
    if any(side < 1 for side in shape) or math.prod(shape) > MAX_INPUT:
        raise ValueError(f"an input of the shape {shape} is not tried")
    return _random(request, "layer", position).uniform(-1, 1, (1, *shape)).astype(np.float32)


def layer_response(request: str, position: int, output: object) -> tuple[float, ...]:
    """Returns the values of a layer's output that are compared."""
    flat = np.asarray(output).astype(np.float32).ravel()
    places = _random(request, "response", position).integers(0, flat.size, RESPONSES)
    return tuple(float(flat[place]) for place in places)


def loss_inputs(request: str) -> list[tuple[Array, Array]]:
    """Returns batches of targets and predictions to try a loss on, all (LOSS_BATCH, *IMAGE_SHAPE).

    Targets lie anywhere in [0, 1], since with 0 and 1 alone many losses equal cross-entropy; predictions
    keep away from both.
    """
    random, shape = _random(request, "loss"), (LOSS_BATCH, *IMAGE_SHAPE)
    batches = []
    for confidence in (0.15, 0.4, 0.7, 0.9):
        targets = random.random(shape, np.float32)
        # The share of right predictions depends on the request: otherwise the mean over so many
        # pixels would hardly differ between requests, and one answer would fit them all.
        right = random.random(shape) < random.uniform(0.2, 0.8)
        distance: Array = np.float32(confidence / 2) * random.random(shape, np.float32)
        apart = np.where(right == (targets > 0.5), distance, -distance)
        batches.append((targets, np.float32(0.5) + apart))
    return batches


def optimizer_response(cls: Callable[..., Any], request: str) -> tuple[float, ...]:
    """Returns eight weights after three steps of a new Keras optimizer of this class from zero.

    Empty if the optimizer fails.
    """
    import keras

    try:
        optimizer, variable = cls(learning_rate=OPTIMIZER_RATE), keras.Variable(np.zeros(8, np.float32))
        for gradient in _random(request, "optimizer").normal(0, 1, (3, 8)).astype(np.float32):
            optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        return tuple(float(value) for value in keras.ops.convert_to_numpy(variable))
    except Exception:
        return ()


def noisy_rows(request: str, *counts: int) -> list[NDArray[np.int64]]:
    """Returns, in ascending order, the rows to send of each set of noisy images, given their sizes."""
    random, least = _random(request, "rows"), min(counts)
    firsts = random.integers(0, max(least - 1, 1), NOISY_PAIRS)
    pairs = np.concatenate([firsts, firsts + 1])
    chosen = [
        np.concatenate([pairs, random.integers(0, max(count, 1), NOISY_SINGLES)]) for count in counts
    ]
    return [np.unique(rows[rows < count]) for rows, count in zip(chosen, counts, strict=True)]


def signatures(request: str, noisy: Array) -> Array:
    """Returns two whole numbers for each noisy image (n, PIXELS), from the pixels of its frame above 0.

    The same noise has the same signature, clipped or not. Noise of the opposite sign has the negative
    signature, and noise turned by 180° has the two numbers in the other order.
    """
    weights = _frame_weights(request)
    bright = (noisy[:, FRAME] > 0).astype(np.float64)
    result: Array = (2 * bright @ weights - weights.sum(axis=0)).astype(np.float32)
    return result


def signatures_of(name: str) -> str:
    """Returns the name under which a check hands over the signatures of a set."""
    return f"{name} signatures"


def blank_signature(request: str) -> Array:
    """Returns the signature of an image whose frame is black."""
    return signatures(request, np.zeros((1, PIXELS), np.float32)).ravel()


def randomness(request: str) -> np.random.Generator:
    """Returns the judge's generator of random numbers, seeded with the request."""
    return _random(request, "judge")


def _frame_weights(request: str) -> NDArray[np.float64]:
    """Returns weights (pixels of the frame, 2); turned by 180°, the first column is the second."""
    random = _random(request, "frame")
    weights = random.integers(-LARGEST_WEIGHT, LARGEST_WEIGHT + 1, len(FRAME)).astype(np.float64)
    return np.stack([weights, weights[::-1]], axis=1)


def _random(request: str, *what: object) -> np.random.Generator:
    seed = _sha256(repr((request, what)).encode()).digest()
    return _Generator(_PCG64(int.from_bytes(seed[:16], "big")))
