"""Records every call of `fit`, and in the grading kernel runs only a short share of it."""

import functools
import hashlib
import inspect
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from autograder.kernel import feed
from autograder.kernel.exchange import Exchanges
from autograder.kernel.feed import Arguments, Feed
from autograder.kernel.loops import Loops
from autograder.kernel.short_fit import RunToTheEnd, ShortFit, epochs
from autograder.protocol.evidence import FitEvidence, problem_of

READ_SECONDS = 20
"""Seconds for reading epochs of pipelines and generators to their ends, in all calls together. One epoch
of MNIST whose images come one by one takes 5 s of processor time."""

Trainer = keras.Model.__mro__[1]


@dataclass(frozen=True)
class _State:
    """A state of a network, and the calls that led to it."""

    layout: tuple[object, ...]
    """Kind and shape of each variable."""
    weights: str
    calls: tuple[FitEvidence, ...]


class FitRecorder:
    """Records each `fit` call as the student wrote it, by model.

    steps: steps of the short training in place of each call's own; None trains in full. It may be set
    between notebooks. incident: is called with a text where the short training cannot do what the
    student's own would have done.
    """

    def __init__(
        self, *, steps: int | None, incident: Callable[[str], None] = lambda what: None
    ) -> None:
        self.steps = steps
        self._incident = incident
        self._reading = float(READ_SECONDS)
        self._calls: weakref.WeakKeyDictionary[keras.Model, list[FitEvidence]] = (
            weakref.WeakKeyDictionary()
        )
        self._exchanges = Exchanges()
        self._loops = Loops(self._exchanges, steps=lambda: self.steps)
        self._all: list[_State] = []

    def install(self) -> None:
        """Wraps `fit` and `train_on_batch` of `keras.Model` for the life of the process."""
        original = Trainer.fit
        signature = inspect.signature(original)

        @functools.wraps(original)
        def fit(model: keras.Model, *args: Any, **kwargs: Any) -> keras.callbacks.History:
            arguments = signature.bind(model, *args, **kwargs)
            arguments.apply_defaults()
            return self._fit(original, model, dict(list(arguments.arguments.items())[1:]))

        Trainer.fit = fit
        self._loops.install(Trainer)

    def calls(self, model: object) -> tuple[FitEvidence, ...]:
        """Returns the `fit` calls that trained this model.

        A model without calls of its own may have been loaded, or given saved weights: then the calls are
        those that led to these weights, or else the last calls on a model with the same layers.
        """
        if not isinstance(model, keras.Model):
            return ()
        own = self._own(model)
        if own or not model.weights:
            return own
        layout, weights, learned = _layout(model), _digest(model), _has_learned(model)
        alike = [s for s in reversed(self._all) if s.layout == layout and s.calls[-1].steps]
        same = [state for state in alike if state.weights == weights]
        if same or (learned and alike):
            return (same or alike)[0].calls
        if learned:
            self._incident("a network was trained by a loop of its own, which is not on record")
        return ()

    def _own(self, model: keras.Model) -> tuple[FitEvidence, ...]:
        return *self._calls.get(model, ()), *self._loops.calls(model)

    def forget(self) -> None:
        """Forgets everything, as for another notebook."""
        self._reading = float(READ_SECONDS)
        self._calls.clear()
        self._exchanges.forget_all()
        self._loops.forget()
        self._all.clear()

    def start_over(self) -> None:
        """Forgets the calls and resets the optimizers, but keeps the functions built for training."""
        self._calls.clear()
        self._all.clear()
        self._exchanges.start_over()

    def _fit(self, original: Callable[..., Any], model: keras.Model, arguments: Arguments) -> Any:
        watcher = RunToTheEnd()
        if not self._own(model):
            # A model that was loaded continues the calls on the model that was saved.
            self._calls[model] = list(self.calls(model))
            watcher.first_call = not self._calls[model]
        before = self._calls.setdefault(model, [])
        fed = self._read(arguments)
        data = fed if isinstance(fed, Feed) else feed.NOTHING
        record = functools.partial(self._record, model, data, arguments, watcher)
        try:
            if self.steps is None or not epochs(arguments):
                history = original(model, **arguments)
            else:
                short = ShortFit(original, model, arguments, before, watcher, self.steps)
                history = short.run(fed, self._exchanges)
        except BaseException as error:
            record(problem_of(error))
            raise
        if watcher.incident:
            self._incident(f"the shortened training of this network failed: {watcher.incident}")
        full = epochs(arguments) * -(-(data.images or 0) // (data.batch_size or feed.KERAS_BATCH_SIZE))
        if self.steps is None:
            watcher.steps = full
        else:
            print(f"[grading] {watcher.steps} steps were trained here, in place of all {full}.")
        record(problem="")
        return history

    def _read(self, arguments: Arguments) -> Feed | Exception:
        """Returns the data that the call is fed, or the error that reading it raised."""
        started = time.monotonic()
        try:
            return feed.read(arguments, feed.beginning(self.steps), self._reading)
        except Exception as error:
            return error
        finally:
            self._reading = max(0.0, self._reading - (time.monotonic() - started))

    def _record(
        self, model: keras.Model, data: Feed, arguments: Arguments, watcher: RunToTheEnd, problem: str
    ) -> None:
        call = FitEvidence(
            input=data.input,
            target=data.target,
            images_per_epoch=data.images,
            batch_size=data.batch_size,
            epochs=epochs(arguments),
            validation=arguments["validation_data"] is not None or bool(arguments["validation_split"]),
            steps=watcher.steps,
            problem=problem,
            read=data.read,
            different=data.different,
            stopped=watcher.stopped,
            incident=watcher.incident,
        )
        calls = self._calls.setdefault(model, [])
        calls.append(call)
        self._all.append(_State(_layout(model), _digest(model), tuple(calls)))


def _has_learned(model: keras.Model) -> bool:
    optimizer = getattr(model, "optimizer", None)
    return optimizer is not None and bool(keras.ops.convert_to_numpy(optimizer.iterations) > 0)


def _digest(model: keras.Model) -> str:
    """Returns a digest of the model's weights."""
    sha = hashlib.sha256()
    for weights in model.get_weights():
        sha.update(np.ascontiguousarray(weights).tobytes())
    return sha.hexdigest()


def _layout(model: keras.Model) -> tuple[object, ...]:
    return tuple((type(v).__name__, tuple(v.shape)) for v in model.weights)
