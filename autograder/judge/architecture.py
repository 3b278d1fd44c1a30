"""Criteria `encoder`, `decoder` and `output-layer`: is the network the prescribed one?

The credit for a part is its share of right layers, once the student's layers are aligned with the
prescribed ones.
"""

from autograder.judge import rebuild
from autograder.judge.alignment import CONVOLUTIONS, Match, Part, Step, align, chain, one_of
from autograder.judge.doubt import doubt_of, kind_text
from autograder.judge.verdict import Verdict, zero
from autograder.lab import (
    IMAGE_SHAPE,
    IMAGE_TEXT,
    Exercise,
    RequiredLayer,
    channels_text,
    times_text,
)
from autograder.protocol.evidence import Evidence, ModelEvidence

OUTPUT_CREDIT = (1.0, 0.5, 0.25)
"""The credit for an output layer with no, one or two wrong properties."""

_EARLIER = (Part.ENCODER.value, Part.DECODER.value)


def judge_encoder(evidence: Evidence, exercise: Exercise, reference: object) -> Verdict:
    """Gives the share of the encoder's layers that are right, less one share for each extra layer."""
    return _judge_part(Part.ENCODER, exercise.encoder, evidence, exercise)


def judge_decoder(evidence: Evidence, exercise: Exercise, reference: object) -> Verdict:
    """Gives the share of the decoder's layers that are right, less one share for each extra layer."""
    return _judge_part(Part.DECODER, exercise.decoder, evidence, exercise)


def judge_output_layer(evidence: Evidence, exercise: Exercise, reference: object) -> Verdict:
    """Judges the last convolution, and whether the output is an image of 28×28×1."""
    required = exercise.output
    expected = f"{required}; the output is {IMAGE_TEXT}, as the input"
    model = network(evidence.model, expected)
    if isinstance(model, Verdict):
        return model
    last = next((step for step in reversed(chain(model)) if step.layer.kind in CONVOLUTIONS), None)
    activation = "" if required.activation is None else f", activation='{required.activation}'"
    padding = required.padding_to_build
    written = f"Conv2D({required.filters}, {required.kernel}{activation}, padding='{padding}')"
    advice = f"End the network with {written}."
    if last is None:
        return zero(expected, "no convolution", "There is no such layer.", advice)
    if doubt_of(last.layer):
        kind = kind_text(last.layer)
        problem = f"{_start(last)}: a {kind}."
        return zero(expected, f"the last convolution is a {kind}", problem, advice, review=last.untried)
    attributes = last.layer.attributes
    other_activation = required.activation not in (None, last.activation)
    if attributes.get("filters") != required.filters and other_activation:
        found = f"the last convolution is {last}: {_describe(last)}"
        return zero(expected, found, "There is no such layer: this one makes features.", advice)
    faults = []
    if last.layer.kind != "Conv2D" or last.layer.own_class:
        faults.append(f"it is {one_of(last.layer)}, not a Conv2D")
    if attributes.get("filters") != required.filters:
        faults.append(f"it has {channels_text(attributes.get('filters'))}, not {required.filters}")
    if other_activation:
        faults.append(f"its activation is {last.activation or 'unknown'}, not {required.activation}")
    if attributes.get("kernel_size") != required.kernel:
        kernel = times_text(attributes.get("kernel_size"))
        faults.append(f"its kernel is {kernel}, not {times_text(required.kernel)}")
    window = last.window_faults()
    faults += [f"it has {fault}" for fault in window]
    if last.shared:
        faults.append(f"it is {last.shared}")
    lost = where_size_is_lost(model, exercise)
    notes = (f"The output is no image of {IMAGE_TEXT}: see {lost}.",) if lost in _EARLIER else ()
    shape = output_shape(model)
    other_size = lost and (shape is None or shape[:2] != IMAGE_SHAPE[:2])
    # Strides change the size, too: both are one mistake.
    if other_size and not window and (lost not in _EARLIER or attributes.get("padding") != padding):
        faults.append(
            f"padding '{attributes.get('padding')}', not '{padding}': "
            f"the output is {times_text(shape)}, not {IMAGE_TEXT}"
        )
    credit = OUTPUT_CREDIT[len(faults)] if len(faults) < len(OUTPUT_CREDIT) else 0.0
    problems = tuple(f"{last}: {fault}." for fault in faults)
    advice = advice if faults else ""
    return Verdict(credit, expected, _describe(last), problems, advice, notes, review=last.untried)


def no_model(model: ModelEvidence | None, expected: str) -> Verdict:
    """The verdict of zero for an object that is no Keras model."""
    return zero(
        expected,
        model.problem if model else "nothing",
        "This is no Keras model.",
        "Build the network with keras.Sequential([...]) and give it the name the task asks for.",
        missing=True,
    )


def refusal(model: ModelEvidence | None, expected: str) -> Verdict | None:
    """The verdict of zero unless the model is a network from images to images; None if it is one."""
    found = network(model, expected)
    return found if isinstance(found, Verdict) else None


def network(model: ModelEvidence | None, expected: str) -> ModelEvidence | Verdict:
    """The network, or the verdict of zero if it is no network from images to images."""
    if model is None or model.api == "none":
        return no_model(model, expected)
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
    return model


def output_shape(model: ModelEvidence) -> tuple[int, ...] | None:
    """The shape of the network's output for one image; None if it is not known."""
    try:
        return rebuild.output_shapes(model.layers)[-1][1:]
    except rebuild.RebuildError:
        return None


def where_size_is_lost(model: ModelEvidence, exercise: Exercise) -> str:
    """The criterion of the first layer whose output has the wrong size.

    Empty if the network's output is 28×28×1, or its size is not known.
    """
    if model.problem or not model.layers:
        return Part.ENCODER.value
    try:
        shapes = rebuild.possible_shapes(model.layers)
    except rebuild.RebuildError:
        return ""
    if len(shapes) == len(model.layers) and shapes[-1][1:3] == IMAGE_SHAPE[:2]:
        return "" if shapes[-1][1:] == IMAGE_SHAPE else Part.OUTPUT.value
    wanted = IMAGE_SHAPE[0]
    found: int | None = wanted
    matches = align(chain(model), exercise)
    for match, following in zip(matches, [*matches[1:], None], strict=True):
        if match.required is not None:
            wanted = match.required.side_after(wanted)
        if match.step is not None:
            if following and following.step and following.step.number == match.step.number:
                # This layer stands for two required ones: its output has the size after the second.
                continue
            last = shapes[match.step.number - 1] if match.step.number <= len(shapes) else ()
            found = last[1] if len(last) == 4 and last[1] == last[2] else None
        if found != wanted:
            return match.part.value
    return Part.OUTPUT.value


def _judge_part(
    part: Part, required: tuple[RequiredLayer, ...], evidence: Evidence, exercise: Exercise
) -> Verdict:
    expected = " → ".join(str(layer) for layer in required)
    model = network(evidence.model, expected)
    if isinstance(model, Verdict):
        return model
    matches = [match for match in align(chain(model), exercise) if match.part is part]
    right = sum(match.right for match in matches)
    extra = sum(match.required is None for match in matches)
    steps = {match.step.number: match.step for match in matches if match.step}
    found = " → ".join(map(_describe, steps.values())) or "none of it"
    # Wrong and extra layers explain more than missing ones.
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
        review=any(match.step is not None and match.step.untried for match in matches),
    )


_API_NOTES = {
    "functional": "Built with the functional API; the same chain of layers is as good.",
    "subclass": "Built as a class of your own; the same chain of layers is as good.",
}


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
    if step.believed_kind in CONVOLUTIONS:
        strides = f", strides {times_text(attributes['strides'])}" if step.has_strides else ""
        return (
            f"{layer.kind}, {channels_text(attributes.get('filters', '?'))}, "
            f"{times_text(attributes.get('kernel_size'))}{strides}, "
            f"{step.activation or layer.activation}, padding '{attributes.get('padding')}'"
        )
    size = attributes.get("pool_size") or attributes.get("size")
    if not size:
        return kind_text(layer)
    padding = f", padding '{attributes['padding']}'" if "padding" in attributes else ""
    return f"{kind_text(layer)} {times_text(size)}{padding}"
