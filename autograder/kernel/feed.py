"""Reads what is fed to `fit`: its beginning as arrays, and facts about the rest of an epoch.

One epoch of a pipeline or a generator is read to its end, as Keras would, so that images which come late
are seen as well. A generator then continues after that epoch.
"""

import dataclasses
import itertools
import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from autograder.kernel.samples import numbers, sample
from autograder.protocol import short_training
from autograder.protocol.evidence import Sample

FULL_ROWS = 64
"""Images that are gathered for a sample where the training is not shortened."""
LATE = 24
"""Images that are sampled from the later batches."""
BLOCK_VALUES = 2**22
"""Values of an array that are compared at once."""
KERAS_BATCH_SIZE = 32
"""Batch size of `fit` where none is given."""

Columns = list[Any]
"""Inputs, targets and weights of a batch: an array or None each."""
INPUTS, TARGETS = 0, 1
Arguments = dict[str, Any]
"""Arguments of a call of `fit`, by name."""


@dataclass(frozen=True)
class Feed:
    """The data of one call of `fit`. `x`, `y` and `weights` are its beginning."""

    x: Any = None
    y: Any = None
    weights: Any = None
    input: Sample | None = None
    target: Sample | None = None
    images: int | None = None
    """Images in an epoch; None if it has no end or its length is unknown."""
    batch_size: int | None = None
    read: int | None = None
    """Images that were read, at most those of an epoch."""
    different: int | None = None
    """Number of different targets read, or of different inputs if there are no targets."""


NOTHING = Feed()
"""The data of a call whose data cannot be read."""


def beginning(steps: int | None) -> int:
    """Returns how many of the first images are read as they are: those of that many short steps.

    steps: None where the training is not shortened.
    """
    return FULL_ROWS if steps is None else steps * short_training.BATCH


def read(arguments: Arguments, rows: int, seconds: float) -> Feed:
    """Returns the data that these arguments feed to `fit`, with the first `rows` images as they are.

    seconds: time after which the rest of an epoch is left unread. Raises an exception if the arguments
    are no data.
    """
    x, y, weights = arguments["x"], arguments["y"], arguments["sample_weight"]
    steps = arguments["steps_per_epoch"] and int(arguments["steps_per_epoch"])
    if not _is_array(x):
        if y is not None or arguments["validation_split"]:
            raise ValueError("x brings its targets itself, and cannot be split")
        return _read_through(iter(batches(x)), rows, steps or _length(x), seconds)
    x, y = only(x), None if y is None else only(y)
    batch = int(arguments["batch_size"] or KERAS_BATCH_SIZE)
    aside = arguments["validation_split"] if arguments["validation_data"] is None else 0
    trained = max(0, int(len(x) * (1 - (aside or 0))))
    images = trained if steps is None else min(trained, steps * batch)
    inputs, targets = (column if not aside or column is None else column[:trained] for column in (x, y))
    seen = Different()
    seen.add(inputs if y is None else targets)
    given = sample(inputs, count=images)
    wanted = None if y is None else sample(targets, count=images)
    return Feed(x, y, weights, given, wanted, images, batch, seen.read, seen.different)


def only(x: object) -> Any:
    """Returns the one array that x is or holds; a list of numbers becomes an array."""
    if isinstance(x, dict) and len(x) == 1:
        return next(iter(x.values()))
    if isinstance(x, list | tuple):
        return x[0] if len(x) == 1 and hasattr(x[0], "shape") else np.asarray(x)
    return x


def batches(x: Iterable[Any]) -> Iterable[Any]:
    """Returns the batches that Keras iterates over."""
    if isinstance(x, keras.utils.PyDataset):
        count = x.num_batches
        return (x[i] for i in (itertools.count() if count is None else range(count)))
    return x


def gather(stream: Iterator[Any], rows: int) -> tuple[tuple[Any, ...], list[int]]:
    """Returns the first `rows` rows of an iterator of batches, and the sizes of these batches."""
    taken: list[Columns] = []
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


def _read_through(stream: Iterator[Any], rows: int, count: int | None, seconds: float) -> Feed:
    """Returns the feed of an iterator of batches, `count` of which are an epoch if that is known."""
    (x, y, weights), sizes = gather(stream, rows)
    seen, late = Different(), Late()
    seen.add(x if y is None else y)
    batch_size = next(filter(None, sizes))
    position, until = len(sizes), time.monotonic() + seconds
    ended = seen.read < rows
    while not ended and (count is None or position < count) and time.monotonic() < until:
        try:
            columns = as_arrays(next(stream))
            late.add(seen.read, columns)
            seen.add(columns[INPUTS if y is None else TARGETS])
            position += 1
        except Exception:
            # The end of the data, or an error at which Keras would have stopped.
            ended = True
    images = None if count is None else count * batch_size
    if position == count:
        images = seen.read
    elif ended:
        images = min(seen.read, seen.read if images is None else images)
    given = late.added(sample(x, count=images), INPUTS)
    wanted = None if y is None else late.added(sample(y, count=images), TARGETS)
    return Feed(x, y, weights, given, wanted, images, batch_size, seen.read, seen.different)


class Late:
    """Keeps a few images of later batches, each batch as likely as any other."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(LATE)
        self._batches = 0
        self._kept: list[tuple[int, Columns]] = []

    def add(self, start: int, columns: Columns) -> None:
        """Keeps one row of a batch by chance. start: row of the epoch with which the batch begins."""
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

    def added(self, beginning: Sample, column: int) -> Sample:
        """Returns a sample of the beginning of this column with the later images added."""
        kept = sorted(self._kept, key=lambda image: image[0])
        values = numbers([image[column] for _, image in kept], (len(kept), *beginning.shape[1:]))
        if not values.size or not beginning.values.size:
            return beginning
        rows = beginning.rows + tuple(row for row, _ in kept)
        return dataclasses.replace(
            beginning, rows=rows, values=np.concatenate([beginning.values, values])
        )


class Different:
    """Counts the different rows of the arrays that are added."""

    def __init__(self) -> None:
        self.read = 0
        self._seen: set[int] | None = set()

    @property
    def different(self) -> int | None:
        """The number of different rows; None if some could not be compared."""
        return None if self._seen is None else len(self._seen)

    def add(self, rows: Any) -> None:
        """Compares the rows of an array of any library, block by block."""
        self.read += len(rows)
        if self._seen is None:
            return
        try:
            block = max(1, BLOCK_VALUES // max(1, math.prod(rows.shape[1:])))
            for start in range(0, len(rows), block):
                some = np.ascontiguousarray(rows[start : start + block])
                self._seen.update(hash(row.tobytes()) for row in some)
        except (AttributeError, TypeError, ValueError):
            self._seen = None


def _is_array(x: object) -> bool:
    return hasattr(only(x), "shape")


def as_arrays(batch: object) -> Columns:
    """Returns the columns of a batch: its inputs, then targets and weights if there are any."""
    columns = batch if isinstance(batch, tuple | list) else (batch,)
    return [None if column is None else np.asarray(only(column)) for column in columns]


def _length(x: object) -> int | None:
    """Returns the number of batches in a pipeline; None if it has no end or its length is unknown."""
    if isinstance(x, tf.data.Dataset):
        cardinality = int(x.cardinality())
        return cardinality if cardinality >= 0 else None
    return len(x) if hasattr(x, "__len__") else None
