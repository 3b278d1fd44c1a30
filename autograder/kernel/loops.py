"""Records training loops of the student's own, and runs only a short share of `train_on_batch`."""

import functools
import weakref
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from autograder.kernel import feed
from autograder.kernel.exchange import Exchanges
from autograder.kernel.samples import sample
from autograder.protocol import short_training
from autograder.protocol.evidence import FitEvidence


class Loops:
    """Records what `train_on_batch` was called with, by model.

    steps: returns how many steps of a loop to run; None means all.
    """

    def __init__(self, exchanges: Exchanges, *, steps: Callable[[], int | None]) -> None:
        self._exchanges = exchanges
        self._steps = steps
        self._loops: weakref.WeakKeyDictionary[keras.Model, _Loop] = weakref.WeakKeyDictionary()

    def install(self, trainer: Any) -> None:
        """Wraps the method of this class, Keras's trainer, for the life of the process."""
        original = trainer.train_on_batch

        @functools.wraps(original)
        def train_on_batch(
            model: keras.Model, x: Any, y: Any = None, sample_weight: Any = None, **options: Any
        ) -> Any:
            steps = self._steps()
            loop = self._loops.get(model) or _Loop(feed.beginning(steps))
            batch = loop.add(x, y, sample_weight)
            if steps is None:
                loop.answer = original(model, x, y, sample_weight, **options)
                loop.steps += 1
            elif loop.steps < steps:
                short = [c if c is None else c[: short_training.BATCH] for c in batch]
                with self._exchanges.made(model, tuple(short), []):
                    loop.answer = original(model, *short, **options)
                loop.steps += 1
            self._loops[model] = loop
            return loop.answer

        trainer.train_on_batch = train_on_batch

    def calls(self, model: keras.Model) -> tuple[FitEvidence, ...]:
        """Returns the loop that trained this model, if there was one, as a call of `fit`."""
        return (self._loops[model].evidence(),) if model in self._loops else ()

    def forget(self) -> None:
        """Forgets all loops, as for another notebook."""
        self._loops.clear()


class _Loop:
    """All calls of `train_on_batch` on one network. rows: images that are kept of its beginning."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self.steps = 0
        self.answer: object = None
        """The return value of the last step that was run."""
        self._first: list[feed.Columns] = []
        self._late = feed.Late()
        self._seen = feed.Different()

    def add(self, *batch: object) -> feed.Columns:
        """Records a batch of inputs, targets and weights; returns them as arrays."""
        columns = feed.as_arrays(batch)
        if self._seen.read < self._rows:
            self._first.append(columns)
        else:
            self._late.add(self._seen.read, columns)
        self._seen.add(columns[0] if columns[1] is None else columns[1])
        return columns

    def evidence(self) -> FitEvidence:
        """Returns the loop as one call of `fit` with one long epoch: nothing shows where epochs end."""
        inputs, targets, _ = zip(*self._first, strict=True)
        target = None
        if targets[0] is not None:
            target = self._late.added(
                sample(np.concatenate(targets), count=self._seen.read), feed.TARGETS
            )
        return FitEvidence(
            input=self._late.added(sample(np.concatenate(inputs), count=self._seen.read), feed.INPUTS),
            target=target,
            images_per_epoch=self._seen.read,
            batch_size=len(inputs[0]),
            epochs=1,
            validation=False,
            steps=self.steps,
            problem="",
            read=self._seen.read,
            different=self._seen.different,
            loop=True,
        )
