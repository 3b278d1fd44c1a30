"""Layers that the judge does not believe. Only the judge makes them: no evidence is decoded as one."""

from dataclasses import dataclass

from autograder.protocol.evidence import LayerEvidence, ModelEvidence


@dataclass(frozen=True)
class Doubt:
    """Why a layer does not count as what it says it is."""

    words: str
    """What follows "a Conv2D that"."""
    untried: bool = False
    """Whether the layer could not be tried, so that a person has to look."""


@dataclass(frozen=True, kw_only=True)
class DoubtedLayer(LayerEvidence):
    """A layer that is not, or cannot be shown to be, what it says."""

    doubt: Doubt


def doubt_of(layer: LayerEvidence) -> Doubt | None:
    """What the judge doubts of a layer, if it does."""
    return layer.doubt if isinstance(layer, DoubtedLayer) else None


def kind_text(layer: LayerEvidence) -> str:
    """The kind of a layer and what is doubted of it, such as "Conv2D that is one in name only"."""
    return f"{layer.kind} that {layer.doubt.words}" if isinstance(layer, DoubtedLayer) else layer.kind


def first_doubted(model: ModelEvidence) -> DoubtedLayer | None:
    """The first layer that the judge does not believe, if there is one."""
    return next((layer for layer in model.layers if isinstance(layer, DoubtedLayer)), None)
