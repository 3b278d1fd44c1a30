"""The optimizer of the shortened training, whatever the student compiled with."""

import math

import keras
from keras import ops

SHORT_RATE = 0.004
_MEAN, _SQUARE, _EPSILON = 0.9, 0.999, 1e-7


class ShortOptimizer(keras.optimizers.Optimizer):
    """Nesterov-accelerated Adam (Dozat 2016) on all weights as one vector.

    In a hundred steps Adagrad at any rate shows little. One vector, since most of such a short training
    would be spent on building the same few operations for each weight. A rate of 0 stays 0; what
    callbacks and schedules else do to `learning_rate` has no say.
    """

    own: keras.optimizers.Optimizer
    """The student's."""

    @classmethod
    def in_place_of(cls, own: keras.optimizers.Optimizer) -> "ShortOptimizer":
        """One that is saved as the student's own is: a checkpoint must load as what was compiled."""
        kind = type(own)
        home = "keras.optimizers" if kind.__module__.startswith("keras.") else kind.__module__
        rate = own._learning_rate
        short = type(kind.__name__, (cls,), {"__module__": home})(
            float(rate) if isinstance(rate, keras.Variable) else rate
        )
        short.own = own
        return short

    def __init__(self, learning_rate) -> None:
        super().__init__(learning_rate=learning_rate)

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

    def get_config(self) -> dict:
        """The student's."""
        return self.own.get_config()


def _flat(gradient, variable):
    if gradient is None:
        return ops.zeros((math.prod(variable.shape),), "float32")
    return ops.reshape(ops.cast(ops.convert_to_tensor(gradient), "float32"), (-1,))
