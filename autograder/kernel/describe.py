"""Describes networks as evidence: layer by layer, with the compiled loss and optimizer.

Layers are read by their attributes rather than by `get_config`, activations and losses by the values
they return, so that every way of writing the same network leads to the same description.
"""

import inspect
import math
import sys
from collections.abc import Callable
from typing import Any, Literal

import keras
import numpy as np
from keras import layers as kl

from autograder.protocol import challenge
from autograder.protocol.evidence import (
    ACTIVATION_PROBE,
    LAYER_ATTRIBUTES,
    MAX_ARRAY_BYTES,
    MAX_NAME,
    Array,
    Attribute,
    LayerEvidence,
    LossEvidence,
    ModelEvidence,
    OptimizerEvidence,
    problem_of,
)

ACTIVATION_LAYERS = (kl.Activation, kl.ReLU, kl.LeakyReLU, kl.ELU, kl.Softmax)

ANY_SIDE = 8
"""Side of the images that a layer for images of any size is tried on."""

Shape = tuple[int | None, ...]


def describe(model: object, request: str, *, compiled: bool = True) -> ModelEvidence:
    """Returns the network as evidence. If it is no network, the evidence says so; nothing is raised.

    request: id from which the challenge follows. compiled: whether to challenge loss and optimizer.
    """
    kind = f"{type(model).__module__}.{type(model).__qualname__}"
    if not isinstance(model, keras.Model):
        given = "None" if model is None else f"a {type(model).__name__}"
        return ModelEvidence(kind, "none", (), False, None, None, f"{given} is no Keras model")
    problem = ""
    layers: tuple[LayerEvidence, ...] = ()
    try:
        layers = _Walk(request).run(model)
    except Exception as error:
        problem = problem_of(error)
    return ModelEvidence(
        type=kind,
        api=_api(model),
        layers=layers,
        trainable=_is_trainable(model),
        loss=_loss(model, request if compiled else None),
        optimizer=_optimizer(model, request if compiled else None),
        problem=problem,
    )


def _api(model: keras.Model) -> Literal["sequential", "functional", "subclass"]:
    if type(model) is keras.Sequential:
        return "sequential"
    return "functional" if hasattr(model, "_nodes_by_depth") else "subclass"


def _is_trainable(model: keras.Model) -> bool:
    try:
        return bool(model.trainable_weights)
    except Exception:
        return True


class _Walk:
    """Lists the operations of a network, including those of nested networks."""

    def __init__(self, request: str) -> None:
        self.request = request
        self.weight_bytes = 0
        self.layers: list[LayerEvidence] = []
        self.first_uses: dict[int, tuple[int, object]] = {}
        """By an object's id: the index of its first operation, and the object, to keep its id in use."""

    def run(self, model: keras.Model) -> tuple[LayerEvidence, ...]:
        self._model(model, -1, challenge.IMAGE_SHAPE)
        return tuple(self.layers)

    def _model(self, model: keras.Model, source: int, shape: Shape) -> int:
        """Appends the model's operations; returns the last one's index.

        source: index of the operation that feeds the model with images of this shape.
        """
        graph = model
        if isinstance(model, keras.Sequential):
            graph = getattr(model, "_functional", None)
            if graph is None:
                return self._unbuilt(model, source, shape)
        elif not hasattr(model, "_nodes_by_depth"):
            graph = _traced(model, shape)
        return self._graph(graph, source)

    def _unbuilt(self, model: keras.Sequential, source: int, shape: Shape) -> int:
        """Appends built copies of an unbuilt model's layers.

        A layer whose image is too small, and the layers after it, are built for images of any size.
        """
        for own in model.layers:
            layer = own
            following: Shape = ()
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

    def _operation(self, operation: Any, inputs: tuple[int, ...], shape: Shape, of: Any = None) -> int:
        """Appends an operation; returns its index. of: the student's object, if this is a copy."""
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
        self, layer: Any, inputs: tuple[int, ...], shape: Shape, same_as: int | None
    ) -> LayerEvidence:
        kind, own_class = _keras_class(layer)
        known = tuple(ANY_SIDE if side is None else int(side) for side in shape)
        function = getattr(layer, "activation", None)
        if isinstance(layer, ACTIVATION_LAYERS) or not isinstance(layer, keras.Layer):
            function = layer
        weights: tuple[Array, ...] = ()
        if isinstance(layer, keras.Layer):
            variables = layer.weights
            self.weight_bytes += sum(4 * math.prod(v.shape) for v in variables)
            if self.weight_bytes > MAX_ARRAY_BYTES:
                raise ValueError(f"up to layer '{layer.name}' the weights are too many to be judged")
            arrays = map(keras.ops.convert_to_numpy, variables)
            weights = tuple(np.asarray(array).astype(np.float32) for array in arrays)
        names = LAYER_ATTRIBUTES.get(kind, ())
        return LayerEvidence(
            kind=kind,
            name=str(getattr(layer, "name", ""))[:MAX_NAME],
            own_class=own_class,
            attributes={name: _attribute(getattr(layer, name, None)) for name in names},
            activation=_name(function) if callable(function) else None,
            activation_values=_activation_values(function),
            inputs=inputs,
            weights=weights,
            input_shape=known,
            response=self._response(layer, known) if len(inputs) == 1 else (),
            same_as=same_as,
        )

    def _response(self, layer: Callable[..., Any], shape: tuple[int, ...]) -> tuple[float, ...]:
        position = len(self.layers)
        as_in_use = {"training": False} if isinstance(layer, keras.Layer) else {}
        try:
            tried = layer(challenge.layer_input(self.request, position, shape), **as_in_use)
            output = keras.ops.convert_to_numpy(tried)
            return challenge.layer_response(self.request, position, output)
        except Exception:
            return ()


def _traced(block: keras.Layer, shape: Shape) -> keras.Model:
    """Returns the graph that the `call` method of a student's own model or layer builds."""
    tensor = keras.Input(shape)
    # A method wrapped in tf.function takes no symbolic tensors.
    call = getattr(block.call, "python_function", block.call)
    return keras.Model(tensor, call(tensor))


def _opened(operation: object, shape: Shape) -> keras.Model | None:
    """Returns the graph of a student's own layer that is made of others; None for other operations."""
    if _keras_class(operation) != ("Layer", True) or not getattr(operation, "_layers", ()):
        return None
    try:
        return _traced(operation, shape)
    except Exception:
        return None


_CHANGES_NOTHING = {"__init__", "get_config", "from_config"}
"""Methods of a student's class that set a layer up without changing what it does."""


def _keras_class(layer: object) -> tuple[str, bool]:
    """Returns the name of a layer's nearest Keras class, and whether the layer may act differently."""
    changed = False
    for cls in type(layer).__mro__:
        if _is_of_keras(cls):
            return cls.__name__, changed
        changed |= any(_may_act(name, value) for name, value in vars(cls).items())
    return type(layer).__name__, True


def _may_act(name: str, value: object) -> bool:
    """Tells whether something that a class defines may change what its instances do."""
    special = name.startswith("__") and name.endswith("__") and name != "__call__"
    if special or name in _CHANGES_NOTHING:
        return False
    return callable(value) or hasattr(value, "__get__")


def _is_of_keras(cls: type) -> bool:
    """Tells whether a class is really the one that Keras has under its name."""
    home = sys.modules.get(cls.__module__)
    return cls.__module__.split(".")[0] == "keras" and getattr(home, cls.__name__, None) is cls


def _attribute(value: Any) -> Attribute:
    if isinstance(value, list | tuple):
        items: tuple[Any, ...] = tuple(map(_attribute, value))
        return items
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, bool | int | float | None) else str(value)[:MAX_NAME]


def _name(function: object) -> str:
    """Returns the name a student would use: 'relu' for the function, 'ReLU' for the layer."""
    if isinstance(function, kl.Activation):
        return _name(function.activation)
    return str(getattr(function, "__name__", type(function).__name__))[:MAX_NAME]


def _activation_values(function: Any) -> tuple[float, ...]:
    try:
        values = function(keras.ops.convert_to_tensor(ACTIVATION_PROBE[None]))
        return tuple(float(v) for v in keras.ops.convert_to_numpy(values)[0])
    except Exception:
        return ()


def _single(value: object) -> Any:
    """Returns the only item of a list or dictionary, as Keras takes them for models of one output."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple) and len(value) == 1:
        return value[0]
    return value


def _loss(model: keras.Model, request: str | None) -> LossEvidence | None:
    loss = _single(getattr(model, "loss", None))
    if loss is None:
        return None
    name = loss[:MAX_NAME] if isinstance(loss, str) else _name(loss)
    smoothing = 0.0
    values: tuple[float, ...] = ()
    try:
        function = loss() if inspect.isclass(loss) else keras.losses.get(loss)
        smoothing = float(getattr(function, "_fn_kwargs", {}).get("label_smoothing", 0.0))
        batches = challenge.loss_inputs(request) if request else ()
        answers = (function(*map(keras.ops.convert_to_tensor, batch)) for batch in batches)
        values = tuple(float(np.mean(keras.ops.convert_to_numpy(answer))) for answer in answers)
    except Exception as error:
        name = f"{name} ({problem_of(error)})"
    return LossEvidence(name, smoothing, values)


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
