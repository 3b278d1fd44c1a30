"""Whatever a message holds, the judge answers with a verdict: no exception, no code, no long wait."""

import copy
import dataclasses
import functools
import json
import pickle
import random
import time

import corpus
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from preloaded import REQUEST
from the_lab import EXERCISES

from autograder.protocol.evidence import Message

pytestmark = pytest.mark.slow

MUTATIONS = 10_000
SECONDS = 20
"""Of processor time: more than any one message takes, far less than it could without bounds."""
ODD = [
    *(None, True, False, 0, -1, 1, 10**18, -(10**18), 1e308, 0.5, "", "nan", "inf", "x" * 3000),
    *("Lambda", "__class__", "float32", "object", "\x00", "💥", [], {}, [[]], [{}], {"": None}),
    *([-1], [0] * 9, [28, 28, 1], [10**9, 10**9], {"dtype": "float32", "shape": [0], "data": ""}),
    *("relu", "same", "Conv2D", "Dense", "UpSampling2D", "Concatenate", [2, 2], [4096, 4096]),
]

GONE = object()


def places(value, path=()):
    """Every place in a message, as the path that leads to it."""
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


@functools.cache
def places_in(packed):
    """Every place in a packed message but the message itself, found once for all that is made of it."""
    return [path for path in places(pickle.loads(packed)) if path]


def at(path, value):
    """What stands at a path; GONE if nothing does."""
    for key in path:
        if not isinstance(value, dict | list):
            return GONE
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return GONE
    return value


def mutated(packed, chance):
    """A copy with one to four random changes: values replaced, removed, repeated, exchanged."""
    message = pickle.loads(packed)
    for _ in range(chance.randint(1, 4)):
        *way, last = chance.choice(places_in(packed))
        parent = at(way, message)
        if at([last], parent) is GONE:
            # An earlier change took the place away.
            continue
        change = chance.choice(("replace", "remove", "repeat", "exchange", "number", "bytes"))
        if change == "remove" and parent:
            del parent[last]
        elif change == "repeat" and isinstance(parent, list):
            parent.insert(0, copy.deepcopy(parent[last]))
        elif change == "exchange" and isinstance(parent, list):
            chance.shuffle(parent)
        elif change == "number" and isinstance(parent[last], int | float):
            parent[last] = parent[last] * chance.choice((-1, 0, 2, 3, 1000, 1e9)) + chance.choice((0, 1))
        elif change == "bytes" and isinstance(parent[last], str) and len(parent[last]) > 100:
            text = list(parent[last])
            for _ in range(20):
                text[chance.randrange(len(text))] = chance.choice("AQgw/+9z=")
            parent[last] = "".join(text)
        else:
            parent[last] = copy.deepcopy(chance.choice(ODD))
    return message


def as_sent(message, pictures):
    return Message(REQUEST, json.dumps(message), pictures)


@pytest.fixture(scope="module")
def honest(kernel):
    """What the sample solutions hand over: notebook, criterion, pictures and what the JSON says."""
    collected = []
    for case in corpus.load():
        if case.name == "the-solution":
            for criterion, messages in kernel.evidence(kernel.run(case.executed)).items():
                for message in messages:
                    collected.append(
                        (case.notebook, criterion, message.pictures, json.loads(message.text))
                    )
    return collected


@pytest.fixture(scope="module")
def small_reference(images):
    """Few images: what is tried here is whether the judge stands, not what it measures."""
    from autograder.judge.reference import Reference

    return Reference(
        dataclasses.replace(
            images, x_train=images.x_train[:50], x_test=images.x_test[:20], held_out=images.held_out[:5]
        )
    )


def test_honest_messages_are_judged_at_all(honest, reference):
    from autograder.judge.criteria import judge_message

    for notebook, criterion, pictures, message in honest:
        verdict = judge_message(criterion, as_sent(message, pictures), EXERCISES[notebook], reference)
        assert verdict.word == "full", (notebook, criterion, verdict)


@pytest.fixture
def layers_tried_once(monkeypatch):
    """Most layers of a mutated message are as they were: what they answer is computed once."""
    from autograder.judge import behaviour

    original = behaviour._tried
    tried = functools.lru_cache(1000)(lambda packed: original(*pickle.loads(packed)))

    def tried_once(layer, position, evidence):
        request = dataclasses.replace(evidence, model=None, fits=(), arrays={}, drawings=())
        return tried(pickle.dumps((layer, position, request)))

    monkeypatch.setattr(behaviour, "_tried", tried_once)


def test_mutated_messages_never_break_the_judge(honest, small_reference, layers_tried_once, caplog):
    from autograder.judge.criteria import judge_message

    slowest = 0.0
    packed = [pickle.dumps(message) for *_, message in honest]

    @settings(
        max_examples=MUTATIONS,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**63), st.integers(0, len(honest) - 1))
    def judge_mutated(seed, which):
        nonlocal slowest
        notebook, criterion, pictures, _ = honest[which]
        started = time.process_time()
        message = as_sent(mutated(packed[which], random.Random(seed)), pictures)
        verdict = judge_message(criterion, message, EXERCISES[notebook], small_reference)
        slowest = max(slowest, time.process_time() - started)
        assert 0 <= verdict.credit <= 1
        assert verdict.credit == 1 or verdict.problems, "less than full credit has a reason"

    judge_mutated()
    print(f"{MUTATIONS} mutated messages, the slowest judged in {slowest:.2f} s")
    assert slowest < SECONDS
    assert not caplog.records, "an error inside the judge"
