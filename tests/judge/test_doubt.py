"""A doubt about a layer is the judge's own: no evidence holds one, whatever a layer is called."""

import dataclasses
import json

import pytest
from by_hand import conv, doubted, evidence, network, one_convolution, point, prescribed
from the_lab import AUTOENCODER

from autograder.judge import rebuild
from autograder.judge.architecture import judge_encoder
from autograder.judge.doubt import Doubt, doubt_of, first_doubted, kind_text
from autograder.protocol.evidence import EvidenceError, decode, encode

FALSE = Doubt("is one in name only")
UNTRIED = Doubt("could not be tried", untried=True)


def test_a_doubted_layer_says_what_it_is_and_what_is_doubted():
    layer = doubted(conv(16), FALSE)
    assert layer.kind == "Conv2D"
    assert kind_text(layer) == "Conv2D that is one in name only"
    assert kind_text(conv(16)) == "Conv2D"


def test_the_first_doubted_layer_of_a_network_is_found():
    second, third = doubted(conv(2), UNTRIED), doubted(conv(3), FALSE)
    assert first_doubted(network(conv(1), second, third)).attributes == second.attributes
    assert first_doubted(network(conv(1))) is None


@pytest.mark.parametrize(("doubt", "review"), [(FALSE, False), (UNTRIED, True)])
def test_a_doubted_layer_earns_nothing_and_one_that_was_not_tried_needs_a_person(doubt, review):
    layers = prescribed(AUTOENCODER)
    layers[0] = doubted(layers[0], doubt)
    verdict = judge_encoder(evidence("encoder", network(*layers)), AUTOENCODER, None)
    assert verdict.credit == pytest.approx(5 / 6)
    assert f"a Conv2D that {doubt.words} where a Conv2D belongs" in verdict.problems[0]
    assert verdict.review == review


def test_a_network_with_a_doubted_layer_is_not_run():
    (layer,) = one_convolution(point()).layers
    with pytest.raises(rebuild.RebuildError, match="Conv2D that is one in name only"):
        rebuild.output_shapes((doubted(layer, FALSE),))


@pytest.mark.parametrize("kind", ["Conv2D that could not be tried", "Conv2D that is one in name only"])
def test_no_name_of_a_layer_is_taken_for_a_doubt(kind):
    sent = evidence("encoder", network(dataclasses.replace(conv(16), kind=kind, name=kind)))
    (layer,) = decode(encode(sent)).model.layers
    assert doubt_of(layer) is None


def test_a_doubt_in_a_message_makes_it_no_evidence():
    sent = json.loads(encode(evidence("encoder", network(conv(16)))))
    assert decode(json.dumps(sent)).model.layers
    sent["evidence"]["model"]["layers"][0]["doubt"] = {"words": "is right", "untried": False}
    with pytest.raises(EvidenceError):
        decode(json.dumps(sent))
