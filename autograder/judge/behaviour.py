"""Checks whether each layer of a network computes what its description says.

The judge builds each layer as described, with the weights in the evidence, and compares its answer to
the challenge with the answer of the student's layer.
"""

import dataclasses
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.judge import rebuild
from autograder.judge.doubt import Doubt, DoubtedLayer
from autograder.protocol import challenge
from autograder.protocol.evidence import LAYER_ATTRIBUTES, Evidence, LayerEvidence

TOLERANCE = 0.05
"""Largest root mean square difference, as a share of the answer. Half precision is off by 0.01."""


class _Believed(Enum):
    """Why a layer is believed."""

    UNASKED = "the lab asks for no layer of its kind, so that it earns nothing"
    SHOWN = "it answered as it should"
    SILENT = "it answered as it should, but the same to every input"


_FALSE = Doubt("is one in name only")
_CONSTANT = Doubt("answers the same to everything")
_UNTRIED = Doubt("could not be tried", untried=True)


def verified(evidence: Evidence) -> Evidence:
    """Returns the evidence with a DoubtedLayer in the place of each layer that is not believed."""
    model = evidence.model
    if model is None:
        return evidence
    if problem := rebuild.too_many(model.layers):
        unread = dataclasses.replace(model, layers=(), problem=problem)
        return dataclasses.replace(evidence, model=unread)
    found = [_tried(layer, position, evidence) for position, layer in enumerate(model.layers)]
    if _Believed.SHOWN not in found or any(isinstance(outcome, Doubt) for outcome in found):
        # Weights of zero are legal, but then the answer can be guessed without a layer.
        found = [_CONSTANT if outcome is _Believed.SILENT else outcome for outcome in found]
    layers = tuple(
        DoubtedLayer(**vars(layer), doubt=outcome) if isinstance(outcome, Doubt) else layer
        for layer, outcome in zip(model.layers, found, strict=True)
    )
    return dataclasses.replace(evidence, model=dataclasses.replace(model, layers=layers))


def _tried(layer: LayerEvidence, position: int, evidence: Evidence) -> _Believed | Doubt:
    asked_for = layer.kind in LAYER_ATTRIBUTES or rebuild.is_activation(layer)
    if len(layer.inputs) != 1:
        takes_one = asked_for and layer.kind != "Concatenate"
        problem = f"it takes one input, not {len(layer.inputs)}"
        return _untried(problem) if takes_one else _Believed.UNASKED
    try:
        blueprint = rebuild.blueprint(layer)
    except rebuild.RebuildError as error:
        # A forged layer must not escape the trial by being too large.
        known = asked_for or isinstance(error, rebuild.TooLargeError)
        return _untried(str(error).partition(": ")[2]) if known else _Believed.UNASKED
    outcome = _compared(blueprint, layer, position, evidence) if layer.response else _UNTRIED
    if outcome is not _FALSE:
        return outcome
    # A student's own class may honestly behave unlike the class that it inherits from.
    own = "it is a class of its own" if layer.own_class else rebuild.unknown_activation(layer)
    return _untried(own) if own else outcome


def _untried(reason: str) -> Doubt:
    return Doubt(f"{_UNTRIED.words} ({reason})", untried=True)


def _compared(
    blueprint: rebuild.Blueprint, layer: LayerEvidence, position: int, evidence: Evidence
) -> _Believed | Doubt:
    """Compares a layer's answer with that of a layer built from the blueprint."""
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
    return _Believed.SILENT if np.ptp(wanted) == 0 else _Believed.SHOWN


def _alike(response: NDArray[Any], wanted: NDArray[Any]) -> bool:
    if response.shape != wanted.shape:
        return False
    if not np.isfinite(wanted).all():
        return np.array_equal(np.isfinite(response), np.isfinite(wanted))
    return bool(np.linalg.norm(response - wanted) <= TOLERANCE * (np.linalg.norm(wanted) + TOLERANCE))
