"""What is handed over of the noisy images: some of them, and a signature of each.

Which ones, and what the signatures are, follows from the request. The images may be an array of any
library and any precision, and are read block by block.
"""

import math

import numpy as np

from autograder.protocol import challenge
from autograder.protocol.evidence import Array, Sample

BLOCK = 2000
"""Images that are read at once."""
MOST_IMAGES = 100_000
"""Of a set that is read: what is longer has the wrong shape in any case."""
NOTHING = np.empty((0,), np.float32)


def look(request: str, sets: dict[str, object]) -> dict[str, Sample]:
    """For each set some of its images and, under `challenge.signatures_of` it, the signatures of all."""
    arrays = {name: _as_array(images) for name, images in sets.items()}
    counts = [int(array.shape[0]) if len(array.shape) else 0 for array in arrays.values()]
    seen: dict[str, Sample] = {}
    for (name, array), rows in zip(arrays.items(), challenge.noisy_rows(request, *counts), strict=True):
        shape = tuple(int(side) for side in array.shape)
        values, signatures = _read(request, array, shape, rows)
        dtype = str(getattr(array.dtype, "name", array.dtype))
        seen[name] = Sample(shape, dtype, tuple(int(row) for row in rows), values)
        if signatures.size:
            seen[challenge.signatures_of(name)] = Sample(
                (1, *signatures.shape), "float32", (0,), signatures[None]
            )
    return seen


def _as_array(images: object):
    return images if hasattr(images, "shape") and hasattr(images, "dtype") else np.asarray(images)


def _read(request: str, array, shape: tuple[int, ...], rows: np.ndarray) -> tuple[Array, Array]:
    """The images at these rows, and the signatures of all; both empty if these are no such images."""
    if len(shape) < 2 or math.prod(shape[1:]) != challenge.SIDE**2 or shape[0] > MOST_IMAGES:
        return NOTHING, NOTHING
    values, signatures = [], []
    try:
        for start in range(0, shape[0], BLOCK):
            block = (
                np.asarray(array[start : start + BLOCK])
                .astype(np.float32)
                .reshape(-1, challenge.SIDE**2)
            )
            signatures.append(challenge.signatures(request, block))
            values.append(block[rows[(rows >= start) & (rows < start + BLOCK)] - start])
        return np.concatenate(values).reshape(len(rows), *shape[1:]), np.concatenate(signatures)
    except (TypeError, ValueError, IndexError):
        return NOTHING, NOTHING
