"""Records every call of `fit`, and in the grading kernel runs only a short share of it.

Measured (Keras 3.15, TensorFlow 2.21, one thread): a `fit` costs
1 s of processor time up to its first step, and for all the others 0.8 s in exercise 1 and 1.2 s in
exercise 2. What it reaches, `autograder calibrate` measures.
"""

import functools
import hashlib
import inspect
import math
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from autograder.kernel import feed
from autograder.kernel.exchange import Exchanges
from autograder.kernel.feed import Feed
from autograder.kernel.loops import Loops
from autograder.protocol.evidence import FitEvidence

SHORT_STEPS = 140
SHORT_BATCH = 10
SHORT_SECONDS = 120
SLOW = 0.6
"""Error on what it learns from, as a share of always answering the mean target, at more than which a
network is trained on: a few initial weights lead only slowly to where others are."""
MOST_STEPS = 5 * SHORT_STEPS
"""Of one call that is trained on."""
MOST_STEPS_IN_ALL = 7 * SHORT_STEPS
"""Of one network in all its calls, after which none is trained on."""
SLOW_ROWS = 100
"""Images that tell."""
SMALL = 0.8
"""Share of the usual spread of initial weights below which they are scaled to it: what passes through
many layers of small weights is too faint to be learned from in so few steps."""
VALIDATION_ROWS = 50
READ_SECONDS = 20
"""For reading epochs of pipelines and generators to their ends, in all calls together. Of one over MNIST
whose images come one by one an epoch takes 5 s of processor time."""
FIRST_SHARE = 0.8
"""Share of the steps left that one call may take, so that further calls on the model find some."""

Trainer = keras.Model.__mro__[1]


class _RunToTheEnd(keras.callbacks.Callback):
    """Keeps early stopping from cutting the short training, and the clock from running away."""

    anew = False
    """Whether the network is trained for the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.started = time.monotonic()
        self.incident = ""
        """Why the training could not be shortened as others are."""
        self.begin()

    def begin(self, most: float = math.inf) -> None:
        """Counts anew. most: steps after which training ends."""
        self._most = most
        self.steps = 0
        self.epochs = 0
        self.stopped: int | None = None
        """Steps after which another callback asked to stop, in the midst of the first epoch."""

    def on_train_begin(self, logs=None):
        if self.anew:
            self.anew = False
            for variable in self.model.trainable_weights:
                _spread_as_usual(variable)

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.model.stop_training and not self.epochs and self.stopped is None and _is_finite(logs):
            self.stopped = self.steps
        self.model.stop_training = self.is_over()

    def on_epoch_end(self, epoch, logs=None):
        self.epochs += 1
        self.model.stop_training = self.is_over()

    def is_over(self) -> bool:
        """Whether steps or time are used up."""
        return self.steps >= self._most or time.monotonic() - self.started > SHORT_SECONDS


@dataclass(frozen=True)
class _State:
    """A state of a network, and the calls that led to it."""

    layout: tuple
    weights: str
    calls: tuple[FitEvidence, ...]


class FitRecorder:
    """Notes each `fit` call as the student wrote it, per model.

    shorten: run `SHORT_STEPS` steps of batches of `SHORT_BATCH` instead of the whole training.
    incident: is told what the student's own training would have done and the shortened one cannot.
    """

    def __init__(self, *, shorten: bool, incident: Callable[[str], None] = lambda what: None) -> None:
        self.shorten = shorten
        self._incident = incident
        self._reading = float(READ_SECONDS)
        self._calls: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
        self._exchanges = Exchanges()
        self._loops = Loops(self._exchanges, (SHORT_STEPS, SHORT_BATCH) if shorten else None)
        self._all: list[_State] = []

    def install(self) -> None:
        """Wraps `fit` and `train_on_batch` of `keras.Model` for the life of the process."""
        original = Trainer.fit
        signature = inspect.signature(original)

        @functools.wraps(original)
        def fit(model, *args, **kwargs):
            arguments = signature.bind(model, *args, **kwargs)
            arguments.apply_defaults()
            return self._fit(original, model, dict(list(arguments.arguments.items())[1:]))

        Trainer.fit = fit
        self._loops.install(Trainer)

    def calls(self, model: object) -> tuple[FitEvidence, ...]:
        """The `fit` calls that trained this model.

        A model without calls of its own may have been saved and loaded again, or its weights: then
        those count that led to these weights, or the last ones of a model of the same layers.
        """
        if not isinstance(model, keras.Model):
            return ()
        own = self._own(model)
        if own or not model.weights:
            return own
        layout, weights, learned = _layout(model), _digest(model), _has_learned(model)
        alike = [s for s in reversed(self._all) if s.layout == layout and s.calls[-1].steps]
        same = [state for state in alike if state.weights == weights]
        if found := same or (learned and alike):
            return found[0].calls
        if learned:
            self._incident("a network was trained by a loop of its own, which is not on record")
        return ()

    def _own(self, model: keras.Model) -> tuple[FitEvidence, ...]:
        return *self._calls.get(model, ()), *self._loops.calls(model)

    def forget(self) -> None:
        """Starts anew, as for another notebook."""
        self._reading = float(READ_SECONDS)
        self._calls.clear()
        self._exchanges.forget_all()
        self._loops.forget()
        self._all.clear()

    def start_over(self) -> None:
        """Forgets the calls, but not what was built for their models: their next ones train anew."""
        self._calls.clear()
        self._all.clear()
        self._exchanges.start_over()

    def _fit(self, original, model: keras.Model, arguments: dict):
        if not self._own(model):
            # Of one that was loaded, those before go on.
            self._calls[model] = list(self.calls(model))
        watcher, data, unread = _RunToTheEnd(), feed.NOTHING, None
        try:
            data = self._read(arguments, SHORT_STEPS * SHORT_BATCH if self.shorten else 64)
        except Exception as error:
            unread = error
        epochs = _epochs(arguments)
        record = functools.partial(self._record, model, data, epochs, arguments, watcher)
        try:
            if self.shorten and epochs:
                history = self._shortened(original, model, arguments, data, watcher, unread)
            else:
                history = original(model, **arguments)
        except BaseException as error:
            record(watcher.steps, f"{type(error).__name__}: {error}"[:500])
            raise
        full = epochs * -(-(data.images or 0) // (data.batch_size or 32))
        record(watcher.steps if self.shorten else full, "")
        if self.shorten:
            print(f"[grading] {watcher.steps} steps were trained here, in place of all {full}.")
        return history

    def _shortened(self, original, model, arguments: dict, data: Feed, watcher, unread):
        """Trains a short share of the call, and raises what Keras raises to the call as it is.

        unread: why the data could not be read, if they could not.
        """
        callbacks = [*_callbacks(arguments["callbacks"]), watcher]
        watcher.anew = not self._calls[model]
        try:
            if unread is not None:
                raise unread
            short = self._shares(model, arguments, data) | {"callbacks": callbacks}
        except Exception as error:
            failed, short = error, arguments | {"callbacks": callbacks}
        else:
            columns = (short["x"], short["y"], short["sample_weight"])
            try:
                with self._exchanges.made(model, columns, callbacks):
                    history = original(model, **short)
                    most = _most_steps(data, _epochs(arguments))
                    if self._train_on(original, model, short, watcher, most):
                        _save_again(callbacks, history)
                    model.history = history
                    return history
            except Exception as error:
                failed = error
        # Whose fault it is shows with all as the student has it.
        self._exchanges.forget(model)
        watcher.begin(most=SHORT_STEPS)
        history = original(model, **short)
        watcher.incident = f"{type(failed).__name__}: {failed}"[:500]
        self._incident(f"the shortened training of this network failed: {watcher.incident}")
        return history

    def _train_on(self, original, model, short: dict, watcher: _RunToTheEnd, most: float) -> bool:
        """More of the same, without the student's callbacks, if the network learns slowly.

        most: steps that the call may have. Returns whether there was more.
        """
        began = watcher.steps
        before = sum(call.steps for call in self._calls.get(model, ()))
        more = {"callbacks": [watcher], "verbose": 0, "validation_data": None}
        more |= {"epochs": 1, "initial_epoch": 0, "steps_per_epoch": len(short["x"]) // SHORT_BATCH}
        most = min(MOST_STEPS, MOST_STEPS_IN_ALL - before, most)
        while (
            watcher.steps < most
            and not watcher.is_over()
            and error_left(model, short["x"], short["y"]) > SLOW
        ):
            original(model, **short | more)
        return watcher.steps > began

    def _read(self, arguments: dict, rows: int) -> Feed:
        started = time.monotonic()
        try:
            return feed.read(arguments, rows, self._reading)
        finally:
            self._reading = max(0.0, self._reading - (time.monotonic() - started))

    def _record(
        self,
        model: keras.Model,
        data: Feed,
        epochs: int,
        arguments: dict,
        watcher: _RunToTheEnd,
        steps: int,
        problem: str,
    ) -> None:
        call = FitEvidence(
            input=data.input,
            target=data.target,
            images_per_epoch=data.images,
            batch_size=data.batch_size,
            epochs=epochs,
            validation=arguments["validation_data"] is not None or bool(arguments["validation_split"]),
            steps=steps,
            problem=problem,
            read=data.read,
            different=data.different,
            stopped=watcher.stopped,
            incident=watcher.incident,
        )
        calls = self._calls.setdefault(model, [])
        calls.append(call)
        self._all.append(_State(_layout(model), _digest(model), tuple(calls)))

    def _shares(self, model, arguments: dict, data: Feed) -> dict:
        """The arguments of `fit` that train a short share of what these do."""
        columns = [data.x, data.y, data.weights]
        if len({len(column) for column in columns if column is not None}) > 1:
            raise ValueError("inputs, targets and weights differ in number")
        validation = _shortened_validation(arguments["validation_data"])
        if arguments["validation_split"] and validation is None:
            cut = int(len(data.x) * (1 - arguments["validation_split"]))
            validation = tuple(c if c is None else c[cut : cut + VALIDATION_ROWS] for c in columns)
            columns = [c if c is None else c[:cut] for c in columns]
        epochs = _epochs(arguments)
        left = self._steps_left(model, epochs * (data.images or data.read))
        steps = -(-round(FIRST_SHARE * left) // epochs) or 1
        steps = math.ceil(min(steps, _most_steps(data, 1)))
        x, y, weights = (_repeated(column, epochs * steps * SHORT_BATCH) for column in columns)
        return arguments | {
            "x": x,
            "y": y,
            "sample_weight": weights,
            "batch_size": SHORT_BATCH,
            # Each epoch goes on where the one before ended.
            "steps_per_epoch": steps,
            "validation_data": validation,
            "validation_split": 0,
            "validation_steps": None,
            "validation_batch_size": VALIDATION_ROWS,
        }

    def _steps_left(self, model, work: int) -> float:
        """For a call that trains on so many images in all; to try `fit` on a few takes few of them."""
        calls = self._calls.get(model, ())
        works = [call.epochs * (call.images_per_epoch or call.read or 0) for call in calls]
        # What a call was trained on for leaves the next one as many.
        steps = [min(call.steps, SHORT_STEPS) for call in calls]
        taken = [each * min(1, done / work) for each, done in zip(steps, works, strict=True)]
        return max(0.0, SHORT_STEPS / FIRST_SHARE - sum(taken))


def _most_steps(data: Feed, epochs: int) -> float:
    """Steps that go through as many images as the call does: one on a single image teaches little."""
    return math.inf if data.images is None else max(1.0, data.images * epochs / SHORT_BATCH)


def _epochs(arguments: dict) -> int:
    """How many epochs are asked for; none if it is no number, which Keras says."""
    try:
        return max(0, int(arguments["epochs"]) - int(arguments["initial_epoch"]))
    except (TypeError, ValueError):
        return 0


def error_left(model: keras.Model, x, y) -> float:
    """Mean squared error on the first of these, as a share of that of answering their mean target.

    NaN where what it answers is nothing to be compared with the targets.
    """
    try:
        targets = np.asarray(y[:SLOW_ROWS], np.float32)
        answers = keras.ops.convert_to_numpy(model(x[:SLOW_ROWS], training=False))
        error, of_mean = (np.mean((each - targets) ** 2) for each in (answers, targets.mean(axis=0)))
        return float(error) / float(of_mean)
    except Exception:
        return math.nan


def _spread_as_usual(variable: keras.Variable) -> None:
    """Scales initial weights whose spread is small to the usual one (Glorot and Bengio 2010).

    Those that are all the same, such as zeros, stay so: such a network learns nothing in any time.
    """
    if len(variable.shape) < 2:
        return
    weights = keras.ops.convert_to_numpy(variable)
    spread = float(np.std(weights, dtype=np.float64))
    usual = math.sqrt(2 / (math.prod(weights.shape[:-2]) * sum(weights.shape[-2:])))
    if 0 < spread < SMALL * usual:
        variable.assign(weights * (usual / spread))


def _is_finite(logs: dict | None) -> bool:
    """Whether the loss is a number: to stop where it is none is the right thing to do."""
    return all(np.isfinite(keras.ops.convert_to_numpy(value)).all() for value in (logs or {}).values())


def _repeated(column, count: int):
    """The first `count` rows of an array, over and over if there are fewer."""
    if column is None:
        return None
    first = np.asarray(column[:count])
    return first[np.arange(count) % len(first)]


def _has_learned(model: keras.Model) -> bool:
    optimizer = getattr(model, "optimizer", None)
    return optimizer is not None and keras.ops.convert_to_numpy(optimizer.iterations) > 0


def _digest(model: keras.Model) -> str:
    """Of its weights."""
    sha = hashlib.sha256()
    for weights in model.get_weights():
        sha.update(np.ascontiguousarray(weights).tobytes())
    return sha.hexdigest()


def _layout(model: keras.Model) -> tuple:
    return tuple((type(v).__name__, tuple(v.shape)) for v in model.weights)


def _callbacks(callbacks: object) -> list:
    if callbacks is None:
        return []
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return list(callbacks.callbacks)
    return list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks]


def _save_again(callbacks: list, history) -> None:
    """A checkpoint of the last epoch holds what the network is in the end."""
    logs = {name: values[-1] for name, values in history.history.items()}
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.ModelCheckpoint):
            callback.on_epoch_end(history.epoch[-1], logs)


def _shortened_validation(validation):
    if validation is None:
        return None
    if hasattr(validation, "shape"):
        return validation[:VALIDATION_ROWS]
    if isinstance(validation, tuple | list):
        return tuple(None if a is None else feed.only(a)[:VALIDATION_ROWS] for a in validation)
    return feed.gather(iter(feed.batches(validation)), VALIDATION_ROWS)[0]
