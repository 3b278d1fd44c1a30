"""Training loops of the student's own: `train_on_batch`, of which a short share is really trained."""

import functools
import weakref

import keras
import numpy as np

from autograder.kernel import feed
from autograder.kernel.describe import sample
from autograder.kernel.exchange import Exchanges
from autograder.protocol.evidence import FitEvidence

BEGINNING = 1400
"""Images of which more are looked at than of those that follow."""


class Loops:
    """Notes what `train_on_batch` was called with, per model.

    shortened: how many steps of a loop are run, and on how many images each; None: all.
    """

    def __init__(self, exchanges: Exchanges, shortened: tuple[int, int] | None) -> None:
        self._exchanges = exchanges
        self._shortened = shortened
        self._loops: weakref.WeakKeyDictionary[keras.Model, _Loop] = weakref.WeakKeyDictionary()

    def install(self, trainer: type) -> None:
        """Wraps the method of Keras's trainer for the life of the process."""
        original = trainer.train_on_batch

        @functools.wraps(original)
        def train_on_batch(model, x, y=None, sample_weight=None, **options):
            loop = self._loops.get(model) or _Loop()
            batch = loop.add(x, y, sample_weight)
            if self._shortened is None:
                loop.answer = original(model, x, y, sample_weight, **options)
                loop.steps += 1
            elif loop.steps < self._shortened[0]:
                short = [c if c is None else c[: self._shortened[1]] for c in batch]
                with self._exchanges.made(model, tuple(short), []):
                    loop.answer = original(model, *short, **options)
                loop.steps += 1
            self._loops[model] = loop
            return loop.answer

        trainer.train_on_batch = train_on_batch

    def calls(self, model: keras.Model) -> tuple[FitEvidence, ...]:
        """The loop that trained this model, if there was one."""
        return (self._loops[model].evidence(),) if model in self._loops else ()

    def forget(self) -> None:
        """Starts anew, as for another notebook."""
        self._loops.clear()


class _Loop:
    """All calls of `train_on_batch` on one network."""

    def __init__(self) -> None:
        self.steps = 0
        self.answer: object = None
        """What the last call that was run returned."""
        self._first: list[list] = []
        self._late = feed.Late()
        self._seen = feed.Different()

    def add(self, *batch: object) -> list:
        """Looks at inputs, targets and weights; returns them as arrays."""
        columns = feed.as_arrays(batch)
        if self._seen.read < BEGINNING:
            self._first.append(columns)
        else:
            self._late.add(self._seen.read, columns)
        self._seen.add(columns[0] if columns[1] is None else columns[1])
        return columns

    def evidence(self) -> FitEvidence:
        """One call of `fit` with one long epoch: where epochs begin, a loop does not say."""
        inputs, targets, _ = zip(*self._first, strict=True)
        target = None
        if targets[0] is not None:
            target = self._late.with_targets(sample(np.concatenate(targets), count=self._seen.read))
        return FitEvidence(
            input=self._late.with_inputs(sample(np.concatenate(inputs), count=self._seen.read)),
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
