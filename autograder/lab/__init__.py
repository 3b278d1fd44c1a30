"""The assignment as data: `EXERCISES` holds each notebook's network, training, criteria and points.

Everything here is a contract with submissions already handed in: cell ids, variable names, points.
`images` loads the digits that a course grades on.
"""

from dataclasses import dataclass
from typing import Literal

ASSIGNMENT = "autoencoders"
IMAGE_SHAPE = (28, 28, 1)
TRAIN_IMAGES, TEST_IMAGES = 60_000, 10_000
BATCH_SIZE = 100
SHOWN_IMAGES = 10
KERNEL_SIZE = (3, 3)


def times_text(size: object) -> str:
    """Writes a size such as (3, 3) as 3×3."""
    return "×".join(str(side) for side in size) if isinstance(size, tuple) else str(size)


IMAGE_TEXT, KERNEL_TEXT = times_text(IMAGE_SHAPE), times_text(KERNEL_SIZE)


def channels_text(channels: object) -> str:
    """The number of channels in words."""
    return f"{channels} channel" if channels == 1 else f"{channels} channels"


@dataclass(frozen=True)
class RequiredLayer:
    """One layer of the prescribed network. The student may choose attributes that are None."""

    kind: Literal["Conv2D", "MaxPooling2D", "UpSampling2D"]
    filters: int | None = None
    padding: Literal["same", "valid"] | None = None
    activation: str | None = None

    def __str__(self) -> str:
        if self.kind == "Conv2D":
            channels = channels_text(self.filters)
            return f"Conv2D, {channels}, {KERNEL_TEXT}, {self.activation}, padding '{self.padding}'"
        padding = f", padding '{self.padding}'" if self.padding else ""
        return f"{self.kind} 2×2{padding}"


@dataclass(frozen=True)
class Criterion:
    """A graded test cell; `id` is its nbgrader grade_id."""

    id: str
    points: int


@dataclass(frozen=True)
class Exercise:
    """One notebook of the assignment."""

    notebook: str
    model: str
    encoder: tuple[RequiredLayer, ...]
    decoder: tuple[RequiredLayer, ...]
    output: RequiredLayer
    epochs: int
    noise: float
    """Standard deviation of the Gaussian noise added to the inputs; 0 for training on clean images."""
    criteria: tuple[Criterion, ...]

    def criterion(self, grade_id: str) -> Criterion:
        """The criterion of a test cell. Raises KeyError for any other cell."""
        for criterion in self.criteria:
            if criterion.id == grade_id:
                return criterion
        raise KeyError(grade_id)


def _conv(filters: int, padding: Literal["same", "valid"] = "same") -> RequiredLayer:
    return RequiredLayer("Conv2D", filters, padding, "relu")


_POOL = RequiredLayer("MaxPooling2D")
_LAST_POOL = RequiredLayer("MaxPooling2D", padding="same")
_UP = RequiredLayer("UpSampling2D")
_OUTPUT = RequiredLayer("Conv2D", 1, "same", "sigmoid")

AUTOENCODER = Exercise(
    notebook="autoencoder",
    model="autoencoder",
    encoder=(_conv(16), _POOL, _conv(16), _POOL, _conv(16), _LAST_POOL),
    decoder=(_conv(16), _UP, _conv(16), _UP, _conv(16, "valid"), _UP),
    output=_OUTPUT,
    epochs=10,
    noise=0.0,
    criteria=(
        Criterion("encoder", 8),
        Criterion("decoder", 8),
        Criterion("output-layer", 4),
        Criterion("loss", 3),
        Criterion("optimizer", 3),
        Criterion("training", 8),
        Criterion("reconstruction", 8),
        Criterion("visualization", 4),
    ),
)

DENOISING = Exercise(
    notebook="denoising_autoencoder",
    model="denoiser",
    encoder=(_conv(32), _POOL, _conv(32), _POOL),
    decoder=(_conv(32), _UP, _conv(32), _UP),
    output=_OUTPUT,
    epochs=15,
    noise=0.2,
    criteria=(
        Criterion("noise", 8),
        Criterion("encoder", 6),
        Criterion("decoder", 6),
        Criterion("output-layer", 3),
        Criterion("loss", 3),
        Criterion("optimizer", 3),
        Criterion("training", 6),
        Criterion("denoising", 8),
        Criterion("visualization", 4),
    ),
)

EXERCISES = {exercise.notebook: exercise for exercise in (AUTOENCODER, DENOISING)}
