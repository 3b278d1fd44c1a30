"""Aligns a student's layers with the prescribed ones at the least penalty, as a diff aligns two texts.

Thus one missing layer does not make all later layers wrong.
"""

import itertools
from dataclasses import dataclass, replace
from enum import Enum

from autograder.judge import rebuild
from autograder.judge.doubt import doubt_of, kind_text
from autograder.lab import IMAGE_SHAPE, Exercise, RequiredLayer, channels_text, times_text
from autograder.protocol.evidence import LAYER_ATTRIBUTES, LayerEvidence, ModelEvidence

MISSING_PENALTY = EXTRA_PENALTY = WRONG_PENALTY = 10
"""Penalties only decide which layers are paired. `architecture` decides what a fault costs."""
OTHER_KIND_PENALTY = 11
"""The penalty of a layer of another kind that does the same work: between a wrong
attribute, and a missing and an extra layer."""
UNLIKE_PENALTY = MISSING_PENALTY + EXTRA_PENALTY + 1
"""The penalty of a layer that does other work: it never stands for the required one."""
OTHER_PART_PENALTY = 2
"""Breaks ties: a layer that makes images smaller belongs in the encoder, one that enlarges them in the
decoder."""

CONVOLUTIONS = ("Conv2D", "Conv2DTranspose", "SeparableConv2D", "DepthwiseConv2D")
_BETWEEN = (
    *("MaxPooling2D", "AveragePooling2D", "UpSampling2D"),
    *("BatchNormalization", "LayerNormalization", "Dropout", "SpatialDropout2D"),
)
"""Layers that may stand between a convolution and its activation."""


class Part(Enum):
    """A part of the network; its value is the name of its criterion."""

    ENCODER = "encoder"
    DECODER = "decoder"
    OUTPUT = "output-layer"


@dataclass(frozen=True)
class Step:
    """A student's layer with its activation, which may have been written as a layer of its own."""

    number: int
    """The layer's position in the student's network, counted from 1."""
    layer: LayerEvidence
    activation: str | None
    untried: bool = False
    """Whether the layer, or its activation, could not be tried."""

    def __str__(self) -> str:
        return f"layer {self.number} ('{self.layer.name}', {self.layer.kind})"

    @property
    def believed_kind(self) -> str | None:
        """The layer's kind; None if the judge doubts it."""
        return None if doubt_of(self.layer) else self.layer.kind

    @property
    def has_strides(self) -> bool:
        return self.layer.attributes.get("strides", (1, 1)) != (1, 1)

    @property
    def shared(self) -> str:
        """Says that the layer's weights were used before in the network; empty if they were not."""
        if self.layer.same_as is None or not self.layer.weights:
            return ""
        return f"the same layer as layer {self.layer.same_as + 1} once more: its weights are shared"

    def window_faults(self) -> list[str]:
        """Lists the attributes by which a convolution skips pixels, neighbours or channels."""
        attributes, faults = self.layer.attributes, []
        for name, words in (("strides", "strides"), ("dilation_rate", "a dilation rate")):
            if attributes.get(name, (1, 1)) != (1, 1):
                faults.append(f"{words} of {times_text(attributes[name])}, not 1×1")
        if attributes.get("groups", 1) != 1:
            faults.append(f"{attributes['groups']} groups of channels, not 1")
        return faults


@dataclass(frozen=True)
class Match:
    """A required layer and the student's layer that stands for it; either may be missing."""

    part: Part
    required: RequiredLayer | None
    step: Step | None
    faults: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        return self.required is not None and self.step is not None and not self.faults


def chain(model: ModelEvidence) -> list[Step]:
    """Lists the student's layers, each activation joined to the convolution that it follows."""
    steps: list[Step] = []
    for number, layer in enumerate(model.layers, start=1):
        activation = rebuild.activation_name(layer.activation_values)
        doubt = doubt_of(layer)
        untried = doubt is not None and doubt.untried
        if layer.kind == "PReLU" or rebuild.is_activation(layer):
            if doubt or layer.kind == "PReLU":
                activation = kind_text(layer)
            activation = activation or f"the unknown '{layer.activation}'"
            if _join(steps, activation, untried):
                continue
        elif _does_nothing(layer, is_first=number == 1):
            continue
        steps.append(Step(number, layer, activation, untried))
    return steps


def _join(steps: list[Step], activation: str, untried: bool) -> bool:
    """Joins an activation layer to the last convolution; returns whether it belongs to one.

    Pooling and upsampling may stand in between, as ReLU commutes with both. So may normalization and
    dropout, which are charged as extra layers.
    """
    if activation == "linear":
        return True
    for position in range(len(steps) - 1, -1, -1):
        step = steps[position]
        if step.layer.kind in (*CONVOLUTIONS, "Dense"):
            if step.activation == "linear":
                steps[position] = replace(step, activation=activation, untried=step.untried or untried)
                return True
            return step.activation == activation == "relu"
        if step.layer.kind not in _BETWEEN:
            return False
    return False


def _does_nothing(layer: LayerEvidence, *, is_first: bool) -> bool:
    if doubt_of(layer):
        return False
    gives_shape = layer.kind == "Reshape" and layer.attributes.get("target_shape") == IMAGE_SHAPE
    return layer.kind == "Identity" or (gives_shape and is_first)


def align(steps: list[Step], exercise: Exercise) -> list[Match]:
    """Pairs the student's layers with the required ones, both in order, with the least total penalty."""
    wanted = [(Part.ENCODER, layer) for layer in exercise.encoder]
    wanted += [(Part.DECODER, layer) for layer in exercise.decoder]
    wanted += [(Part.OUTPUT, exercise.output)]
    # best[i, j]: least penalty of pairing the first i layers with the first j required ones, and how.
    best: dict[tuple[int, int], tuple[int, tuple[Match, ...]]] = {(0, 0): (0, ())}
    for i, j in itertools.product(range(len(steps) + 1), range(len(wanted) + 1)):
        step = steps[i - 1] if i else None
        moves: list[tuple[tuple[int, int], tuple[Match, ...]]] = []
        if step and j:
            moves.append(((i - 1, j - 1), (_pair(step, *wanted[j - 1]),)))
        if step and j > 1 and _pools_itself(step, wanted[j - 2][1], wanted[j - 1][1]):
            part, pooling = wanted[j - 1]
            size = times_text(pooling.size)
            fault = f"strides of {size} where {_with_article(pooling.kind)} belongs"
            convolution = _pair(_without_strides(step), *wanted[j - 2])
            moves.append(((i - 1, j - 2), (convolution, Match(part, pooling, step, (fault,)))))
        if step:
            moves.append(((i - 1, j), (Match(_part_of_extra(step, j, wanted), None, step),)))
        if j:
            moves.append(((i, j - 1), (Match(*wanted[j - 1], None),)))
        if moves:
            penalties = [best[before][0] + sum(map(_penalty, matches)) for before, matches in moves]
            before, matches = moves[penalties.index(min(penalties))]
            best[i, j] = min(penalties), (*best[before][1], *matches)
    return list(best[len(steps), len(wanted)][1])


def _pair(step: Step, part: Part, required: RequiredLayer) -> Match:
    return Match(part, required, step, _faults(step, required))


def _part_of_extra(step: Step, before: int, wanted: list[tuple[Part, RequiredLayer]]) -> Part:
    """The part that an extra layer stands in, after the first `before` required layers."""
    last = wanted[before - 1][0] if before else Part.ENCODER
    following = wanted[before][0] if before < len(wanted) else Part.DECODER
    if last is Part.ENCODER and following is Part.DECODER:
        # The encoder ends with a pooling, the decoder begins with a convolution.
        enlarges = step.believed_kind in ("UpSampling2D", *CONVOLUTIONS)
        return Part.DECODER if enlarges else Part.ENCODER
    return Part.DECODER if last is Part.OUTPUT else last


def _penalty(match: Match) -> int:
    if match.step is None:
        return MISSING_PENALTY
    elsewhere = OTHER_PART_PENALTY * (_changes_size_as(match.step) not in (None, match.part))
    if match.required is None:
        return EXTRA_PENALTY + elsewhere
    if match.step.believed_kind == match.required.kind:
        return WRONG_PENALTY * bool(match.faults) + elsewhere
    alike = _does_the_work_of(match.step, match.required)
    return (OTHER_KIND_PENALTY if alike else UNLIKE_PENALTY) + elsewhere


def _does_the_work_of(step: Step, required: RequiredLayer) -> bool:
    """Whether a layer of another kind makes features, or changes the size, as the required one does.

    A kind that the judge does not know gets the benefit of the doubt.
    """
    kind = step.layer.kind
    if kind == "Resizing" or (kind not in LAYER_ATTRIBUTES and not rebuild.is_activation(step.layer)):
        return True
    if required.kind == "Conv2D":
        return not step.has_strides and kind in (*CONVOLUTIONS, "Dense")
    smaller = required.kind == "MaxPooling2D"
    return _changes_size_as(step) is (Part.ENCODER if smaller else Part.DECODER)


def _pools_itself(step: Step, first: RequiredLayer, second: RequiredLayer) -> bool:
    """Whether a convolution stands for two required layers, because its strides replace the pooling."""
    return (
        (first.kind, second.kind) == ("Conv2D", "MaxPooling2D")
        and step.believed_kind == "Conv2D"
        and step.layer.attributes.get("strides") == second.size
    )


def _without_strides(step: Step) -> Step:
    attributes = step.layer.attributes | {"strides": (1, 1)}
    return replace(step, layer=replace(step.layer, attributes=attributes))


def _changes_size_as(step: Step) -> Part | None:
    """The part that must change the size of images as this layer does; None if this layer keeps it."""
    if step.layer.kind in ("UpSampling2D", "Conv2DTranspose"):
        return Part.DECODER
    return Part.ENCODER if step.has_strides else None


def _faults(step: Step, required: RequiredLayer) -> tuple[str, ...]:
    """Lists what is wrong with a student's layer that stands for a required one."""
    layer, attributes = step.layer, step.layer.attributes
    if step.believed_kind != required.kind:
        return (f"{one_of(layer)} where {_with_article(required.kind)} belongs",)
    faults = []
    if layer.own_class:
        faults.append(f"a class of its own, not Keras's {layer.kind}")
    if required.kind == "Conv2D":
        if attributes.get("filters") != required.filters:
            faults.append(f"{channels_text(attributes.get('filters'))}, not {required.filters}")
        if attributes.get("kernel_size") != required.kernel:
            kernel = times_text(attributes.get("kernel_size"))
            faults.append(f"a kernel of {kernel}, not {times_text(required.kernel)}")
        faults += step.window_faults()
        if required.activation is not None and step.activation != required.activation:
            named = step.activation or f"the unknown '{layer.activation}'"
            faults.append(f"activation {named}, not {required.activation}")
    size = times_text(required.size)
    pooling = attributes.get("pool_size"), attributes.get("strides")
    if required.kind == "MaxPooling2D" and pooling != (required.size, required.size):
        faults.append(f"pooling over {times_text(attributes.get('pool_size'))}, not {size}")
    if required.kind == "UpSampling2D" and attributes.get("size") != required.size:
        faults.append(f"upsampling by {times_text(attributes.get('size'))}, not {size}")
    if required.padding is not None and attributes.get("padding") != required.padding:
        faults.append(f"padding '{attributes.get('padding')}', not '{required.padding}'")
    if step.shared:
        faults.append(step.shared)
    return tuple(faults)


def one_of(layer: LayerEvidence) -> str:
    """The layer's kind with an article, such as "a Conv2D of your own"."""
    return _with_article(kind_text(layer) + " of your own" * layer.own_class)


def _with_article(name: str) -> str:
    return f"{'an' if name[:1] in set('AEIOU') else 'a'} {name}"
