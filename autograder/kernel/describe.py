"""Keras objects as evidence: networks layer by layer, losses and optimizers by what they do.

A network is read from its layers' attributes rather than `get_config`, and an activation or a loss
by the values it returns, so that every way of writing the same network is described the same.
"""

import inspect
import math
import sys

import keras
import numpy as np
from keras import layers as kl

from autograder.protocol import challenge
from autograder.protocol.evidence import (
    ACTIVATION_PROBE,
    LAYER_ATTRIBUTES,
    MAX_ARRAY_BYTES,
    Array,
    Attribute,
    LayerEvidence,
    LossEvidence,
    ModelEvidence,
    OptimizerEvidence,
    Sample,
)

ACTIVATION_LAYERS = (
    kl.Activation,
    kl.ReLU,
    kl.LeakyReLU,
    kl.ELU,
    kl.Softmax,
)

SAMPLE_HEAD = 32
SAMPLE_SPREAD = (100, 500, 1000, 1297, 2594, 5000, 7777, 12_000, 20_000, 33_333, 48_001, 59_999)
MAX_ROW_ELEMENTS = 4096
ANY_SIDE = 8


def sample_rows(n: int) -> np.ndarray:
    """The rows taken of an array of n rows: the first ones, and some at uneven distances."""
    spread = [row for row in SAMPLE_SPREAD if SAMPLE_HEAD <= row < n]
    return np.array([*range(min(n, SAMPLE_HEAD)), *spread], int)


def sample(array: object, *, count: int | None = None) -> Sample:
    """A few rows of an array. `count` tells the length of the whole, if the array is its beginning."""
    array = array if hasattr(array, "shape") and hasattr(array, "dtype") else np.asarray(array)
    shape = tuple(int(side) for side in array.shape)
    rows = sample_rows(shape[0] if shape else 0)
    values = np.empty((0,), np.float32)
    if shape and int(np.prod(shape[1:], dtype=np.int64)) <= MAX_ROW_ELEMENTS:
        dtype = getattr(array.dtype, "name", str(array.dtype))
        if dtype != "object":
            values = numbers([array[int(row)] for row in rows], (len(rows), *shape[1:]))
    if count is not None:
        shape = (count, *shape[1:])
    dtype = str(getattr(array.dtype, "name", array.dtype))
    return Sample(shape, dtype, tuple(int(row) for row in rows), values)


def numbers(rows: list, shape: tuple[int, ...]) -> Array:
    """Arrays of any library as one of float32 of this shape; empty if they cannot be that."""
    try:
        return np.asarray([np.asarray(row) for row in rows]).astype(np.float32).reshape(shape)
    except (TypeError, ValueError):
        return np.empty((0,), np.float32)


def describe(model: object, request: str, *, compiled: bool = True) -> ModelEvidence:
    """The network as evidence; whatever it is, this raises nothing but says what it found.

    request: what the challenges to layers, loss and optimizer follow from. compiled: whether the latter
    two are challenged; what they are is told in any case.
    """
    kind = f"{type(model).__module__}.{type(model).__qualname__}"
    if not isinstance(model, keras.Model):
        return ModelEvidence(kind, "none", (), False, None, None, f"{_a_kind(model)} is no Keras model")
    api = {keras.Sequential: "sequential"}.get(type(model), "subclass")
    if api == "subclass" and hasattr(model, "_nodes_by_depth"):
        api = "functional"
    problem, layers = "", ()
    try:
        layers = _Walk(request).run(model)
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"[:500]
    return ModelEvidence(
        type=kind,
        api=api,
        layers=layers,
        trainable=_is_trainable(model),
        loss=_loss(model, request if compiled else None),
        optimizer=_optimizer(model, request if compiled else None),
        problem=problem,
    )


def _is_trainable(model: keras.Model) -> bool:
    try:
        return bool(model.trainable_weights)
    except Exception:
        return True


def _a_kind(value: object) -> str:
    name = "None" if value is None else type(value).__name__
    return name if value is None else f"a {name}"


class _Walk:
    """Lays a network out as a list of operations, nested networks opened up."""

    def __init__(self, request: str) -> None:
        self.request = request
        self.weight_bytes = 0
        self.layers: list[LayerEvidence] = []
        self.first_uses: dict[int, tuple[int, object]] = {}
        """By an object's id: the index of its first operation, and the object, which keeps its id."""

    def run(self, model: keras.Model) -> tuple[LayerEvidence, ...]:
        self._model(model, -1, (28, 28, 1))
        return tuple(self.layers)

    def _model(self, model: keras.Model, source: int, shape: tuple[int, ...]) -> int:
        """Appends the model's operations, fed by operation `source`; returns the last one's index.

        shape: of the image that goes in.
        """
        graph = model
        if isinstance(model, keras.Sequential):
            graph = getattr(model, "_functional", None)
            if graph is None:
                return self._unbuilt(model, source, shape)
        elif not hasattr(model, "_nodes_by_depth"):
            graph = _traced(model, shape)
        return self._graph(graph, source)

    def _unbuilt(self, model: keras.Sequential, source: int, shape: tuple[int | None, ...]) -> int:
        """Appends copies of the layers of a network that is built when it is first used.

        A layer that its image is too small for, and those after it, are tried on images of any size.
        """
        for own in model.layers:
            layer, following = own, ()
            for given in (shape, (None, None, *shape[2:])):
                try:
                    layer = type(own).from_config(own.get_config())
                    following = tuple(layer.compute_output_shape((None, *given))[1:])
                    layer.build((None, *given))
                except Exception:
                    continue
                shape = given
                break
            source = self._operation(layer, (source,), shape, of=own)
            shape = following
        return source

    def _graph(self, model: keras.Model, source: int) -> int:
        if len(model.inputs) != 1 or len(model.outputs) != 1:
            raise ValueError(
                f"the network has {len(model.inputs)} inputs and {len(model.outputs)} outputs"
            )
        index = {id(model.inputs[0]): source}
        for depth in sorted(model._nodes_by_depth, reverse=True):
            for node in model._nodes_by_depth[depth]:
                if node.is_input:
                    continue
                inputs = tuple(index[id(tensor)] for tensor in node.input_tensors)
                result = self._operation(node.operation, inputs, node.input_tensors[0].shape[1:])
                for tensor in node.outputs:
                    index[id(tensor)] = result
        return index[id(model.outputs[0])]

    def _operation(
        self, operation: object, inputs: tuple[int, ...], shape: tuple[int, ...], of: object = None
    ) -> int:
        """Appends an operation; returns its index. `of`: the student's object, if this is its twin."""
        if isinstance(operation, keras.Model):
            return self._model(operation, inputs[0], shape)
        if isinstance(operation, kl.InputLayer):
            return inputs[0]
        if len(inputs) == 1 and (block := _opened(operation, shape)) is not None:
            return self._graph(block, inputs[0])
        index = len(self.layers)
        used = operation if of is None else of
        first, _ = self.first_uses.setdefault(id(used), (index, used))
        same_as = None if first == index else first
        self.layers.append(self._layer(operation, inputs, shape, same_as))
        return index

    def _layer(
        self, layer: object, inputs: tuple[int, ...], shape: tuple, same_as: int | None
    ) -> LayerEvidence:
        kind, own_class = _keras_class(layer)
        # Of images of any size, small ones are tried.
        shape = tuple(ANY_SIDE if side is None else int(side) for side in shape)
        activation, values = None, ()
        function = getattr(layer, "activation", None)
        if isinstance(layer, ACTIVATION_LAYERS) or not isinstance(layer, keras.Layer):
            function = layer
        if callable(function):
            activation, values = _name(function), _activation_values(function)
        weights: tuple[Array, ...] = ()
        if isinstance(layer, keras.Layer):
            variables = layer.weights
            self.weight_bytes += sum(4 * math.prod(v.shape) for v in variables)
            if self.weight_bytes > MAX_ARRAY_BYTES:
                raise ValueError(f"up to layer '{layer.name}' the weights are too many to be judged")
            weights = tuple(
                np.asarray(keras.ops.convert_to_numpy(v)).astype(np.float32) for v in variables
            )
        return LayerEvidence(
            kind=kind,
            name=str(getattr(layer, "name", ""))[:100],
            own_class=own_class,
            attributes={
                name: _attribute(getattr(layer, name, None)) for name in LAYER_ATTRIBUTES.get(kind, ())
            },
            activation=activation,
            activation_values=values,
            inputs=inputs,
            weights=weights,
            input_shape=shape,
            response=self._response(layer, shape) if len(inputs) == 1 else (),
            same_as=same_as,
        )

    def _response(self, layer: object, shape: tuple) -> tuple[float, ...]:
        position = len(self.layers)
        as_in_use = {"training": False} if isinstance(layer, keras.Layer) else {}
        try:
            tried = layer(challenge.layer_input(self.request, position, shape), **as_in_use)
            output = keras.ops.convert_to_numpy(tried)
            return challenge.layer_response(self.request, position, output)
        except Exception:
            return ()


def _traced(block: keras.Layer, shape: tuple[int, ...]) -> keras.Model:
    """A model or layer of the student's own class as the graph that its `call` builds."""
    tensor = keras.Input(shape)
    # What tf.function makes of a method takes no symbolic tensors.
    call = getattr(block.call, "python_function", block.call)
    return keras.Model(tensor, call(tensor))


def _opened(operation: object, shape: tuple[int, ...]) -> keras.Model | None:
    """A layer of the student's own that is made of others, as their graph; None for any other."""
    if _keras_class(operation) != ("Layer", True) or not getattr(operation, "_layers", ()):
        return None
    try:
        return _traced(operation, shape)
    except Exception:
        return None


_CHANGES_NOTHING = {"__init__", "get_config", "from_config"}
"""Methods of a class of one's own that set a layer up, but leave what it does as it is."""


def _keras_class(layer: object) -> tuple[str, bool]:
    """The nearest class of Keras that a layer is or inherits from, and whether it may act otherwise."""
    changed = False
    for cls in type(layer).__mro__:
        if _is_of_keras(cls):
            return cls.__name__, changed
        changed |= any(_may_act(name, value) for name, value in vars(cls).items())
    return type(layer).__name__, True


def _may_act(name: str, value: object) -> bool:
    """Whether something that a class defines may change what its instances do."""
    special = name.startswith("__") and name.endswith("__") and name != "__call__"
    if special or name in _CHANGES_NOTHING:
        return False
    return callable(value) or hasattr(value, "__get__")


def _is_of_keras(cls: type) -> bool:
    """Whether a class is the one that Keras has under its name, not one that says so."""
    home = sys.modules.get(cls.__module__)
    return cls.__module__.split(".")[0] == "keras" and getattr(home, cls.__name__, None) is cls


def _attribute(value: object) -> Attribute:
    if isinstance(value, list | tuple):
        return tuple(_attribute(item) for item in value)
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, bool | int | float | None) else str(value)[:100]


def _name(function: object) -> str:
    """How a student would name it: 'relu' for the function, 'ReLU' for the layer."""
    if isinstance(function, kl.Activation):
        return _name(function.activation)
    return str(getattr(function, "__name__", type(function).__name__))[:100]


def _activation_values(function: object) -> tuple[float, ...]:
    try:
        values = function(keras.ops.convert_to_tensor(ACTIVATION_PROBE[None]))
        return tuple(float(v) for v in keras.ops.convert_to_numpy(values)[0])
    except Exception:
        return ()


def _single(value: object) -> object:
    """The one item of a list or dictionary of one, as Keras accepts them for models of one output."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple) and len(value) == 1:
        return value[0]
    return value


def _loss(model: keras.Model, request: str | None) -> LossEvidence | None:
    loss = _single(getattr(model, "loss", None))
    if loss is None:
        return None
    name = loss if isinstance(loss, str) else _name(loss)
    smoothing, values = 0.0, ()
    try:
        function = loss() if inspect.isclass(loss) else keras.losses.get(loss)
        smoothing = float(getattr(function, "_fn_kwargs", {}).get("label_smoothing", 0.0))
        batches = challenge.loss_inputs(request) if request else ()
        values = tuple(
            float(
                np.mean(keras.ops.convert_to_numpy(function(*map(keras.ops.convert_to_tensor, batch))))
            )
            for batch in batches
        )
    except Exception as error:
        name = f"{name} ({type(error).__name__}: {error})"
    return LossEvidence(name[:300], smoothing, values)


def _optimizer(model: keras.Model, request: str | None) -> OptimizerEvidence | None:
    optimizer = getattr(model, "optimizer", None)
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if optimizer is None:
        return None
    try:
        schedule = isinstance(optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule)
        rate = None if schedule else float(keras.ops.convert_to_numpy(optimizer.learning_rate))
    except Exception:
        rate = None
    own_class = not _is_of_keras(type(optimizer))
    response = challenge.optimizer_response(type(optimizer), request) if request else ()
    return OptimizerEvidence(type(optimizer).__name__, own_class, rate, response)
