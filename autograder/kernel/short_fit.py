"""Runs a short share of a call of `fit`, and more of it where the network learns slowly.

Measured (Keras 3.15, TensorFlow 2.21, one thread): a `fit` takes 1 s of processor time up to its first
step; all others of 140 steps take 0.8 s in an autoencoder of 16 channels, and 1.2 s in one of 32.
`autograder calibrate` measures how far such a training gets.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from autograder.kernel import feed
from autograder.kernel.exchange import Exchanges
from autograder.kernel.feed import Arguments, Feed
from autograder.protocol import short_training
from autograder.protocol.evidence import FitEvidence, problem_of

SHORT_SECONDS = 120
SLOW_ROWS = 100
"""Images on which the error is measured that tells whether a network learns slowly."""
VALIDATION_ROWS = 50
FIRST_SHARE = 0.8
"""Share of the remaining steps that one call may take, so that later calls on the model find some."""

Logs = dict[str, Any]


class RunToTheEnd(keras.callbacks.Callback):
    """Counts steps, and lets nothing but the number of steps and the clock end the short training."""

    first_call = False
    """Whether the network is trained for the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.started = time.monotonic()
        self.incident = ""
        """Why the training could not be shortened as usual."""
        self.begin()

    def begin(self, most: float = math.inf) -> None:
        """Counts from zero again; training ends after `most` steps."""
        self._most = most
        self.steps = 0
        self.epochs = 0
        self.stopped: int | None = None
        """Steps after which another callback asked to stop, if that was within the first epoch."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self.first_call:
            self.first_call = False
            for variable in self.model.trainable_weights:
                _spread_as_usual(variable)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.steps += 1
        if self.model.stop_training and not self.epochs and self.stopped is None and _is_finite(logs):
            self.stopped = self.steps
        self.model.stop_training = self.is_over()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epochs += 1
        self.model.stop_training = self.is_over()

    def is_over(self) -> bool:
        """Tells whether all steps are taken or time is up."""
        return self.steps >= self._most or time.monotonic() - self.started > SHORT_SECONDS


@dataclass(frozen=True)
class ShortFit:
    """One call of `fit`, of which a short share is run."""

    original: Callable[..., Any]
    model: keras.Model
    arguments: Arguments
    before: Sequence[FitEvidence]
    """The calls on this model so far."""
    watcher: RunToTheEnd
    steps: int
    """Steps of the usual short training."""

    def run(self, data: Feed | Exception, exchanges: Exchanges) -> keras.callbacks.History:
        """Trains, and raises the error that Keras raises for the call as the student wrote it.

        data: the data that the call is fed, or the error that reading it raised.
        """
        callbacks = [*_callbacks(self.arguments["callbacks"]), self.watcher]
        short = self.arguments | {"callbacks": callbacks}
        try:
            if isinstance(data, Exception):
                raise data
            short |= self._shares(data)
            columns = (short["x"], short["y"], short["sample_weight"])
            with exchanges.made(self.model, columns, callbacks):
                history = self.original(self.model, **short)
                if self._train_on(short, _most_steps(data, epochs(self.arguments))):
                    _save_again(callbacks, history)
                self.model.history = history
                return history
        except Exception as error:
            failed = error
        # Without any exchange, an error is the student's own.
        exchanges.forget(self.model)
        self.watcher.begin(most=self.steps)
        history = self.original(self.model, **short)
        self.watcher.incident = problem_of(failed)
        return history

    def _train_on(self, short: Arguments, most: float) -> bool:
        """Repeats the training without the student's callbacks while the network learns slowly.

        most: steps that the call may have. Returns whether anything was repeated.
        """
        began = self.watcher.steps
        epoch = len(short["x"]) // short_training.BATCH
        more = {"callbacks": [self.watcher], "verbose": 0, "validation_data": None}
        more |= {"epochs": 1, "initial_epoch": 0, "steps_per_epoch": epoch}
        left = short_training.ROUNDS_IN_ALL * self.steps - sum(call.steps for call in self.before)
        most = min(short_training.ROUNDS * self.steps, left, most)
        while (
            self.watcher.steps < most
            and not self.watcher.is_over()
            and error_left(self.model, short["x"], short["y"]) > short_training.SLOW
        ):
            self.original(self.model, **short | more)
        return self.watcher.steps > began

    def _shares(self, data: Feed) -> Arguments:
        """Returns those arguments of `fit` that make it train a short share."""
        columns = [data.x, data.y, data.weights]
        if len({len(column) for column in columns if column is not None}) > 1:
            raise ValueError("inputs, targets and weights differ in number")
        validation = _shortened_validation(self.arguments["validation_data"])
        if (split := self.arguments["validation_split"]) and validation is None:
            cut = int(len(data.x) * (1 - split))
            validation = tuple(c if c is None else c[cut : cut + VALIDATION_ROWS] for c in columns)
            columns = [c if c is None else c[:cut] for c in columns]
        asked = epochs(self.arguments)
        left = self._steps_left(asked * (data.images or data.read or 0))
        steps = -(-round(FIRST_SHARE * left) // asked) or 1
        steps = math.ceil(min(steps, _most_steps(data, 1)))
        x, y, weights = (_repeated(column, asked * steps * short_training.BATCH) for column in columns)
        return {
            "x": x,
            "y": y,
            "sample_weight": weights,
            "batch_size": short_training.BATCH,
            # Each epoch continues where the one before ended.
            "steps_per_epoch": steps,
            "validation_data": validation,
            "validation_split": 0,
            "validation_steps": None,
            "validation_batch_size": VALIDATION_ROWS,
        }

    def _steps_left(self, work: int) -> float:
        """Returns the steps left for a call on `work` images in all: fewer after larger calls."""
        works = [call.epochs * (call.images_per_epoch or call.read or 0) for call in self.before]
        # Longer training of one call takes nothing from the next.
        steps = [min(call.steps, self.steps) for call in self.before]
        taken = [each * min(1, done / work) for each, done in zip(steps, works, strict=True)]
        return max(0.0, self.steps / FIRST_SHARE - sum(taken))


def epochs(arguments: Arguments) -> int:
    """Returns how many epochs are asked for; 0 where Keras will reject the argument."""
    try:
        return max(0, int(arguments["epochs"]) - int(arguments["initial_epoch"]))
    except (TypeError, ValueError):
        return 0


def error_left(model: keras.Model, x: Any, y: Any) -> float:
    """Returns the mean squared error on the first images, as a share of the error of their mean target.

    NaN if the network's answers cannot be compared with the targets.
    """
    try:
        targets = np.asarray(y[:SLOW_ROWS], np.float32)
        answers = keras.ops.convert_to_numpy(model(x[:SLOW_ROWS], training=False))
        error, of_mean = (np.mean((each - targets) ** 2) for each in (answers, targets.mean(axis=0)))
        return float(error) / float(of_mean)
    except Exception:
        return math.nan


def _most_steps(data: Feed, epochs: int) -> float:
    """Returns how many short steps see as many images as these epochs: few images teach little."""
    return math.inf if data.images is None else max(1.0, data.images * epochs / short_training.BATCH)


def _spread_as_usual(variable: keras.Variable) -> None:
    """Scales initial weights of little spread to the usual one (Glorot and Bengio 2010).

    Equal weights, such as zeros, stay as they are: such a network never learns.
    """
    if len(variable.shape) < 2:
        return
    weights = keras.ops.convert_to_numpy(variable)
    spread = float(np.std(weights, dtype=np.float64))
    usual = math.sqrt(2 / (math.prod(weights.shape[:-2]) * sum(weights.shape[-2:])))
    if 0 < spread < short_training.SMALL * usual:
        variable.assign(weights * (usual / spread))


def _is_finite(logs: Logs | None) -> bool:
    """Tells whether the loss is a number: if it is not, a callback is right to stop."""
    return all(np.isfinite(keras.ops.convert_to_numpy(value)).all() for value in (logs or {}).values())


def _repeated(column: Any, count: int) -> Any:
    """Returns the first `count` rows of an array, repeated if there are fewer."""
    if column is None:
        return None
    first = np.asarray(column[:count])
    return first[np.arange(count) % len(first)]


def _callbacks(callbacks: Any) -> list[keras.callbacks.Callback]:
    if callbacks is None:
        return []
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return list(callbacks.callbacks)
    return list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks]


def _save_again(callbacks: list[keras.callbacks.Callback], history: keras.callbacks.History) -> None:
    """Lets checkpoints save the network once more, as it is at the end."""
    logs = {name: values[-1] for name, values in history.history.items()}
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.ModelCheckpoint):
            callback.on_epoch_end(history.epoch[-1], logs)


def _shortened_validation(validation: Any) -> Any:
    if validation is None:
        return None
    if hasattr(validation, "shape"):
        return validation[:VALIDATION_ROWS]
    if isinstance(validation, tuple | list):
        return tuple(None if a is None else feed.only(a)[:VALIDATION_ROWS] for a in validation)
    return feed.gather(iter(feed.batches(validation)), VALIDATION_ROWS)[0]
