"""Evidence survives the way to the judge, and nothing else gets through."""

import json
import tracemalloc

import numpy as np
import pytest

from autograder.protocol.evidence import (
    MAX_ARRAY_BYTES,
    MAX_MESSAGE_BYTES,
    MAX_MESSAGE_ITEMS,
    Drawing,
    Evidence,
    EvidenceError,
    FitEvidence,
    LayerEvidence,
    LossEvidence,
    ModelEvidence,
    OptimizerEvidence,
    Sample,
    decode,
    encode,
)


@pytest.fixture
def evidence():
    images = np.random.default_rng(0).random((2, 28, 28, 1)).astype(np.float32)
    sample = Sample((60_000, 28, 28, 1), "float32", (0, 1), images)
    conv = LayerEvidence(
        kind="Conv2D",
        name="conv2d",
        own_class=False,
        attributes={"filters": 16, "kernel_size": (3, 3), "padding": "same", "use_bias": True},
        activation="relu",
        activation_values=(0.0, 1.5, float("inf")),
        inputs=(-1,),
        weights=(np.ones((3, 3, 1, 16), np.float32), np.zeros((0,), np.float32)),
        input_shape=(28, 28, 1),
        response=(0.5, float("nan")),
    )
    model = ModelEvidence(
        type="keras.Sequential",
        api="sequential",
        layers=(conv,),
        trainable=True,
        loss=LossEvidence("binary_crossentropy", 0.0, (0.7, 0.8)),
        optimizer=OptimizerEvidence("Adagrad", False, None, (0.5,)),
        problem="",
    )
    fit = FitEvidence(sample, None, 60_000, 100, 10, False, 400, "")
    drawing = Drawing("0f" * 32, (1.5, 2.0, 30.0, 31.0), images[0, ..., 0], np.zeros((2, 3), np.float32))
    return Evidence("training", "a request", model, (fit,), {"x_train_noisy": sample}, (drawing,))


def test_evidence_comes_back_as_it_was_sent(evidence):
    received = decode(encode(evidence))

    assert received.check == "training"
    assert received.fits[0].images_per_epoch == 60_000
    assert received.model.layers[0].attributes["kernel_size"] == (3, 3)
    assert received.model.layers[0].activation_values[-1] == float("inf")
    np.testing.assert_array_equal(received.drawings[0].array, evidence.drawings[0].array)
    np.testing.assert_array_equal(received.fits[0].input.values, evidence.fits[0].input.values)
    assert encode(received) == encode(evidence)


def _edit(text, path, value):
    message = json.loads(text)
    place = message["evidence"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(message)


FIRST_LAYER = ("model", "layers", 0)
WEIGHTS = (*FIRST_LAYER, "weights", 0)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("check",), 7),
        (("check",), "x" * 3000),
        (("model",), "Sequential"),
        (("model", "api"), "pickle"),
        (("fits",), {"0": None}),
        (("fits", 0, "epochs"), True),
        (("fits", 0, "epochs"), 10**30),
        (("fits", 0, "epochs"), 10.5),
        (("fits",), [None] * 5000),
        ((*FIRST_LAYER, "activation_values"), ["NaN"]),
        ((*FIRST_LAYER, "attributes"), {"filters": {"a": 1}}),
        ((*FIRST_LAYER, "attributes"), {"filters": [[[1]]]}),
        ((*WEIGHTS, "dtype"), "object"),
        ((*WEIGHTS, "shape"), [3, 3, 1, 17]),
        ((*WEIGHTS, "shape"), [-3, -3, 1, 16]),
        ((*WEIGHTS, "shape"), [1] * 40),
        ((*WEIGHTS, "shape"), [MAX_ARRAY_BYTES]),
        ((*WEIGHTS, "data"), "%" * 768),
        ((*WEIGHTS, "data"), None),
        ((*FIRST_LAYER, "surprise"), 1),
    ],
    ids=str,
)
def test_a_message_that_is_not_evidence_is_refused(evidence, path, value):
    with pytest.raises(EvidenceError):
        decode(_edit(encode(evidence), path, value))


@pytest.mark.parametrize(
    "text",
    [
        *(None, [], {}, b"{}", "evidence", "{}", '{"version": 3}', '{"version": 99}', "\ud800", "💥"),
        *("[" * 10**5, "9" * 10**5, "A" * (MAX_MESSAGE_BYTES + 1)),
    ],
    ids=lambda text: repr(text)[:20],
)
def test_anything_else_is_refused(text):
    with pytest.raises(EvidenceError):
        decode(text)


@pytest.mark.parametrize("item", ["[]", '{"":0}'])
def test_however_much_a_text_holds_little_memory_is_taken(item):
    text = f'{{"version": 3, "evidence": [{",".join([item] * 1_500_000)}]}}'
    at_most = f'{{"version": 3, "evidence": [{",".join([item] * (MAX_MESSAGE_ITEMS // 4))}]}}'
    for each in (text[:MAX_MESSAGE_BYTES], at_most):
        tracemalloc.start()
        with pytest.raises(EvidenceError):
            decode(each)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < 50 * 2**20
