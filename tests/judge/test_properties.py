"""Properties of all networks near the prescribed one, not only of hand-picked ones.

A network is written here as plain tuples, and which edits are mistakes is said without the judge's help.
"""

import dataclasses
import functools

import pytest
from by_hand import ACTIVATIONS, activation, conv, evidence, layer, network, pool, prescribed, up
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from the_lab import EXERCISES

from autograder.judge.architecture import judge_decoder, judge_encoder, judge_output_layer

JUDGES = {"encoder": judge_encoder, "decoder": judge_decoder, "output-layer": judge_output_layer}
NEW_LAYERS = {
    "a convolution": lambda filters: conv(filters),
    "a pooling": lambda filters: pool(),
    "an upsampling": lambda filters: up(),
    "a dropout": lambda filters: layer("Dropout"),
}


@dataclasses.dataclass(frozen=True)
class Edit:
    """One change of a network: its kind, the layer that it changes, and the layers that replace this."""

    what: str
    position: int
    becomes: tuple
    """The layers that stand there instead."""
    mistake: bool = True

    def __repr__(self) -> str:
        return f"{self.what} at {self.position}"


def changed(before, **attributes):
    return dataclasses.replace(before, attributes={**before.attributes, **attributes})


def other_activation(before, name):
    after = conv(1, name)
    return dataclasses.replace(
        before, activation=after.activation, activation_values=after.activation_values
    )


@functools.cache
def edits(notebook):
    """All single edits of the prescribed network."""
    layers = prescribed(EXERCISES[notebook])
    made, side = [], 28
    for i, each in enumerate(layers):
        made.append(Edit("left out", i, ()))
        filters = next(other.attributes["filters"] for other in layers if other.kind == "Conv2D")
        made += [Edit(f"{what} before", i, (new(filters), each)) for what, new in NEW_LAYERS.items()]
        made.append(Edit("does nothing before", i, (layer("Identity"), each), mistake=False))
        made.append(Edit("renamed", i, (dataclasses.replace(each, name="mine"),), mistake=False))
        if each.kind == "Conv2D":
            made += [
                Edit(f"{value} filters", i, (changed(each, filters=value),))
                for value in (1, 8, 64)
                if value != each.attributes["filters"]
            ]
            other = "valid" if each.attributes["padding"] == "same" else "same"
            made.append(Edit(f"padding {other}", i, (changed(each, padding=other),)))
            for name, value in {
                "kernel_size": (5, 5),
                "strides": (2, 2),
                "dilation_rate": (2, 2),
            }.items():
                made.append(Edit(f"{name} {value}", i, (changed(each, **{name: value}),)))
            made += [
                Edit(name, i, (other_activation(each, name),))
                for name in ACTIVATIONS
                if name != each.activation
            ]
            apart = (other_activation(each, "linear"), activation(each.activation))
            made.append(Edit("activation apart", i, apart, mistake=False))
            side -= 2 * (each.attributes["padding"] == "valid")
        if each.kind == "MaxPooling2D":
            made.append(Edit("pooling 3×3", i, (pool(size=3),)))
            made.append(Edit("average", i, (dataclasses.replace(each, kind="AveragePooling2D"),)))
            made.append(Edit("padding valid", i, (pool("valid"),), mistake=side % 2 == 1))
            side = -(-side // 2)
        if each.kind == "UpSampling2D":
            made.append(Edit("upsampling 3×3", i, (up(3),)))
            bilinear = changed(each, interpolation="bilinear")
            made.append(Edit("bilinear", i, (bilinear,), mistake=False))
            side *= 2
    return tuple(made)


def edited(notebook, *done):
    """The prescribed network with edits, each at another layer."""
    layers = [(each,) for each in prescribed(EXERCISES[notebook])]
    for edit in done:
        layers[edit.position] = edit.becomes
    return network(*(each for some in layers for each in some))


def plain(layers):
    """The parts of a network that count, to tell whether two edits undid each other."""
    return [(each.kind, each.attributes, each.activation) for each in layers]


def undone(notebook, *done):
    """Whether edits that are mistakes lead back to the prescribed network."""
    exercise = EXERCISES[notebook]
    return plain(edited(notebook, *done).layers) == plain(prescribed(exercise))


def reads_otherwise(notebook, *done):
    """Whether two edits make a network that one would describe in another way.

    Without the last pooling and the convolution after it, what is missing is the encoder's last stage.
    Without the output layer, a convolution that has something of it stands in its place.
    """
    exercise = EXERCISES[notebook]
    border, last = len(exercise.encoder), len(exercise.encoder) + len(exercise.decoder)
    left_out = {edit.position for edit in done if edit.what == "left out"}
    like_the_output = any(edit.what in ("1 filters", "sigmoid") for edit in done)
    return left_out == {border - 1, border} or (left_out == {last} and like_the_output)


def credits(notebook, *done):
    model, exercise = edited(notebook, *done), EXERCISES[notebook]
    return {name: judge(evidence(name, model), exercise, None).credit for name, judge in JUDGES.items()}


notebooks = st.sampled_from(sorted(EXERCISES))


@st.composite
def two_edits(draw):
    """A notebook, and two edits at different layers."""
    notebook = draw(notebooks)
    first = draw(st.sampled_from(edits(notebook)))
    elsewhere = [edit for edit in edits(notebook) if edit.position != first.position]
    return notebook, first, draw(st.sampled_from(elsewhere))


@pytest.mark.parametrize("notebook", EXERCISES)
def test_one_edit_costs_something_exactly_if_it_is_a_mistake(notebook):
    for edit in edits(notebook):
        found = credits(notebook, edit)
        assert all(0 <= credit <= 1 for credit in found.values()), (edit, found)
        assert (min(found.values()) < 1) == edit.mistake, (edit, found)


@given(two_edits())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_of_two_edits_each_mistake_counts_and_nothing_else(chosen):
    notebook, first, second = chosen
    found = credits(notebook, first, second)
    assert all(0 <= credit <= 1 for credit in found.values())
    wrong = (first.mistake or second.mistake) and not undone(notebook, first, second)
    assert (min(found.values()) < 1) == wrong


@given(two_edits())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_further_mistake_never_raises_any_credit(chosen):
    notebook, first, second = chosen
    assume(not undone(notebook, first, second) and not reads_otherwise(notebook, first, second))
    before, after = credits(notebook, first), credits(notebook, first, second)
    for name in JUDGES:
        assert after[name] <= before[name] + 1e-9, (name, before, after)
