"""Aligns a student's layers with the prescribed ones, at the least number of differences.

So one missing layer does not make all that follow wrong.
"""

from dataclasses import dataclass, replace
from enum import Enum

from autograder.judge import rebuild
from autograder.judge.behaviour import DOUBT, claimed_kind, is_untried
from autograder.lab import IMAGE_SHAPE, KERNEL_SIZE, Exercise, RequiredLayer, channels_text
from autograder.protocol.evidence import LAYER_ATTRIBUTES, LayerEvidence, ModelEvidence

MISSING_COST = EXTRA_COST = WRONG_COST = 10
OTHER_KIND_COST = 11
"""Of a layer that does the work of another kind: dearer than a wrong attribute, cheaper than one layer
missing and another too many."""
UNLIKE_COST = MISSING_COST + EXTRA_COST + 1
"""Of a layer that does other work: it is no substitute for the required one."""
OTHER_PART_COST = 2
"""Decides where the others do not: what makes images smaller belongs into the encoder."""

_HALVES = ((2, 2), (2, 2))
CONVOLUTIONS = ("Conv2D", "Conv2DTranspose", "SeparableConv2D", "DepthwiseConv2D")
_BETWEEN = (
    *("MaxPooling2D", "AveragePooling2D", "UpSampling2D"),
    *("BatchNormalization", "LayerNormalization", "Dropout", "SpatialDropout2D"),
)
"""Layers that may stand between a convolution and its activation."""


class Part(Enum):
    ENCODER = "encoder"
    DECODER = "decoder"
    OUTPUT = "output-layer"


@dataclass(frozen=True)
class Step:
    """A layer of the student's with the activation that follows it, wherever that was written."""

    number: int
    """Its place among the student's layers, counted from 1."""
    layer: LayerEvidence
    activation: str | None

    def __str__(self) -> str:
        return f"layer {self.number} ('{self.layer.name}', {claimed_kind(self.layer)})"

    @property
    def is_untried(self) -> bool:
        """Whether it was not shown what the layer, or an activation that belongs to it, does."""
        return is_untried(self.layer.kind) or is_untried(self.activation or "")


@dataclass(frozen=True)
class Match:
    """A required layer with the student's layer in its place; one of them may be missing."""

    part: Part
    required: RequiredLayer | None
    step: Step | None
    faults: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        return self.required is not None and self.step is not None and not self.faults


def chain(model: ModelEvidence) -> list[Step]:
    """The student's layers, each activation joined to the convolution that it follows."""
    steps: list[Step] = []
    for number, layer in enumerate(model.layers, start=1):
        activation = rebuild.activation_name(layer.activation_values)
        if _only_activates(layer):
            if DOUBT in layer.kind or layer.kind == "PReLU":
                activation = layer.kind
            activation = activation or f"the unknown '{layer.activation}'"
            if not _join(steps, activation):
                steps.append(Step(number, layer, activation))
        elif not _does_nothing(layer, model):
            steps.append(Step(number, layer, activation))
    return steps


def _only_activates(layer: LayerEvidence) -> bool:
    kind = claimed_kind(layer)
    return kind == "PReLU" or (rebuild.is_activation(layer) and kind not in LAYER_ATTRIBUTES)


def _join(steps: list[Step], activation: str | None) -> bool:
    """Joins an activation of its own to the last convolution; False if it belongs to none.

    Pooling and upsampling may stand in between (the largest of rectified values is the rectified
    largest value), and so may normalization or dropout, which cost their own share.
    """
    if activation == "linear":
        return True
    for position in range(len(steps) - 1, -1, -1):
        step = steps[position]
        if claimed_kind(step.layer) in (*CONVOLUTIONS, "Dense"):
            if step.activation == "linear":
                steps[position] = replace(step, activation=activation)
                return True
            return step.activation == activation == "relu"
        if claimed_kind(step.layer) not in _BETWEEN:
            return False
    return False


def _does_nothing(layer: LayerEvidence, model: ModelEvidence) -> bool:
    if layer.kind == "Identity":
        return True
    same_shape = layer.attributes.get("target_shape") == IMAGE_SHAPE
    return layer.kind == "Reshape" and same_shape and layer is model.layers[0]


def align(steps: list[Step], exercise: Exercise) -> list[Match]:
    """Pairs the student's layers with the required ones at the least cost, both in order."""
    wanted = [(Part.ENCODER, layer) for layer in exercise.encoder]
    wanted += [(Part.DECODER, layer) for layer in exercise.decoder]
    wanted += [(Part.OUTPUT, exercise.output)]
    rows, columns = len(steps), len(wanted)
    # best[i][j]: the cost of pairing the first i layers with the first j required ones, and how.
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
            fault = f"strides of 2×2 where {with_article(pooling.kind)} belongs"
            matches.append(Match(part, pooling, steps[i], (fault,)))
            matches.append(Match(part, convolution, alone, _faults(alone, convolution)))
        else:
            part, layer = wanted[j]
            step = None if move == "missing" else steps[i]
            matches.append(Match(part, layer, step, () if step is None else _faults(step, layer)))
    return matches[::-1]


def _part_of_extra(step: Step, before: int, wanted: list[tuple[Part, RequiredLayer]]) -> Part:
    """The part an extra layer stands in, `before` required layers having come before it."""
    last = wanted[before - 1][0] if before else Part.ENCODER
    following = wanted[before][0] if before < len(wanted) else Part.DECODER
    if last is Part.ENCODER and following is Part.DECODER:
        # The encoder ends with a pooling, the decoder begins with a convolution.
        enlarges = step.layer.kind in ("UpSampling2D", *CONVOLUTIONS)
        return Part.DECODER if enlarges else Part.ENCODER
    return Part.DECODER if last is Part.OUTPUT else last


def _cost(step: Step, part: Part, required: RequiredLayer) -> int:
    if step.layer.kind == required.kind:
        cost = WRONG_COST if _faults(step, required) else 0
    else:
        cost = OTHER_KIND_COST if _does_the_work_of(step, required) else UNLIKE_COST
    return cost + _cost_of_part(step, part)


def _cost_of_part(step: Step, part: Part) -> int:
    return OTHER_PART_COST * (_changes_size_as(step) not in (None, part))


def _does_the_work_of(step: Step, required: RequiredLayer) -> bool:
    """Whether a layer of another kind makes features, or changes the size, as the required one does.

    Of a kind that the judge does not know nobody can tell, so it may.
    """
    kind = claimed_kind(step.layer)
    if kind == "Resizing" or (kind not in LAYER_ATTRIBUTES and not rebuild.is_activation(step.layer)):
        return True
    if required.kind == "Conv2D":
        return not has_strides(step) and kind in (*CONVOLUTIONS, "Dense")
    smaller = required.kind == "MaxPooling2D"
    return _changes_size_as(step) is (Part.ENCODER if smaller else Part.DECODER)


def has_strides(step: Step) -> bool:
    return step.layer.attributes.get("strides", (1, 1)) != (1, 1)


def _pools_itself(step: Step, first: RequiredLayer, second: RequiredLayer) -> bool:
    """Whether a convolution stands for two required layers: its strides do what the pooling should."""
    return (
        (first.kind, second.kind) == ("Conv2D", "MaxPooling2D")
        and step.layer.kind == "Conv2D"
        and step.layer.attributes.get("strides") == (2, 2)
    )


def _without_strides(step: Step) -> Step:
    attributes = step.layer.attributes | {"strides": (1, 1)}
    return replace(step, layer=replace(step.layer, attributes=attributes))


def _changes_size_as(step: Step) -> Part | None:
    """The part in which images become smaller or larger as this layer makes them; None if neither."""
    if claimed_kind(step.layer) in ("UpSampling2D", "Conv2DTranspose"):
        return Part.DECODER
    return Part.ENCODER if has_strides(step) else None


def _faults(step: Step, required: RequiredLayer) -> tuple[str, ...]:
    """What is wrong with the student's layer in the place of the required one."""
    layer, attributes = step.layer, step.layer.attributes
    if layer.kind != required.kind:
        return (f"{with_article(with_owner(layer))} where {with_article(required.kind)} belongs",)
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
    if required.kind == "MaxPooling2D" and _pooling(attributes) != _HALVES:
        faults.append(f"pooling over {times_text(attributes.get('pool_size'))}, not 2×2")
    if required.kind == "UpSampling2D" and attributes.get("size") != (2, 2):
        faults.append(f"upsampling by {times_text(attributes.get('size'))}, not 2×2")
    if required.padding is not None and attributes.get("padding") != required.padding:
        faults.append(f"padding '{attributes.get('padding')}', not '{required.padding}'")
    if layer.same_as is not None and layer.weights:
        faults.append(shared_text(layer))
    return tuple(faults)


def spread_faults(layer: LayerEvidence) -> list[str]:
    """What a convolution looks at other than all channels of each pixel and its neighbours."""
    attributes, faults = layer.attributes, []
    for name, words in (("strides", "strides"), ("dilation_rate", "a dilation rate")):
        if attributes.get(name, (1, 1)) != (1, 1):
            faults.append(f"{words} of {times_text(attributes[name])}, not 1×1")
    if attributes.get("groups", 1) != 1:
        faults.append(f"{attributes['groups']} groups of channels, not 1")
    return faults


def shared_text(layer: LayerEvidence) -> str:
    return f"the same layer as layer {layer.same_as + 1} once more: its weights are shared"


def _pooling(attributes: dict) -> tuple:
    return attributes.get("pool_size"), attributes.get("strides")


def with_owner(layer: LayerEvidence) -> str:
    return f"{layer.kind} of your own" if layer.own_class else layer.kind


def with_article(name: str) -> str:
    return f"{'an' if name[:1] in set('AEIOU') else 'a'} {name}"


def times_text(size: object) -> str:
    """Sides as 3×3."""
    return "×".join(str(side) for side in size) if isinstance(size, tuple) else str(size)
