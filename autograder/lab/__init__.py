"""The assignment as data: what each notebook asks for, and what earns points.

`file.read` makes a `Lab` of a course's lab file; `images` loads the pictures that a course grades on.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

IMAGE_SHAPE = (28, 28, 1)
"""Shape of one image of the datasets that a lab may be about: height, width, channels."""
TRAIN_IMAGES, TEST_IMAGES = 60_000, 10_000
"""Images in the two sets of each dataset, as Keras loads them."""
SHORT_STEPS = 140
"""Steps of the shortened training where the lab file names no other number."""

TEST_CELLS = (
    *("noise", "encoder", "decoder", "output-layer", "loss", "optimizer", "training"),
    *("reconstruction", "denoising", "visualization"),
)
"""The ids of the test cells that can be judged."""
QUALITY = ("reconstruction", "denoising")
"""Those that judge what the trained network makes of images, without and with noise."""
LOSSES = {
    "binary_crossentropy": "binary cross-entropy",
    "mean_squared_error": "mean squared error",
    "mean_absolute_error": "mean absolute error",
}
"""The losses that a lab may ask for: Keras's name of each, and its name in texts."""
DATASETS = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}
"""The datasets that a lab may be about: Keras's name of each, and its name in texts."""


def times_text(size: object) -> str:
    """Writes a size such as (3, 3) as 3×3."""
    return "×".join(str(side) for side in size) if isinstance(size, tuple) else str(size)


IMAGE_TEXT = times_text(IMAGE_SHAPE)


def channels_text(channels: object) -> str:
    """The number of channels in words."""
    return f"{channels} channel" if channels == 1 else f"{channels} channels"


@dataclass(frozen=True)
class RequiredLayer:
    """One layer of the prescribed network. An attribute that is None does not apply, or is left to the
    student."""

    kind: Literal["Conv2D", "MaxPooling2D", "UpSampling2D"]
    filters: int | None = None
    kernel: tuple[int, int] | None = None
    size: tuple[int, int] | None = None
    """Pixels that a pooling takes together, or that an upsampling makes of one."""
    padding: str | None = None
    activation: str | None = None

    @property
    def padding_to_build(self) -> str:
        """The padding to build the layer with: 'same' where the student may choose."""
        return self.padding or "same"

    def __str__(self) -> str:
        padding = f", padding '{self.padding}'" if self.padding else ""
        if self.kind == "Conv2D":
            channels, kernel = channels_text(self.filters), times_text(self.kernel)
            return f"Conv2D, {channels}, {kernel}, {self.activation or 'any activation'}{padding}"
        return f"{self.kind} {times_text(self.size)}{padding}"

    def side_after(self, side: int) -> int:
        """The height and width of this layer's output, given those of its input."""
        if self.kind == "Conv2D" and self.kernel is not None:
            return side if self.padding != "valid" else side - self.kernel[0] + 1
        if self.size is None:
            return side
        if self.kind == "UpSampling2D":
            return side * self.size[0]
        return side // self.size[0] if self.padding == "valid" else -(-side // self.size[0])


@dataclass(frozen=True)
class Criterion:
    """A graded cell; `id` is its nbgrader grade_id."""

    id: str
    points: float
    by_hand: bool = False
    """Whether a person decides on the points."""


@dataclass(frozen=True)
class Exercise:
    """One notebook of the assignment."""

    notebook: str
    things: str
    """What texts call the images, such as digits."""
    model: str
    history: str
    outputs: str
    noisy_train: str
    noisy_test: str
    """The names that a student must define: the network, what `fit` returns, what becomes of the test
    images, and the noisy images of both sets (empty without noise)."""
    encoder: tuple[RequiredLayer, ...]
    decoder: tuple[RequiredLayer, ...]
    output: RequiredLayer
    loss: str
    optimizer: str
    """Keras's names of loss and optimizer."""
    learning_rate: float | None
    """The recommended learning rate; None if the lab recommends none."""
    slow_rate: float
    """The learning rate below which the pictures stay blurred after the full training."""
    epochs: int
    batch_size: int
    noise: float
    """Standard deviation of the Gaussian noise added to the inputs; 0 for training on clean images."""
    shown: int
    """How many of the first test images are to be shown."""
    criteria: tuple[Criterion, ...]
    """The test cells, in the order of the notebook."""
    discussions: tuple[Criterion, ...] = ()
    """The written answers, which a person grades."""
    given: tuple[str, ...] = ()
    """The ids of the cells that are given and read-only."""
    answers: tuple[str, ...] = ()
    """The ids of the cells that students fill with code."""
    short_steps: int = SHORT_STEPS
    """Steps of the shortened training."""
    bound: float | None = None
    """The largest error of images that count as restored, as a share of the mean image's error; None
    if it was not measured."""

    @property
    def layers(self) -> tuple[RequiredLayer, ...]:
        """All layers in order."""
        return *self.encoder, *self.decoder, self.output

    @property
    def sides(self) -> tuple[int, ...]:
        """The height and width of the image after each layer."""
        sides = [IMAGE_SHAPE[0]]
        for layer in self.layers:
            sides.append(layer.side_after(sides[-1]))
        return tuple(sides[1:])

    @property
    def parameters(self) -> int:
        """The number of the network's weights and biases."""
        channels, count = IMAGE_SHAPE[-1], 0
        for layer in self.layers:
            if layer.filters is not None and layer.kernel is not None:
                count += (math.prod(layer.kernel) * channels + 1) * layer.filters
                channels = layer.filters
        return count

    def criterion(self, grade_id: str) -> Criterion:
        """The criterion of a test cell. Raises KeyError for any other cell."""
        for criterion in self.criteria:
            if criterion.id == grade_id:
                return criterion
        raise KeyError(grade_id)

    @property
    def quality(self) -> Criterion | None:
        """The criterion on what the trained network makes of images; None if there is none."""
        return next((c for c in self.criteria if c.id in QUALITY), None)


@dataclass(frozen=True)
class Lab:
    """The assignment."""

    assignment: str
    """nbgrader's name of it, and of its folder in source/."""
    dataset: str
    """The dataset of `keras.datasets` that the notebooks load."""
    things: str
    """What texts call the images, such as digits."""
    exercises: Mapping[str, Exercise]
    """By the name of the notebook."""
