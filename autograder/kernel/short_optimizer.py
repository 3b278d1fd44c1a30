"""The optimizer of the short training, whatever optimizer the student compiled with."""

import math
from typing import Any

import keras
from keras import ops

from autograder.protocol import short_training

_MEAN, _SQUARE, _EPSILON = 0.9, 0.999, 1e-7


class ShortOptimizer(keras.optimizers.Optimizer):
    """Nesterov-accelerated Adam (Dozat 2016) on all weights as one vector.

    Adagrad achieves little in a hundred steps, whatever its rate. There is one vector because building
    the same few operations for each weight would take most of such a short training. A learning rate of
    0 stays 0; any other is ignored, as are clipping, weight decay, moving averages and constraints.
    """

    own: keras.optimizers.Optimizer
    """The student's optimizer."""

    @classmethod
    def in_place_of(cls, own: keras.optimizers.Optimizer) -> "ShortOptimizer":
        """Returns an optimizer that is saved as the student's own, so that checkpoints load."""
        kind = type(own)
        home = "keras.optimizers" if kind.__module__.startswith("keras.") else kind.__module__
        # Its variables are distributed as the student's are.
        with _inner(own)._distribution_strategy.scope():
            short: ShortOptimizer = type(kind.__name__, (cls,), {"__module__": home})(
                _rate(own), _inner(own).use_ema
            )
        short.own = own
        return short

    def __init__(self, learning_rate: Any, use_ema: bool) -> None:
        # A callback may ask for averages of the weights: they equal the weights.
        super().__init__(learning_rate=learning_rate, use_ema=use_ema, ema_momentum=0.0)

    def build(self, variables: list[keras.Variable]) -> None:
        """Creates the running means, (number of weights,) each."""
        super().build(variables)
        count = sum(math.prod(variable.shape) for variable in variables)
        self._mean = self.add_variable((count,), dtype="float32", name="mean")
        self._square = self.add_variable((count,), dtype="float32", name="square")

    def apply(self, grads: list[Any], trainable_variables: list[keras.Variable] | None = None) -> None:
        """Takes one step."""
        variables = list(trainable_variables or self._trainable_variables)
        if not self.built:
            self.build(variables)
        gradient = ops.concatenate([_flat(g, v) for g, v in zip(grads, variables, strict=True)])
        self.iterations.assign_add(1)
        step = ops.cast(self.iterations, "float32")
        mean = _MEAN * self._mean + (1 - _MEAN) * gradient
        square = _SQUARE * self._square + (1 - _SQUARE) * ops.square(gradient)
        self._mean.assign(mean)
        self._square.assign(square)
        ahead = _MEAN * mean / (1 - _MEAN ** (step + 1)) + (1 - _MEAN) * gradient / (1 - _MEAN**step)
        rate = short_training.RATE * ops.sign(ops.cast(self.learning_rate, "float32"))
        change = rate * ahead / (ops.sqrt(square / (1 - _SQUARE**step)) + _EPSILON)
        start = 0
        for variable in variables:
            end = start + math.prod(variable.shape)
            own = ops.reshape(ops.cast(change[start:end], variable.dtype), variable.shape)
            variable.assign_sub(own)
            start = end
        self._update_model_variables_moving_average(variables)

    def reset(self) -> None:
        """Returns to the state before the first step."""
        for variable in (self._iterations, self._mean, self._square):
            variable.assign(ops.zeros_like(variable))

    def follow_rate(self) -> None:
        """Adopts the current learning rate of the student's optimizer."""
        if isinstance(rate := _rate(self.own), float):
            self.learning_rate = rate

    def update_own(self) -> None:
        """Gives the student's optimizer the state after these steps, except for its running means."""
        if self.built:
            if not self.own.built:
                with self._distribution_strategy.scope():
                    self.own.build(self._trainable_variables)
            own = _inner(self.own)
            own._iterations.assign(self.iterations)
            if own.use_ema:
                averages = own._model_variables_moving_average
                for average, variable in zip(averages, self._trainable_variables, strict=True):
                    average.assign(variable)

    @property
    def variables(self) -> Any:
        """The variables of the student's optimizer, which are what is saved."""
        self.update_own()
        return self.own.variables

    def get_config(self) -> Any:
        """Returns the configuration of the student's optimizer."""
        return self.own.get_config()


def _inner(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Returns the optimizer itself, without the one that Keras wraps around it in mixed precision."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def _rate(optimizer: keras.optimizers.Optimizer) -> Any:
    """Returns the learning rate: a float, a schedule or a function."""
    rate = _inner(optimizer)._learning_rate
    return float(ops.convert_to_numpy(rate)) if isinstance(rate, keras.Variable) else rate


def _flat(gradient: Any, variable: keras.Variable) -> Any:
    if gradient is None:
        return ops.zeros((math.prod(variable.shape),), "float32")
    return ops.reshape(ops.cast(ops.convert_to_tensor(gradient), "float32"), (-1,))
