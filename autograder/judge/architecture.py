"""Criteria `encoder`, `decoder` and `output-layer`: is the network the prescribed one?

The layers are aligned with the prescribed ones (the least number of differences, as between two
texts), so that one missing layer does not make all that follow wrong.
"""

import itertools
from dataclasses import dataclass, replace
from enum import Enum

from autograder.judge import rebuild
from autograder.judge.behaviour import DOUBT, claimed_kind, is_untried
from autograder.judge.verdict import Verdict, zero
from autograder.lab import IMAGE_SHAPE, KERNEL_SIZE, Exercise, RequiredLayer, channels_text
from autograder.protocol.evidence import LAYER_ATTRIBUTES, Evidence, LayerEvidence, ModelEvidence

MISSING_COST = EXTRA_COST = WRONG_COST = 10
OTHER_KIND_COST = 11
"""Of a layer that does the work of another kind: dearer than a wrong attribute, cheaper than one layer
missing and another too many."""
UNLIKE_COST = MISSING_COST + EXTRA_COST + 1
"""Of a layer that does other work: it is no substitute for the required one."""
OTHER_PART_COST = 2
"""Decides where the others do not: what makes images smaller belongs into the encoder."""

OUTPUT_CREDIT = (1.0, 0.5, 0.25)
"""Of the output layer, with none, one or two of its properties off."""

_HALVES = ((2, 2), (2, 2))
_CONVOLUTIONS = ("Conv2D", "Conv2DTranspose", "SeparableConv2D", "DepthwiseConv2D")
_BETWEEN = (
    *("MaxPooling2D", "AveragePooling2D", "UpSampling2D"),
    *("BatchNormalization", "LayerNormalization", "Dropout", "SpatialDropout2D"),
)
"""Layers that may stand between a convolution and its activation."""


class Part(Enum):
    ENCODER = "encoder"
    DECODER = "decoder"
    OUTPUT = "output-layer"


_EARLIER = (Part.ENCODER.value, Part.DECODER.value)


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


def judge_encoder(evidence: Evidence, exercise: Exercise, reference: object) -> Verdict:
    """The share of the encoder's layers that are right, less one share for each extra layer."""
    return _judge_part(Part.ENCODER, exercise.encoder, evidence.model, exercise)


def judge_decoder(evidence: Evidence, exercise: Exercise, reference: object) -> Verdict:
    """The share of the decoder's layers that are right, less one share for each extra layer."""
    return _judge_part(Part.DECODER, exercise.decoder, evidence.model, exercise)


def judge_output_layer(evidence: Evidence, exercise: Exercise, reference: object) -> Verdict:
    """One channel, sigmoid, 3×3, an output of 28×28×1."""
    expected = f"{exercise.output}; the output is 28×28×1, as the input"
    refused = refusal(evidence.model, expected)
    if refused:
        return refused
    steps = chain(evidence.model)
    last = next((step for step in reversed(steps) if claimed_kind(step.layer) in _CONVOLUTIONS), None)
    advice = f"End the network with Conv2D(1, {KERNEL_SIZE}, activation='sigmoid', padding='same')."
    if last is None:
        return zero(expected, "no convolution", "There is no such layer.", advice)
    if DOUBT in last.layer.kind:
        found = f"the last convolution is a {last.layer.kind}"
        return zero(
            expected, found, f"{_start(last)}: a {last.layer.kind}.", advice, review=last.is_untried
        )
    attributes = last.layer.attributes
    if attributes.get("filters") != 1 and last.activation != "sigmoid":
        found = f"the last convolution is {last}: {_describe(last)}"
        return zero(expected, found, "There is no such layer: this one makes features.", advice)
    faults = []
    if last.layer.kind != "Conv2D" or last.layer.own_class:
        faults.append(f"it is {_a(_kind(last.layer))}, not a Conv2D")
    if attributes.get("filters") != 1:
        faults.append(f"it has {channels_text(attributes.get('filters'))}, not 1")
    if last.activation != "sigmoid":
        faults.append(f"its activation is {last.activation or 'unknown'}, not sigmoid")
    if attributes.get("kernel_size") != KERNEL_SIZE:
        faults.append(f"its kernel is {times_text(attributes.get('kernel_size'))}, not 3×3")
    spread = _spread_faults(last.layer)
    faults += [f"it has {fault}" for fault in spread]
    if last.layer.same_as is not None:
        faults.append(f"it is {_shared(last.layer)}")
    lost = where_size_is_lost(evidence.model, exercise)
    notes = (f"The output is no image of 28×28×1: see {lost}.",) if lost in _EARLIER else ()
    shape = output_shape(evidence.model)
    other_size = lost and (shape is None or shape[:2] != IMAGE_SHAPE[:2])
    # Strides make another size: that is one mistake.
    if other_size and not spread and (lost not in _EARLIER or attributes.get("padding") != "same"):
        faults.append(
            f"padding '{attributes.get('padding')}', not 'same': "
            f"the output is {times_text(shape)}, not 28×28×1"
        )
    credit = OUTPUT_CREDIT[len(faults)] if len(faults) < len(OUTPUT_CREDIT) else 0.0
    problems = tuple(f"{last}: {fault}." for fault in faults)
    advice = advice if faults else ""
    return Verdict(credit, expected, _describe(last), problems, advice, notes, review=last.is_untried)


def no_network(model: ModelEvidence | None, expected: str) -> Verdict:
    """The zero for what is no network."""
    return zero(
        expected,
        model.problem if model else "nothing",
        "This is no Keras model.",
        "Build the network with keras.Sequential([...]) and give it the name the task asks for.",
        missing=True,
    )


def refusal(model: ModelEvidence | None, expected: str) -> Verdict | None:
    """The zero for what is no network, or none that makes images; None if it is one."""
    if model is None or model.api == "none":
        return no_network(model, expected)
    if model.problem or not model.layers:
        return zero(
            expected,
            model.problem or "a network without layers",
            "The layers of this model could not be read.",
            "A Sequential model with one input and one output is what is asked for.",
        )
    shape = output_shape(model)
    if shape is not None and len(shape) != 3:
        return zero(
            expected,
            f"the output for one image has the shape {shape}",
            "This is not an image-to-image model.",
            "An autoencoder answers an image with an image: no Flatten or Dense at its end.",
        )
    return None


def output_shape(model: ModelEvidence) -> tuple[int, ...] | None:
    """The shape of what one image becomes; None if that cannot be told."""
    try:
        return rebuild.output_shapes(model.layers)[-1][1:]
    except rebuild.RebuildError:
        return None


def where_size_is_lost(model: ModelEvidence, exercise: Exercise) -> str:
    """The criterion of the first layer that makes another size than it should.

    Empty where images of 28×28×1 come out, and where that cannot be told.
    """
    if model.problem or not model.layers:
        return Part.ENCODER.value
    try:
        shapes = rebuild.possible_shapes(model.layers)
    except rebuild.RebuildError:
        return ""
    if len(shapes) == len(model.layers) and shapes[-1][1:3] == IMAGE_SHAPE[:2]:
        return "" if shapes[-1][1:] == IMAGE_SHAPE else Part.OUTPUT.value
    wanted = found = IMAGE_SHAPE[0]
    matches = align(chain(model), exercise)
    for match, following in itertools.pairwise([*matches, None]):
        if match.required is not None:
            wanted = _side_after(match.required, wanted)
        if match.step is not None:
            if following and following.step and following.step.number == match.step.number:
                # One layer for two required ones: its size is that after the second.
                continue
            last = shapes[match.step.number - 1] if match.step.number <= len(shapes) else ()
            found = last[1] if len(last) == 4 and last[1] == last[2] else None
        if found != wanted:
            return match.part.value
    return Part.OUTPUT.value


def _side_after(layer: RequiredLayer, side: int) -> int:
    if layer.kind == "MaxPooling2D":
        return -(-side // 2)
    if layer.kind == "UpSampling2D":
        return 2 * side
    return side if layer.padding == "same" else side - KERNEL_SIZE[0] + 1


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
        if claimed_kind(step.layer) in (*_CONVOLUTIONS, "Dense"):
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


def _judge_part(
    part: Part, required: tuple[RequiredLayer, ...], model: ModelEvidence | None, exercise: Exercise
) -> Verdict:
    expected = " → ".join(str(layer) for layer in required)
    refused = refusal(model, expected)
    if refused:
        return refused
    matches = [match for match in align(chain(model), exercise) if match.part is part]
    right = sum(match.right for match in matches)
    extra = sum(match.required is None for match in matches)
    steps = {match.step.number: match.step for match in matches if match.step}
    found = " → ".join(map(_describe, steps.values())) or "none of it"
    # What is there tells more of the cause than what is not.
    ordered = sorted(matches, key=lambda match: match.step is None)
    problems = tuple(text for match in ordered if (text := _problem(match, len(required))))
    notes = () if model.api == "sequential" else (_API_NOTES[model.api],)
    return Verdict(
        credit=max(0, right - extra) / len(required),
        expected=expected,
        found=found,
        problems=problems,
        advice="Compare model.summary() with the table of layers, line by line." if problems else "",
        notes=notes,
        review=any(match.step is not None and match.step.is_untried for match in matches),
    )


_API_NOTES = {
    "functional": "Built with the functional API; the same chain of layers is as good.",
    "subclass": "Built as a class of your own; the same chain of layers is as good.",
}


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
            fault = f"strides of 2×2 where {_a(pooling.kind)} belongs"
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
        enlarges = step.layer.kind in ("UpSampling2D", *_CONVOLUTIONS)
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
        return not _has_strides(step) and kind in (*_CONVOLUTIONS, "Dense")
    smaller = required.kind == "MaxPooling2D"
    return _changes_size_as(step) is (Part.ENCODER if smaller else Part.DECODER)


def _has_strides(step: Step) -> bool:
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
    return Part.ENCODER if _has_strides(step) else None


def _faults(step: Step, required: RequiredLayer) -> tuple[str, ...]:
    """What is wrong with the student's layer in the place of the required one."""
    layer, attributes = step.layer, step.layer.attributes
    if layer.kind != required.kind:
        return (f"{_a(_kind(layer))} where {_a(required.kind)} belongs",)
    faults = []
    if layer.own_class:
        faults.append(f"a class of its own, not Keras's {layer.kind}")
    if required.kind == "Conv2D":
        if attributes.get("filters") != required.filters:
            faults.append(f"{channels_text(attributes.get('filters'))}, not {required.filters}")
        if attributes.get("kernel_size") != KERNEL_SIZE:
            faults.append(f"a kernel of {times_text(attributes.get('kernel_size'))}, not 3×3")
        faults += _spread_faults(layer)
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
        faults.append(_shared(layer))
    return tuple(faults)


def _spread_faults(layer: LayerEvidence) -> list[str]:
    """What a convolution looks at other than all channels of each pixel and its neighbours."""
    attributes, faults = layer.attributes, []
    for name, words in (("strides", "strides"), ("dilation_rate", "a dilation rate")):
        if attributes.get(name, (1, 1)) != (1, 1):
            faults.append(f"{words} of {times_text(attributes[name])}, not 1×1")
    if attributes.get("groups", 1) != 1:
        faults.append(f"{attributes['groups']} groups of channels, not 1")
    return faults


def _shared(layer: LayerEvidence) -> str:
    return f"the same layer as layer {layer.same_as + 1} once more: its weights are shared"


def _pooling(attributes: dict) -> tuple:
    return attributes.get("pool_size"), attributes.get("strides")


def _problem(match: Match, parts: int) -> str:
    if match.right:
        return ""
    cost = f"−1/{parts}"
    if match.step is None:
        return f"Missing: {match.required} ({cost})."
    if match.required is None:
        return f"Not asked for: {match.step} ({cost})."
    return f"{_start(match.step)}: {'; '.join(match.faults)} ({cost})."


def _start(step: Step) -> str:
    text = str(step)
    return text[:1].upper() + text[1:]


def _describe(step: Step) -> str:
    layer, attributes = step.layer, step.layer.attributes
    if layer.kind in _CONVOLUTIONS:
        channels = attributes.get("filters", "?")
        kernel = times_text(attributes.get("kernel_size"))
        activation = step.activation or layer.activation
        padding = attributes.get("padding")
        strides = f", strides {times_text(attributes['strides'])}" if _has_strides(step) else ""
        kind = f"{layer.kind}, {channels_text(channels)}, {kernel}{strides}"
        return f"{kind}, {activation}, padding '{padding}'"
    size = attributes.get("pool_size") or attributes.get("size")
    if not size:
        return layer.kind
    padding = f", padding '{attributes['padding']}'" if "padding" in attributes else ""
    return f"{layer.kind} {times_text(size)}{padding}"


def _kind(layer: LayerEvidence) -> str:
    return f"{layer.kind} of your own" if layer.own_class else layer.kind


def _a(name: str) -> str:
    return f"{'an' if name[:1] in set('AEIOU') else 'a'} {name}"


def times_text(size: object) -> str:
    """Sides as 3×3."""
    return "×".join(str(side) for side in size) if isinstance(size, tuple) else str(size)
