"""What the kernel is asked, so that the judge need not believe what a network says of itself.

Every request to run a test cell has an id that no submission knows beforehand. From it follow inputs
that each layer, the loss and the optimizer are tried on; the judge does the same with its own ones and
compares. Which of the noisy images are looked at follows from it, too.
"""

import hashlib
import math

import numpy as np

# Held on to before any code of a student's runs, which may replace them.
_Generator, _PCG64, _sha256 = np.random.Generator, np.random.PCG64, hashlib.sha256

RESPONSES = 24
"""Values of a layer's output that are compared."""
MAX_INPUT = 1_000_000
"""Values of the largest input that a layer is tried on."""
LOSS_BATCH = 100
OPTIMIZER_RATE = 0.5
"""Learning rate at which an optimizer is tried."""
NOISY_PAIRS, NOISY_SINGLES = 24, 48
"""Of each set of noisy images: neighbours, at the same rows in all sets, and other rows."""
SIDE = 28
MARGIN = 2
FRAME = np.array(
    [i for i in range(SIDE**2) if not all(MARGIN <= j < SIDE - MARGIN for j in divmod(i, SIDE))]
)
"""Places of the pixels around an image, which are black in nearly every clean one."""
LARGEST_WEIGHT = 2**16 - 1
"""So that the sum over the frame is a whole number that float32 holds exactly."""


def layer_input(request: str, position: int, shape: tuple[int, ...]) -> np.ndarray:
    """One input for a layer: (1, *shape) float32 in [-1, 1]. position: the layer's in its network.

    Raises ValueError if that would be too large.
    """
    if any(side < 1 for side in shape) or math.prod(shape) > MAX_INPUT:
        raise ValueError(f"an input of the shape {shape} is not tried")
    return _random(request, "layer", position).uniform(-1, 1, (1, *shape)).astype(np.float32)


def layer_response(request: str, position: int, output: np.ndarray) -> tuple[float, ...]:
    """The values of a layer's output that are compared."""
    flat = np.asarray(output).astype(np.float32).ravel()
    places = _random(request, "response", position).integers(0, flat.size, RESPONSES)
    return tuple(float(flat[place]) for place in places)


def loss_inputs(request: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Batches of targets and predictions to try a loss on, both (100, 28, 28, 1) float32 in [0, 1].

    Targets of 0 and 1 only would not tell cross-entropy from many another loss; predictions keep away
    from both.
    """
    random, shape = _random(request, "loss"), (LOSS_BATCH, 28, 28, 1)
    batches = []
    for confidence in (0.15, 0.4, 0.7, 0.9):
        targets = random.random(shape, np.float32)
        # How often the predictions are right differs with the request: otherwise the mean over so
        # many pixels would be much the same for all requests, and one answer would fit any.
        right = random.random(shape) < random.uniform(0.2, 0.8)
        distance = confidence / 2 * random.random(shape, np.float32)
        batches.append((targets, 0.5 + np.where(right == (targets > 0.5), distance, -distance)))
    return batches


def optimizer_response(cls: type, request: str) -> tuple[float, ...]:
    """What three steps of a new Keras optimizer of a class make of eight zeros; empty if it fails."""
    import keras

    try:
        optimizer, variable = cls(learning_rate=OPTIMIZER_RATE), keras.Variable(np.zeros(8, np.float32))
        for gradient in _random(request, "optimizer").normal(0, 1, (3, 8)).astype(np.float32):
            optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        return tuple(float(value) for value in keras.ops.convert_to_numpy(variable))
    except Exception:
        return ()


def noisy_rows(request: str, *counts: int) -> list[np.ndarray]:
    """The rows to look at, in ascending order, of sets of so many noisy images each."""
    random, least = _random(request, "rows"), min(counts)
    firsts = random.integers(0, max(least - 1, 1), NOISY_PAIRS)
    pairs = np.concatenate([firsts, firsts + 1])
    chosen = [
        np.concatenate([pairs, random.integers(0, max(count, 1), NOISY_SINGLES)]) for count in counts
    ]
    return [np.unique(rows[rows < count]) for rows, count in zip(chosen, counts, strict=True)]


def signatures(request: str, noisy: np.ndarray) -> np.ndarray:
    """Two whole numbers for each noisy image (n, 784), told by where in its frame is more than black.

    The same noise has the same two, clipped or not; with its sign turned it has their negatives, and
    turned upside down these two in the other order.
    """
    weights = _frame_weights(request)
    bright = (noisy[:, FRAME] > 0).astype(np.float64)
    return (2 * bright @ weights - weights.sum(axis=0)).astype(np.float32)


def signatures_of(name: str) -> str:
    """Under which name the signatures of a set are handed over."""
    return f"{name} signatures"


def blank_signature(request: str) -> np.ndarray:
    """The signature of an image whose frame is black."""
    return -_frame_weights(request).sum(axis=0).astype(np.float32)


def randomness(request: str) -> np.random.Generator:
    """What the judge draws in judging: another request, other numbers; the same, the same."""
    return _random(request, "judge")


def _frame_weights(request: str) -> np.ndarray:
    """(pixels of the frame, 2); upside down, the first column is the second."""
    random = _random(request, "frame")
    weights = random.integers(-LARGEST_WEIGHT, LARGEST_WEIGHT + 1, len(FRAME)).astype(np.float64)
    return np.stack([weights, weights[::-1]], axis=1)


def _random(request: str, *what: object) -> np.random.Generator:
    seed = _sha256(repr((request, what)).encode()).digest()
    return _Generator(_PCG64(int.from_bytes(seed[:16], "big")))
