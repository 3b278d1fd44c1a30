"""The optimizer of the shortened training, whatever the student compiled with."""

import math

import keras
from keras import ops

SHORT_RATE = 0.0025
"""Learning rate. At 0.003 and more a network with squared error as its loss ends all black more often,
also with a slow start. At 0.002 one that has only its bias to learn passes for untrained.
"""
_MEAN, _SQUARE, _EPSILON = 0.9, 0.999, 1e-7


class ShortOptimizer(keras.optimizers.Optimizer):
    """Nesterov-accelerated Adam (Dozat 2016) on all weights as one vector.

    In a hundred steps Adagrad at any rate shows little. One vector, since most of such a short training
    would be spent on building the same few operations for each weight. A rate of 0 stays 0; what
    callbacks and schedules else do to `learning_rate` has no say. Nor have clipping, weight decay,
    moving averages and constraints.
    """

    own: keras.optimizers.Optimizer
    """The student's."""

    @classmethod
    def in_place_of(cls, own: keras.optimizers.Optimizer) -> "ShortOptimizer":
        """One that is saved as the student's own is: a checkpoint must load as what was compiled."""
        kind = type(own)
        home = "keras.optimizers" if kind.__module__.startswith("keras.") else kind.__module__
        # Its variables belong where the student's do, if they were distributed.
        with _inner(own)._distribution_strategy.scope():
            short = type(kind.__name__, (cls,), {"__module__": home})(_rate(own), _inner(own).use_ema)
        short.own = own
        return short

    def __init__(self, learning_rate, use_ema: bool) -> None:
        # A callback may ask for the averages of weights: they are what the weights are.
        super().__init__(learning_rate=learning_rate, use_ema=use_ema, ema_momentum=0.0)

    def build(self, variables) -> None:
        """Makes room for the running means, float32 (number of weights,)."""
        super().build(variables)
        count = sum(math.prod(variable.shape) for variable in variables)
        self._mean = self.add_variable((count,), dtype="float32", name="mean")
        self._square = self.add_variable((count,), dtype="float32", name="square")

    def apply(self, grads, trainable_variables=None) -> None:
        """One step."""
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
        rate = SHORT_RATE * ops.sign(ops.cast(self.learning_rate, "float32"))
        change = rate * ahead / (ops.sqrt(square / (1 - _SQUARE**step)) + _EPSILON)
        start = 0
        for variable in variables:
            end = start + math.prod(variable.shape)
            own = ops.reshape(ops.cast(change[start:end], variable.dtype), variable.shape)
            variable.assign_sub(own)
            start = end
        self._update_model_variables_moving_average(variables)

    def reset(self) -> None:
        """Starts over, as if it had not taken a step."""
        for variable in (self._iterations, self._mean, self._square):
            variable.assign(ops.zeros_like(variable))

    def follow_rate(self) -> None:
        """Takes on the learning rate that the student's optimizer has now."""
        if isinstance(rate := _rate(self.own), float):
            self.learning_rate = rate

    def hand_over(self) -> None:
        """Brings the student's optimizer to where its steps would have brought it, but for its means."""
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
    def variables(self) -> list:
        """The student's, which are what is saved of an optimizer."""
        self.hand_over()
        return self.own.variables

    def get_config(self) -> dict:
        """The student's."""
        return self.own.get_config()


def _inner(optimizer):
    """The optimizer itself, also out of the one that Keras wraps around it in mixed precision."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def _rate(optimizer):
    """The learning rate: a float, a schedule or a function."""
    rate = _inner(optimizer)._learning_rate
    return float(ops.convert_to_numpy(rate)) if isinstance(rate, keras.Variable) else rate


def _flat(gradient, variable):
    if gradient is None:
        return ops.zeros((math.prod(variable.shape),), "float32")
    return ops.reshape(ops.cast(ops.convert_to_tensor(gradient), "float32"), (-1,))
