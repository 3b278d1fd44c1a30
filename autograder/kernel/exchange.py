"""What is exchanged on a network and its callbacks while the shortened training runs."""

import contextlib
import functools
from collections.abc import Iterator

import keras

from autograder.kernel import short_loss
from autograder.kernel.short_optimizer import ShortOptimizer

SETTLING = 0.9
"""Largest momentum of moving averages: at more they do not settle in so few steps."""


class Exchanges:
    """What the networks of one process learn with here: own optimizer, own loss."""

    def __init__(self) -> None:
        self._kept: dict[keras.Model, tuple[object, dict]] = {}

    def forget(self, model: keras.Model) -> None:
        """Lets the next training of this model begin with an optimizer that has seen nothing."""
        self._kept.pop(model, None)

    def forget_all(self) -> None:
        """The same of all models."""
        self._kept.clear()

    def start_over(self) -> None:
        """Lets all optimizers begin anew, and keeps the functions that were built with them."""
        for _, short in self._kept.values():
            for optimizer in _optimizers(short):
                optimizer.reset()

    @contextlib.contextmanager
    def made(self, model: keras.Model, columns: tuple, callbacks: list) -> Iterator[None]:
        """Exchanges what has to be; afterwards all is as it was.

        columns: inputs, targets and weights that the model is going to be trained on.
        """
        changes = [(layer, _settling(layer)) for layer in model._flatten_layers()]
        changes += [(callback, _to_the_last(callback)) for callback in callbacks]
        last = short_loss.last_layer(model)
        changes.append((last, _as_sigmoid(last)))
        with contextlib.ExitStack() as stack:
            for thing, values in changes:
                stack.callback(_swap, thing, _swap(thing, values))
            own = _swap(model, self._of(model, columns))
            try:
                yield
            finally:
                short = _swap(model, own)
                for optimizer in _optimizers(short):
                    optimizer.hand_over()
                self._kept[model] = model._compile_config, short

    def _of(self, model: keras.Model, columns: tuple) -> dict:
        """What the model learns with: as in the call before, if it was not compiled anew."""
        compiled, short = self._kept.get(model, (None, {}))
        if compiled is not model._compile_config:
            # One that a training step of the student's own uses may have another name.
            optimizers = {
                name: ShortOptimizer.in_place_of(value)
                for name, value in vars(model).items()
                if isinstance(value, keras.optimizers.Optimizer)
            }
            return optimizers | {
                "_compile_loss": short_loss.in_place_of(model, *columns),
                "jit_compile": False,
                "steps_per_execution": 1,
                "train_function": None,
                "test_function": None,
            }
        for optimizer in _optimizers(short):
            optimizer.follow_rate()
        return short


def _optimizers(values: dict) -> list[ShortOptimizer]:
    return [value for value in values.values() if isinstance(value, ShortOptimizer)]


def _settling(layer) -> dict:
    if isinstance(layer, keras.layers.BatchNormalization):
        return {"momentum": min(layer.momentum, SETTLING)}
    return {}


def _to_the_last(callback) -> dict:
    """The best of so few steps is no better than the last, and may be one of the first."""
    if isinstance(callback, keras.callbacks.EarlyStopping):
        return {"restore_best_weights": False}
    if isinstance(callback, keras.callbacks.ModelCheckpoint):
        return {"save_best_only": False}
    return {}


def _as_sigmoid(layer) -> dict:
    """A wrong activation at the end must not keep all before it from learning.

    It is saved under its own name. A linear one learns as it is.
    """
    own = getattr(layer, "activation", None)
    if own in (None, keras.activations.linear, keras.activations.sigmoid):
        return {}

    @functools.wraps(own)
    def activation(x):
        return keras.activations.sigmoid(x)

    return {"activation": activation}


def _swap(thing, values: dict) -> dict:
    """Sets attributes; returns what they were."""
    before = {name: getattr(thing, name) for name in values}
    for name, value in values.items():
        setattr(thing, name, value)
    return before
