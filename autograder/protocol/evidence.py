"""Evidence that a check hands over and the judge reads: plain data, never code.

It travels as text, in one Jupyter output of a private MIME type. The kernel calls `encode`; whatever
lies between leaves the text as it is; the judge calls `decode`, which treats it as hostile: sizes are
bounded before anything is allocated, every field is checked against the dataclass that describes it,
and arrays are raw numbers.
"""

import base64
import binascii
import dataclasses
import functools
import json
import math
import types
import typing
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

MIME_TYPE = "application/vnd.autograder.evidence+json"
VERSION = 4

DRAWINGS = "drawings"
"""Name of the check that hands over all drawings after the last cell; it belongs to no criterion."""
COLLECT = f'__import__("autograder.check").check.{DRAWINGS}()'
"""Code that runs this check and uses no name which the notebook may have redefined."""

MAX_ARRAY_BYTES = 6 * 2**20
"""Most bytes of one array."""
MAX_TOTAL_BYTES = 12 * 2**20
"""Most bytes of all arrays of a message."""
MAX_MESSAGE_BYTES = 18 * 2**20
"""Most characters of a message: arrays grow by a third in base64. `grading` bounds notebooks."""
MAX_MESSAGE_ITEMS = 250_000
"""Most commas and opening brackets in a message: each takes about 100 bytes once it is parsed."""
MAX_ITEMS = 4096
MAX_TEXT = 2000
MAX_PROBLEM = 500
MAX_NAME = 100
MAX_DIMENSIONS = 6
MAX_INTEGER = 2**53
MAX_FLOAT = 2**1000
MAX_COORDINATE = 1e6
"""Largest coordinate of a drawing in its picture."""

Array = NDArray[np.float32]
Scalar = bool | int | float | str | None
Attribute = Scalar | tuple[int, ...] | tuple[tuple[int, ...], ...]

_CONVOLUTION = ("kernel_size", "strides", "padding", "data_format", "dilation_rate", "use_bias")
_POOLING = ("pool_size", "strides", "padding", "data_format")
_NORMALIZATION = ("axis", "epsilon", "center", "scale")
LAYER_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "Conv2D": ("filters", *_CONVOLUTION, "groups"),
    "Conv2DTranspose": ("filters", *_CONVOLUTION),
    "SeparableConv2D": ("filters", *_CONVOLUTION, "depth_multiplier"),
    "DepthwiseConv2D": (*_CONVOLUTION, "depth_multiplier"),
    "MaxPooling2D": _POOLING,
    "AveragePooling2D": _POOLING,
    "UpSampling2D": ("size", "interpolation", "data_format"),
    "Dense": ("units", "use_bias"),
    "Reshape": ("target_shape",),
    "Cropping2D": ("cropping", "data_format"),
    "ZeroPadding2D": ("padding", "data_format"),
    "BatchNormalization": _NORMALIZATION,
    "LayerNormalization": _NORMALIZATION,
    "GroupNormalization": ("groups", *_NORMALIZATION),
    "UnitNormalization": ("axis",),
    "PReLU": ("shared_axes",),
    "Permute": ("dims",),
    "Resizing": (
        *("height", "width", "interpolation", "data_format", "crop_to_aspect_ratio"),
        *("pad_to_aspect_ratio", "fill_mode", "fill_value", "antialias"),
    ),
    "Concatenate": ("axis",),
    "Rescaling": ("scale", "offset"),
}
"""Attributes that are read of each class of layer; of other classes, only the name is read."""

ACTIVATION_PROBE = np.concatenate([np.linspace(-6, 6, 25), [-20.0, 20.0]]).astype(np.float32)
"""Points at which an activation is evaluated: its values identify it, whatever its name."""


class EvidenceError(ValueError):
    """The message is not evidence; the text says what is wrong with it."""


@dataclass(frozen=True)
class Sample:
    """A few rows of a larger array.

    `values` has the shape (len(rows), *shape[1:]), or is empty where a row is too large to send.
    """

    shape: tuple[int, ...]
    dtype: str
    rows: tuple[int, ...]
    values: Array

    def __post_init__(self) -> None:
        if self.values.size and self.values.shape != (len(self.rows), *self.shape[1:]):
            raise EvidenceError(f"a sample of {len(self.rows)} rows holds {self.values.shape}")
        if len(set(self.rows)) < len(self.rows) or min(self.rows, default=0) < 0:
            raise EvidenceError("the rows of a sample are not in order")


@dataclass(frozen=True)
class LayerEvidence:
    """One operation of a network, which lists its operations in the order of their computation."""

    kind: str
    """Name of its Keras class, or of the Keras class that it inherits from."""
    name: str
    own_class: bool
    """Whether its class is the student's own and may behave unlike the Keras class."""
    attributes: dict[str, Attribute]
    activation: str | None
    activation_values: tuple[float, ...]
    """Values of the activation at ACTIVATION_PROBE; empty if there is none or it cannot be run."""
    inputs: tuple[int, ...]
    """Indices of the layers whose outputs it takes; -1 is the network's input."""
    weights: tuple[Array, ...]
    input_shape: tuple[int, ...]
    """Shape of its input for one image; empty if unknown."""
    response: tuple[float, ...]
    """Its `challenge.layer_response` to `challenge.layer_input`; empty if it could not be tried."""
    same_as: int | None = None
    """Index of the first operation of the same layer object, if this is a later one."""


@dataclass(frozen=True)
class LossEvidence:
    """The compiled loss and its values on `challenge.loss_inputs`, one for each batch.

    Only the checks of loss and optimizer compute these values.
    """

    name: str
    label_smoothing: float
    values: tuple[float, ...]


@dataclass(frozen=True)
class OptimizerEvidence:
    """The compiled optimizer. `learning_rate` is None for a schedule."""

    name: str
    own_class: bool
    learning_rate: float | None
    response: tuple[float, ...]
    """Its `challenge.optimizer_response`; empty where only other things are checked."""


@dataclass(frozen=True)
class ModelEvidence:
    """A network as it was when the test cell ran."""

    type: str
    api: Literal["sequential", "functional", "subclass", "none"]
    layers: tuple[LayerEvidence, ...]
    trainable: bool
    """Whether `fit` can change any of its weights."""
    loss: LossEvidence | None
    optimizer: OptimizerEvidence | None
    problem: str
    """Why the network could not be described; empty if it could."""


@dataclass(frozen=True)
class FitEvidence:
    """One call of `fit` as the student wrote it; only `steps` steps of it were run."""

    input: Sample | None
    target: Sample | None
    images_per_epoch: int | None
    """Number of images to train on, without those set aside for validation."""
    batch_size: int | None
    epochs: int
    validation: bool
    steps: int
    problem: str
    read: int | None = None
    """Number of images of the first epoch that were read: all of them, unless that takes too long."""
    different: int | None = None
    """Number of different targets among the images read."""
    stopped: int | None = None
    """Steps after which a callback asked to stop, if that was within the first epoch."""
    incident: str = ""
    """Why the call could not be shortened as usual, although Keras runs it as written."""
    loop: bool = False
    """Whether this stands for all calls of `train_on_batch`, as one epoch."""


@dataclass(frozen=True)
class Drawing:
    """An image in the file of a figure."""

    picture: str
    """SHA-256 digest of the file, in hexadecimal digits."""
    box: tuple[float, ...]
    """Its place in the file, in pixels from the upper left: x and y where its first row and column
    begin, then x and y where its last ones end. An image drawn upside down begins below its end."""
    array: Array
    """Its values (height, width) before they are mapped to colours."""
    colours: Array
    """The colours (steps, 3), from 0 to 255, of evenly spaced values from its least to its largest."""

    def __post_init__(self) -> None:
        if len(self.box) != 4 or not all(abs(side) < MAX_COORDINATE for side in self.box):
            raise EvidenceError("a drawing has no box")
        if self.array.ndim != 2 or not self.array.size:
            raise EvidenceError(f"a drawing has the shape {self.array.shape}")
        if self.colours.ndim != 2 or self.colours.shape[1:] != (3,) or not self.colours.size:
            raise EvidenceError(f"the colours of a drawing have the shape {self.colours.shape}")


@dataclass(frozen=True)
class Evidence:
    """All that one check hands over."""

    check: str
    request: str
    """Id of the request to run the test cell, from which the challenge follows."""
    model: ModelEvidence | None
    fits: tuple[FitEvidence, ...]
    arrays: dict[str, Sample]
    drawings: tuple[Drawing, ...]
    """The images of all figures that were rendered, whether or not they are on the page."""
    incidents: tuple[str, ...] = ()
    """Things that the grading kernel could not provide, such as a package that is not installed."""


@dataclass(frozen=True)
class Message:
    """All that was received from one test cell."""

    request: str
    """Id of the request to run the cell that this answers."""
    text: str
    """The text that was published under MIME_TYPE."""
    pictures: tuple[str, ...] = ()
    """The PNG, JPEG and GIF files that were sent to the page, in base64."""
    out_of_sight: int = 0
    """Number of outputs whose pictures are unknown here, since scripts may draw or hide them."""
    drawn: str = ""
    """The text that COLLECT published under MIME_TYPE after the last cell."""


def encode(evidence: Evidence) -> str:
    """Returns the evidence as text to publish under MIME_TYPE."""
    return json.dumps({"version": VERSION, "evidence": _to_json(evidence)})


def decode(text: object) -> Evidence:
    """Returns the evidence in a published text. Raises nothing but EvidenceError."""
    message = _parsed(text)
    if not isinstance(message, dict) or message.get("version") != VERSION:
        raise EvidenceError("not a message of this version")
    evidence: Evidence = _Decoder().read(Evidence, message.get("evidence"), "evidence")
    return evidence


def problem_of(error: BaseException) -> str:
    """Returns an error as text for evidence."""
    return f"{type(error).__name__}: {error}"[:MAX_PROBLEM]


def items(text: str | bytes) -> int:
    """Counts the commas and opening brackets in JSON, of which there is one or more for each value."""
    if isinstance(text, bytes):
        return sum(map(text.count, b",[{"))
    return sum(map(text.count, ",[{"))


def _parsed(text: object) -> object:
    """Parses JSON that is not too large. Raises EvidenceError otherwise."""
    if not isinstance(text, str) or not text.isascii():
        raise EvidenceError("not a text of JSON")
    if len(text) > MAX_MESSAGE_BYTES:
        raise EvidenceError(f"{len(text)} characters, at most {MAX_MESSAGE_BYTES} are read")
    if items(text) > MAX_MESSAGE_ITEMS:
        raise EvidenceError(f"{items(text)} items, at most {MAX_MESSAGE_ITEMS} are read")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise EvidenceError("not a text of JSON") from None


def _to_json(value: object) -> object:
    if isinstance(value, np.ndarray):
        return {
            "dtype": str(value.dtype),
            "shape": list(value.shape),
            "data": base64.b64encode(np.ascontiguousarray(value).tobytes()).decode("ascii"),
        }
    if dataclasses.is_dataclass(value):
        return {f.name: _to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: _to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_to_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


@functools.cache
def _fields(cls: type) -> dict[str, object]:
    """Returns the fields of a dataclass with their types."""
    return typing.get_type_hints(cls)


_Items = TypeVar("_Items", list[Any], dict[str, Any])


class _Decoder:
    """Reads JSON into the annotated types of the evidence dataclasses, within fixed bounds."""

    def __init__(self) -> None:
        self.bytes_left = MAX_TOTAL_BYTES

    def read(self, expected: object, value: object, where: str) -> Any:
        """Returns the value as the expected type. Raises EvidenceError where it is of another one."""
        # Numbers first, as most of a message is long lists of them.
        if expected is float:
            return self._float(value, where)
        if expected is str:
            return self._text(value, where)
        if isinstance(expected, type) and dataclasses.is_dataclass(expected):
            return self._dataclass(expected, value, where)
        origin, arguments = typing.get_origin(expected), typing.get_args(expected)
        if origin is np.ndarray:
            return self._array(value, where)
        if origin is Literal:
            if isinstance(value, str) and value in arguments:
                return value
        elif origin in (typing.Union, types.UnionType):
            return self._union(arguments, value, where)
        elif origin is tuple:
            items = self._bounded(value, list, where)
            return tuple(self.read(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(items))
        elif origin is dict:
            return {
                self._text(key, where): self.read(arguments[1], item, f"{where}.{key[:40]}")
                for key, item in self._bounded(value, dict, where).items()
            }
        elif expected is bool:
            if isinstance(value, bool):
                return value
        elif expected is int and isinstance(value, int) and not isinstance(value, bool):
            if abs(value) < MAX_INTEGER:
                return value
        elif expected is type(None) and value is None:
            return None
        raise EvidenceError(f"{where}: unexpected {type(value).__name__}")

    def _union(self, choices: tuple[object, ...], value: object, where: str) -> Any:
        for choice in choices:
            try:
                return self.read(choice, value, where)
            except EvidenceError as error:
                problem = error
        raise problem

    def _dataclass(self, cls: type, value: object, where: str) -> Any:
        fields = _fields(cls)
        if not isinstance(value, dict) or set(value) != set(fields):
            raise EvidenceError(f"{where}: the fields are not those of {cls.__name__}")
        return cls(**{name: self.read(t, value[name], f"{where}.{name}") for name, t in fields.items()})

    def _bounded(self, value: object, kind: type[_Items], where: str) -> _Items:
        if not isinstance(value, kind):
            raise EvidenceError(f"{where}: unexpected {type(value).__name__}")
        if len(value) > MAX_ITEMS:
            raise EvidenceError(f"{where}: {len(value)} items, at most {MAX_ITEMS} are read")
        return value

    def _text(self, value: object, where: str) -> str:
        if not isinstance(value, str):
            raise EvidenceError(f"{where}: unexpected {type(value).__name__}")
        if len(value) > MAX_TEXT:
            raise EvidenceError(f"{where}: a text of {len(value)} characters")
        return value

    def _float(self, value: object, where: str) -> float:
        if isinstance(value, str) and value in ("nan", "inf", "-inf"):
            return float(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_FLOAT:
            return float(value)
        raise EvidenceError(f"{where}: not a number")

    def _array(self, value: object, where: str) -> Array:
        if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data"}:
            raise EvidenceError(f"{where}: not an array")
        shape = self.read(tuple[int, ...], value["shape"], f"{where}.shape")
        data = value["data"]
        if value["dtype"] != "float32" or not isinstance(data, str):
            raise EvidenceError(f"{where}: not an array of float32")
        if len(shape) > MAX_DIMENSIONS or any(side < 0 for side in shape):
            raise EvidenceError(f"{where}: an array of shape {shape[:MAX_DIMENSIONS]}")
        size = 4 * math.prod(shape)
        if size > MAX_ARRAY_BYTES or size > self.bytes_left:
            raise EvidenceError(f"{where}: an array of {size} bytes is more than is read")
        # Checked before decoding: base64 needs four characters for three bytes.
        if len(data) != 4 * -(-size // 3):
            raise EvidenceError(f"{where}: the data do not fill the shape {shape}")
        self.bytes_left -= size
        try:
            raw = base64.b64decode(data, validate=True)
            return np.frombuffer(raw, np.float32).reshape(shape)
        except (binascii.Error, ValueError):
            raise EvidenceError(f"{where}: the data do not fill the shape {shape}") from None
