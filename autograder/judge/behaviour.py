"""Whether a network does what its layers say of themselves.

Each layer's answer to the challenge is compared with that of the layer it says it is, which is built
here with the weights that were handed over.
"""

import dataclasses

import numpy as np

from autograder.judge import rebuild
from autograder.protocol import challenge
from autograder.protocol.evidence import LAYER_ATTRIBUTES, Evidence, LayerEvidence, ModelEvidence

TOLERANCE = 0.05
"""Root mean square difference, as a share of the answer: networks in half precision are off by 0.01."""
DOUBT = " that "
"""What follows the kind of a layer that is doubted."""


def claimed_kind(layer: LayerEvidence) -> str:
    """The kind that a layer says it is of, doubted or not."""
    return layer.kind.partition(DOUBT)[0]


def is_untried(kind: str) -> bool:
    """Whether a layer of this kind is doubted for it could not be tried: then a person has to look."""
    return DOUBT + _UNTRIED in kind


def doubted(model: ModelEvidence) -> str:
    """The kind of the first layer that is not shown to be what it says; empty if there is none."""
    return next((layer.kind for layer in model.layers if DOUBT in layer.kind), "")


def verified(evidence: Evidence) -> Evidence:
    """The evidence with every layer renamed that is not, or cannot be shown to be, what it says."""
    model = evidence.model
    if model is None:
        return evidence
    if problem := rebuild.too_many(model.layers):
        unread = dataclasses.replace(model, layers=(), problem=problem)
        return dataclasses.replace(evidence, model=unread)
    found = [_tried(layer, position, evidence) for position, layer in enumerate(model.layers)]
    if set(found) - _BELIEVED or _SHOWN not in found:
        # Weights of zero are legal, but what they answer anyone can tell.
        found = [_CONSTANT if outcome is _SILENT else outcome for outcome in found]
    layers = tuple(
        layer if outcome in _BELIEVED else dataclasses.replace(layer, kind=layer.kind + DOUBT + outcome)
        for layer, outcome in zip(model.layers, found, strict=True)
    )
    return dataclasses.replace(evidence, model=dataclasses.replace(model, layers=layers))


_UNKNOWN, _SHOWN, _SILENT = "unknown", "shown", "silent"
_BELIEVED = {_UNKNOWN, _SHOWN, _SILENT}
_UNTRIED, _FALSE = "could not be tried", "is one in name only"
_CONSTANT = "answers the same to everything"


def _tried(layer: LayerEvidence, position: int, evidence: Evidence) -> str:
    # Of any other kind nobody asks for one, so that it earns nothing.
    asked_for = layer.kind in LAYER_ATTRIBUTES or rebuild.is_activation(layer)
    if len(layer.inputs) != 1:
        takes_one = asked_for and layer.kind != "Concatenate"
        return _untried(f"it takes one input, not {len(layer.inputs)}") if takes_one else _UNKNOWN
    try:
        blueprint = rebuild.blueprint(layer)
    except rebuild.RebuildError as error:
        # Otherwise a size that nobody asks for would spare a forged layer the trial.
        known = asked_for or isinstance(error, rebuild.TooLargeError)
        return _untried(str(error).partition(": ")[2]) if known else _UNKNOWN
    outcome = _compared(blueprint, layer, position, evidence) if layer.response else _UNTRIED
    if outcome is not _FALSE:
        return outcome
    # A class of one's own does not lie when it does something else than what it inherits.
    own = "it is a class of its own" if layer.own_class else rebuild.unknown_activation(layer)
    return _untried(own) if own else outcome


def _untried(reason: str) -> str:
    return f"{_UNTRIED} ({reason})"


def _compared(
    blueprint: rebuild.Blueprint, layer: LayerEvidence, position: int, evidence: Evidence
) -> str:
    """What its answer shows of a layer."""
    try:
        tried = challenge.layer_input(evidence.request, position, layer.input_shape)
        output = rebuild.run_layer(blueprint, layer, tried)
    except rebuild.TooLargeError:
        return _UNTRIED
    except (rebuild.RebuildError, ValueError):
        return _FALSE
    wanted = np.asarray(challenge.layer_response(evidence.request, position, output))
    if not _alike(np.asarray(layer.response), wanted):
        return _FALSE
    return _SILENT if np.ptp(wanted) == 0 else _SHOWN


def _alike(response: np.ndarray, wanted: np.ndarray) -> bool:
    if response.shape != wanted.shape:
        return False
    if not np.isfinite(wanted).all():
        return bool(np.array_equal(np.isfinite(response), np.isfinite(wanted)))
    return bool(np.linalg.norm(response - wanted) <= TOLERANCE * (np.linalg.norm(wanted) + TOLERANCE))
