"""What is fed to `fit`: its beginning as arrays, and what can be told of the rest of an epoch.

Of a pipeline or a generator one epoch is read on through, as Keras would, so that images which come late
are seen as well. A generator has moved on by so much.
"""

import dataclasses
import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from autograder.kernel.describe import numbers, sample
from autograder.protocol.evidence import Sample

LATE = 24
"""Images that are sampled from the later batches."""
BLOCK_VALUES = 2**22
"""Values of an array that are looked at in one go."""


@dataclass(frozen=True)
class Feed:
    """What one call of `fit` trains on. `x`, `y` and `weights` are its beginning."""

    x: Any
    y: Any
    weights: Any
    input: Sample | None
    target: Sample | None
    images: int | None
    """Of an epoch; None if it has no end or does not tell."""
    batch_size: int | None
    read: int | None
    """Images that were looked at, at most those of an epoch."""
    different: int | None
    """How many different targets (inputs, where there are none) are among them."""


NOTHING = Feed(None, None, None, None, None, None, None, None, None)
"""Of a call whose data could not be read."""


def read(arguments: dict, rows: int, seconds: float) -> Feed:
    """What these arguments of `fit` feed, the first `rows` images of it as they are.

    seconds: time after which the rest of an epoch is no longer read. Raises an exception for what is
    no data.
    """
    x, y, weights = arguments["x"], arguments["y"], arguments["sample_weight"]
    steps = arguments["steps_per_epoch"] and int(arguments["steps_per_epoch"])
    if not _is_array(x):
        if y is not None or arguments["validation_split"]:
            raise ValueError("x brings its targets itself, and cannot be split")
        return _read_through(iter(batches(x)), rows, steps or _length(x), seconds)
    x, y = only(x), None if y is None else only(y)
    batch = int(arguments["batch_size"] or 32)
    aside = arguments["validation_split"] if arguments["validation_data"] is None else 0
    trained = max(0, int(len(x) * (1 - (aside or 0))))
    images = trained if steps is None else min(trained, steps * batch)
    inputs, targets = (column if not aside or column is None else column[:trained] for column in (x, y))
    seen = Different()
    seen.add(inputs if y is None else targets)
    return Feed(
        x,
        y,
        weights,
        sample(inputs, count=images),
        None if y is None else sample(targets, count=images),
        images,
        batch,
        seen.read,
        seen.different,
    )


def only(x: object) -> Any:
    """The array itself, also out of a list of one array or a nested list of numbers."""
    if isinstance(x, dict) and len(x) == 1:
        return next(iter(x.values()))
    if isinstance(x, list | tuple):
        return x[0] if len(x) == 1 and hasattr(x[0], "shape") else np.asarray(x)
    return x


def batches(x: object):
    """What Keras iterates over."""
    if isinstance(x, keras.utils.PyDataset):
        count = x.num_batches
        return (x[i] for i in (itertools.count() if count is None else range(count)))
    return x


def gather(stream: Iterator, rows: int) -> tuple[tuple, list[int]]:
    """The first `rows` rows of an iterator of batches, and the sizes of these batches."""
    taken: list[list] = []
    sizes: list[int] = []
    while sum(sizes) < rows and (batch := next(stream, None)) is not None:
        columns = as_arrays(batch)
        sizes.append(len(columns[0]))
        taken.append(columns)
    joined = [
        None if column[0] is None else np.concatenate(column) for column in zip(*taken, strict=True)
    ]
    joined += [None] * (3 - len(joined))
    return tuple(joined[:3]), sizes


def _read_through(stream: Iterator, rows: int, count: int | None, seconds: float) -> Feed:
    """The feed of an iterator of batches. count: how many of them are an epoch, where that is known."""
    (x, y, weights), sizes = gather(stream, rows)
    seen, late = Different(), Late()
    seen.add(x if y is None else y)
    batch_size = next(filter(None, sizes), None)
    position, until = len(sizes), time.monotonic() + seconds
    ended = seen.read < rows
    while not ended and (count is None or position < count) and time.monotonic() < until:
        try:
            columns = as_arrays(next(stream))
            late.add(seen.read, columns)
            seen.add(columns[0] if y is None else columns[1])
            position += 1
        except Exception:
            # The end, or what Keras would have stopped at.
            ended = True
    images = None if count is None else count * batch_size
    if position == count:
        images = seen.read
    elif ended:
        images = min(seen.read, seen.read if images is None else images)
    return Feed(
        x,
        y,
        weights,
        late.with_inputs(sample(x, count=images)),
        None if y is None else late.with_targets(sample(y, count=images)),
        images,
        batch_size,
        seen.read,
        seen.different,
    )


class Late:
    """A few images of later batches, each batch as likely as any other."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(LATE)
        self._batches = 0
        self._kept: list[tuple[int, list]] = []

    def add(self, start: int, columns: list) -> None:
        """One of the rows of a batch, whose first one is row `start` of the epoch, may be kept."""
        if not len(columns[0]):
            return
        self._batches += 1
        place = len(self._kept)
        if place == LATE:
            place = int(self._random.integers(self._batches))
            if place >= LATE:
                return
        row = int(self._random.integers(len(columns[0])))
        image = start + row, [None if column is None else np.array(column[row]) for column in columns]
        self._kept[place : place + 1] = [image]

    def with_inputs(self, beginning: Sample) -> Sample:
        """A sample of the beginning's inputs, with the later ones."""
        return self._added(beginning, 0)

    def with_targets(self, beginning: Sample) -> Sample:
        """The same of the targets."""
        return self._added(beginning, 1)

    def _added(self, beginning: Sample, column: int) -> Sample:
        kept = sorted(self._kept, key=lambda image: image[0])
        values = numbers([image[column] for _, image in kept], (len(kept), *beginning.shape[1:]))
        if not values.size or not beginning.values.size:
            return beginning
        rows = beginning.rows + tuple(row for row, _ in kept)
        return dataclasses.replace(
            beginning, rows=rows, values=np.concatenate([beginning.values, values])
        )


class Different:
    """Counts the different rows of all that is added."""

    def __init__(self) -> None:
        self.read = 0
        self._seen: set[int] | None = set()

    @property
    def different(self) -> int | None:
        """None if what was added could not be compared."""
        return None if self._seen is None else len(self._seen)

    def add(self, rows: Any) -> None:
        """Looks at an array of any library, block by block."""
        self.read += len(rows)
        try:
            block = max(1, BLOCK_VALUES // max(1, math.prod(rows.shape[1:])))
            for start in range(0, len(rows), block):
                some = np.ascontiguousarray(rows[start : start + block])
                self._seen.update(hash(row.tobytes()) for row in some)
        except (AttributeError, TypeError, ValueError):
            self._seen = None


def _is_array(x: object) -> bool:
    return hasattr(only(x), "shape")


def as_arrays(batch: object) -> list:
    """The columns of a batch: inputs, and targets and weights as far as there are some."""
    columns = batch if isinstance(batch, tuple | list) else (batch,)
    return [None if column is None else np.asarray(only(column)) for column in columns]


def _length(x: object) -> int | None:
    """The number of batches in a pipeline; None where it has no end or does not tell."""
    if isinstance(x, tf.data.Dataset):
        cardinality = int(x.cardinality())
        return cardinality if cardinality >= 0 else None
    return len(x) if hasattr(x, "__len__") else None
