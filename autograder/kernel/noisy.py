"""Reads the noisy images for their check: some of them, and a signature of each.

The request determines the choice and the signatures. The images may be an array of any library and any
precision, and are read block by block.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.kernel.samples import NO_VALUES, as_array, dtype_name
from autograder.protocol import challenge
from autograder.protocol.evidence import Array, Sample

BLOCK = 2000
"""Images that are read at once."""
MOST_IMAGES = 100_000
"""Images of the largest set that is read: a larger one has the wrong shape in any case."""


def look(request: str, sets: dict[str, object]) -> dict[str, Sample]:
    """Returns some images of each set, and under its name from `signatures_of` all signatures."""
    arrays = {name: as_array(images) for name, images in sets.items()}
    counts = [int(array.shape[0]) if len(array.shape) else 0 for array in arrays.values()]
    seen: dict[str, Sample] = {}
    for (name, array), rows in zip(arrays.items(), challenge.noisy_rows(request, *counts), strict=True):
        shape = tuple(int(side) for side in array.shape)
        values, signatures = _read(request, array, shape, rows)
        seen[name] = Sample(shape, dtype_name(array), tuple(int(row) for row in rows), values)
        if signatures.size:
            seen[challenge.signatures_of(name)] = Sample(
                (1, *signatures.shape), "float32", (0,), signatures[None]
            )
    return seen


def _read(
    request: str, array: Any, shape: tuple[int, ...], rows: NDArray[np.int64]
) -> tuple[Array, Array]:
    """Returns the images at these rows, and the signatures of all; both empty if these are no images."""
    if len(shape) < 2 or math.prod(shape[1:]) != challenge.PIXELS or shape[0] > MOST_IMAGES:
        return NO_VALUES, NO_VALUES
    values, signatures = [], []
    try:
        for start in range(0, shape[0], BLOCK):
            some = np.asarray(array[start : start + BLOCK])
            block = some.astype(np.float32).reshape(-1, challenge.PIXELS)
            signatures.append(challenge.signatures(request, block))
            values.append(block[rows[(rows >= start) & (rows < start + BLOCK)] - start])
        return np.concatenate(values).reshape(len(rows), *shape[1:]), np.concatenate(signatures)
    except (TypeError, ValueError, IndexError):
        return NO_VALUES, NO_VALUES
