"""Layers that the judge does not believe. Evidence cannot contain such layers."""

from dataclasses import dataclass

from autograder.protocol.evidence import LayerEvidence, ModelEvidence


@dataclass(frozen=True)
class Doubt:
    """Why a layer does not count as what it says it is."""

    words: str
    """The reason, in words that continue "a Conv2D that"."""
    untried: bool = False
    """Whether the layer could not be tried, so that a person has to look."""


@dataclass(frozen=True, kw_only=True)
class DoubtedLayer(LayerEvidence):
    """A layer that is not what the evidence says, or cannot be shown to be."""

    doubt: Doubt


def doubt_of(layer: LayerEvidence) -> Doubt | None:
    """Returns the judge's doubt about a layer, if there is one."""
    return layer.doubt if isinstance(layer, DoubtedLayer) else None


def kind_text(layer: LayerEvidence) -> str:
    """The kind of a layer and the doubt about it, such as "Conv2D that is one in name only"."""
    return f"{layer.kind} that {layer.doubt.words}" if isinstance(layer, DoubtedLayer) else layer.kind


def first_doubted(model: ModelEvidence) -> DoubtedLayer | None:
    """The first layer that the judge does not believe, if there is one."""
    return next((layer for layer in model.layers if isinstance(layer, DoubtedLayer)), None)
