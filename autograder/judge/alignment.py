"""Aligns a student's layers with the prescribed ones, as one aligns two texts: at the least cost.

Thus one missing layer does not make all later layers wrong.
"""

from dataclasses import dataclass, replace
from enum import Enum

from autograder.judge import rebuild
from autograder.judge.doubt import doubt_of, is_untried, kind_text
from autograder.lab import IMAGE_SHAPE, KERNEL_SIZE, Exercise, RequiredLayer, channels_text
from autograder.protocol.evidence import LAYER_ATTRIBUTES, LayerEvidence, ModelEvidence

MISSING_COST = EXTRA_COST = WRONG_COST = 10
OTHER_KIND_COST = 11
"""The cost of a layer of another kind that does the same work: more than a wrong attribute, less than a
missing layer and an extra one."""
UNLIKE_COST = MISSING_COST + EXTRA_COST + 1
"""The cost of a layer that does other work: it never stands for the required one."""
OTHER_PART_COST = 2
"""Breaks ties: a layer that makes images smaller belongs in the encoder, one that enlarges them in the
decoder."""

_HALF = (2, 2)
CONVOLUTIONS = ("Conv2D", "Conv2DTranspose", "SeparableConv2D", "DepthwiseConv2D")
_BETWEEN = (
    *("MaxPooling2D", "AveragePooling2D", "UpSampling2D"),
    *("BatchNormalization", "LayerNormalization", "Dropout", "SpatialDropout2D"),
)
"""Layers that may stand between a convolution and its activation."""


class Part(Enum):
    """A part of the network, by the name of its criterion."""

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
        if _only_activates(layer):
            if doubt_of(layer) or layer.kind == "PReLU":
                activation = kind_text(layer)
            activation = activation or f"the unknown '{layer.activation}'"
            if _join(steps, activation, is_untried(layer)):
                continue
        elif _does_nothing(layer, is_first=number == 1):
            continue
        steps.append(Step(number, layer, activation, is_untried(layer)))
    return steps


def _only_activates(layer: LayerEvidence) -> bool:
    return layer.kind == "PReLU" or rebuild.is_activation(layer)


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
    """Pairs the student's layers with the required ones, both in order, at the least total cost."""
    wanted = [(Part.ENCODER, layer) for layer in exercise.encoder]
    wanted += [(Part.DECODER, layer) for layer in exercise.decoder]
    wanted += [(Part.OUTPUT, exercise.output)]
    rows, columns = len(steps), len(wanted)
    # best[i][j]: the least cost of pairing i layers with j required ones, and the last move to it.
    best = [[(0, "")] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows + 1):
        for j in range(columns + 1):
            choices = []
            if i and j:
                cost = best[i - 1][j - 1][0] + _cost(steps[i - 1], *wanted[j - 1])
                choices.append((cost, "pair"))
            if i and j > 1 and _pools_itself(steps[i - 1], wanted[j - 2][1], wanted[j - 1][1]):
                cost = OTHER_KIND_COST + _cost(_without_strides(steps[i - 1]), *wanted[j - 2])
                choices.append((best[i - 1][j - 2][0] + cost, "both"))
            if i:
                part = _part_of_extra(steps[i - 1], j, wanted)
                cost = EXTRA_COST + _cost_of_part(steps[i - 1], part)
                choices.append((best[i - 1][j][0] + cost, "extra"))
            if j:
                choices.append((best[i][j - 1][0] + MISSING_COST, "missing"))
            best[i][j] = min(choices, key=lambda choice: choice[0], default=(0, ""))
    matches: list[Match] = []
    i, j = rows, columns
    while i or j:
        move = best[i][j][1]
        i, j = i - (move != "missing"), j - (move != "extra")
        if move == "extra":
            matches.append(Match(_part_of_extra(steps[i], j, wanted), None, steps[i]))
        elif move == "both":
            part, pooling = wanted[j]
            j -= 1
            convolution, alone = wanted[j][1], _without_strides(steps[i])
            fault = f"strides of 2×2 where {_with_article(pooling.kind)} belongs"
            matches.append(Match(part, pooling, steps[i], (fault,)))
            matches.append(Match(part, convolution, alone, _faults(alone, convolution)))
        else:
            part, layer = wanted[j]
            step = None if move == "missing" else steps[i]
            matches.append(Match(part, layer, step, () if step is None else _faults(step, layer)))
    return matches[::-1]


def _part_of_extra(step: Step, before: int, wanted: list[tuple[Part, RequiredLayer]]) -> Part:
    """The part that an extra layer stands in, after the first `before` required layers."""
    last = wanted[before - 1][0] if before else Part.ENCODER
    following = wanted[before][0] if before < len(wanted) else Part.DECODER
    if last is Part.ENCODER and following is Part.DECODER:
        # The encoder ends with a pooling, the decoder begins with a convolution.
        enlarges = step.believed_kind in ("UpSampling2D", *CONVOLUTIONS)
        return Part.DECODER if enlarges else Part.ENCODER
    return Part.DECODER if last is Part.OUTPUT else last


def _cost(step: Step, part: Part, required: RequiredLayer) -> int:
    if step.believed_kind == required.kind:
        cost = WRONG_COST if _faults(step, required) else 0
    else:
        cost = OTHER_KIND_COST if _does_the_work_of(step, required) else UNLIKE_COST
    return cost + _cost_of_part(step, part)


def _cost_of_part(step: Step, part: Part) -> int:
    return OTHER_PART_COST * (_changes_size_as(step) not in (None, part))


def _does_the_work_of(step: Step, required: RequiredLayer) -> bool:
    """Whether a layer of another kind makes features, or changes the size, as the required one does.

    A kind that the judge does not know gets the benefit of the doubt.
    """
    kind = step.layer.kind
    if kind == "Resizing" or (kind not in LAYER_ATTRIBUTES and not rebuild.is_activation(step.layer)):
        return True
    if required.kind == "Conv2D":
        return not has_strides(step) and kind in (*CONVOLUTIONS, "Dense")
    smaller = required.kind == "MaxPooling2D"
    return _changes_size_as(step) is (Part.ENCODER if smaller else Part.DECODER)


def has_strides(step: Step) -> bool:
    return step.layer.attributes.get("strides", (1, 1)) != (1, 1)


def _pools_itself(step: Step, first: RequiredLayer, second: RequiredLayer) -> bool:
    """Whether a convolution stands for two required layers, as its strides do the pooling's work."""
    return (
        (first.kind, second.kind) == ("Conv2D", "MaxPooling2D")
        and step.believed_kind == "Conv2D"
        and step.layer.attributes.get("strides") == _HALF
    )


def _without_strides(step: Step) -> Step:
    attributes = step.layer.attributes | {"strides": (1, 1)}
    return replace(step, layer=replace(step.layer, attributes=attributes))


def _changes_size_as(step: Step) -> Part | None:
    """The part whose task it is to change the size of images as this layer does; None if it does not."""
    if step.layer.kind in ("UpSampling2D", "Conv2DTranspose"):
        return Part.DECODER
    return Part.ENCODER if has_strides(step) else None


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
        if attributes.get("kernel_size") != KERNEL_SIZE:
            faults.append(f"a kernel of {times_text(attributes.get('kernel_size'))}, not 3×3")
        faults += spread_faults(layer)
        if step.activation != required.activation:
            named = step.activation or f"the unknown '{layer.activation}'"
            faults.append(f"activation {named}, not {required.activation}")
    pooling = attributes.get("pool_size"), attributes.get("strides")
    if required.kind == "MaxPooling2D" and pooling != (_HALF, _HALF):
        faults.append(f"pooling over {times_text(attributes.get('pool_size'))}, not 2×2")
    if required.kind == "UpSampling2D" and attributes.get("size") != _HALF:
        faults.append(f"upsampling by {times_text(attributes.get('size'))}, not 2×2")
    if required.padding is not None and attributes.get("padding") != required.padding:
        faults.append(f"padding '{attributes.get('padding')}', not '{required.padding}'")
    if layer.same_as is not None and layer.weights:
        faults.append(shared_text(layer.same_as))
    return tuple(faults)


def spread_faults(layer: LayerEvidence) -> list[str]:
    """Lists how a convolution differs from one over all channels of each pixel and its neighbours."""
    attributes, faults = layer.attributes, []
    for name, words in (("strides", "strides"), ("dilation_rate", "a dilation rate")):
        if attributes.get(name, (1, 1)) != (1, 1):
            faults.append(f"{words} of {times_text(attributes[name])}, not 1×1")
    if attributes.get("groups", 1) != 1:
        faults.append(f"{attributes['groups']} groups of channels, not 1")
    return faults


def shared_text(first: int) -> str:
    """Says that a layer is used again. first: the index of its first use."""
    return f"the same layer as layer {first + 1} once more: its weights are shared"


def one_of(layer: LayerEvidence) -> str:
    """The layer's kind with an article, such as "a Conv2D of your own"."""
    return _with_article(kind_text(layer) + " of your own" * layer.own_class)


def _with_article(name: str) -> str:
    return f"{'an' if name[:1] in set('AEIOU') else 'a'} {name}"


def times_text(size: object) -> str:
    """Writes a size such as (3, 3) as 3×3."""
    return "×".join(str(side) for side in size) if isinstance(size, tuple) else str(size)
