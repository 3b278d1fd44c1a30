"""Exchanges parts of a network and its callbacks while the short training runs."""

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import keras

from autograder.kernel import short_loss
from autograder.kernel.short_optimizer import ShortOptimizer

SETTLING = 0.9
"""Largest momentum of moving averages: with more they do not settle in so few steps."""

Attributes = dict[str, Any]


class Exchanges:
    """Keeps the optimizer and loss with which each network of this process really learns."""

    def __init__(self) -> None:
        self._kept: dict[keras.Model, tuple[object, Attributes]] = {}

    def forget(self, model: keras.Model) -> None:
        """Lets the next training of this model begin with a new optimizer."""
        self._kept.pop(model, None)

    def forget_all(self) -> None:
        """Lets the next training of every model begin with a new optimizer."""
        self._kept.clear()

    def start_over(self) -> None:
        """Resets all optimizers, but keeps the functions that were built with them."""
        for _, short in self._kept.values():
            for optimizer in _optimizers(short):
                optimizer.reset()

    @contextlib.contextmanager
    def made(self, model: keras.Model, columns: tuple[Any, ...], callbacks: list[Any]) -> Iterator[None]:
        """Makes the exchanges for one training, and undoes them afterwards.

        columns: inputs, targets and weights that the model will be trained on.
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
                    optimizer.update_own()
                self._kept[model] = model._compile_config, short

    def _of(self, model: keras.Model, columns: tuple[Any, ...]) -> Attributes:
        """Returns what the model learns with: the same as before, unless it was compiled again."""
        compiled, short = self._kept.get(model, (None, {}))
        if compiled is not model._compile_config:
            # A training step of the student's own may use an optimizer of another name.
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


def _optimizers(values: Attributes) -> list[ShortOptimizer]:
    return [value for value in values.values() if isinstance(value, ShortOptimizer)]


def _settling(layer: keras.Layer) -> Attributes:
    if isinstance(layer, keras.layers.BatchNormalization):
        return {"momentum": min(layer.momentum, SETTLING)}
    return {}


def _to_the_last(callback: keras.callbacks.Callback) -> Attributes:
    """Lets callbacks keep the last weights: the best of so few steps may be one of the first."""
    if isinstance(callback, keras.callbacks.EarlyStopping):
        return {"restore_best_weights": False}
    if isinstance(callback, keras.callbacks.ModelCheckpoint):
        return {"save_best_only": False}
    return {}


def _as_sigmoid(layer: Any) -> Attributes:
    """Replaces a wrong last activation, so that it does not keep the layers before it from learning.

    The replacement is saved under the name of the original. A linear activation can stay.
    """
    own = getattr(layer, "activation", None)
    if own is None or own in (keras.activations.linear, keras.activations.sigmoid):
        return {}

    @functools.wraps(own)
    def activation(x: Any) -> Any:
        return keras.activations.sigmoid(x)

    return {"activation": activation}


def _swap(thing: object, values: Attributes) -> Attributes:
    """Sets attributes; returns their former values."""
    before = {name: getattr(thing, name) for name in values}
    for name, value in values.items():
        setattr(thing, name, value)
    return before
