"""What a cell printed is shown in one piece; what is kept of it is bounded."""

import json

import pytest
from nbformat.v4 import new_output

from autograder.grading.outputs import (
    LEFT_OUT,
    MOST_EVIDENCE_BYTES,
    MOST_TOKENS,
    Outputs,
    holds_too_much,
    in_one_piece,
)
from autograder.protocol.evidence import MIME_TYPE

MIB = 2**20


def shown(*printed):
    """The joined pieces of (stream, text), as such pieces."""
    outputs = [new_output("stream", name=name, text=text) for name, text in printed]
    return [(output.name, output.text) for output in in_one_piece(outputs)]


def test_each_stream_is_in_one_piece():
    assert shown(("stdout", "a"), ("stderr", "x"), ("stdout", "b\n")) == [
        ("stdout", "ab\n"),
        ("stderr", "x"),
    ]


def test_they_come_in_the_same_order_always():
    assert shown(("stderr", "x"), ("stdout", "a")) == [("stdout", "a"), ("stderr", "x")]


def test_other_outputs_stay_where_they_are():
    result = new_output("execute_result", data={"text/plain": "1"}, execution_count=1)
    printed = [new_output("stream", name="stdout", text=text) for text in "ab"]
    kept = in_one_piece([printed[0], result, printed[1]])
    assert [output.output_type for output in kept] == ["stream", "execute_result"]
    assert kept[0].text == "ab"


@pytest.mark.parametrize(
    ("printed", "left"),
    [
        ("1/2\r2/2\nend", "2/2\nend"),
        ("1/3\r2/3\r3/3\r\n", "3/3\r\n"),
        ("\r\r", "\r"),
        ("no end\r", "no end\r"),
    ],
)
def test_what_a_progress_bar_overwrote_is_gone(printed, left):
    assert shown(*(("stdout", piece) for piece in printed)) == [("stdout", left)]


@pytest.mark.parametrize("piece", ["a", "a\r", "\r", "\ra", "\r\n", "\x08"])
def test_a_line_of_millions_is_no_matter(piece):
    # A search that starts again at each place of a line would take weeks.
    assert shown(("stdout", piece * 5_000_000))


def message(data, buffers=(), **more):
    return {
        "content": {"data": data},
        "parent_header": {"msg_id": "a request"},
        "buffers": buffers,
    } | more


def test_evidence_is_kept_as_the_text_it_is_with_its_request():
    outputs = Outputs(MIB)
    assert not outputs.admit(message({MIME_TYPE: "{}"}), "loss")
    assert outputs.evidence == {"loss": [("a request", "{}")]}


@pytest.mark.parametrize("said", [{"a": [[]]}, None, 7, "💥"], ids=repr)
def test_evidence_that_is_no_plain_text_is_not_kept(said):
    outputs = Outputs(MIB)
    outputs.admit(message({MIME_TYPE: said}), "loss")
    assert outputs.evidence == {"loss": [("a request", "")]}


def test_of_evidence_that_came_twice_it_is_known_only_that_it_did():
    outputs = Outputs(MIB)
    for text in ("first", "second", "third"):
        outputs.admit(message({MIME_TYPE: text}), "loss")
    assert outputs.evidence == {"loss": [("a request", "first"), ("a request", "")]}


def test_all_evidence_of_a_notebook_is_bounded():
    outputs = Outputs(MIB)
    for number in range(20):
        outputs.admit(message({MIME_TYPE: "A" * 8 * MIB}), f"cell {number}")
    kept = sum(len(text) for some in outputs.evidence.values() for _, text in some)
    assert kept <= MOST_EVIDENCE_BYTES


@pytest.mark.parametrize(
    "data", [[[]] * 10_000, [{}] * 10_000, {"": [0.5] * 60_000}], ids=["lists", "dicts", "numbers"]
)
def test_containers_and_numbers_count(data):
    outputs = Outputs(MIB)
    assert not outputs.admit(message({"application/json": data}), None)
    assert outputs.full


def test_buffers_count():
    outputs = Outputs(MIB)
    assert not outputs.admit(message({}, [bytes(MIB), bytes(1)]), None)


def test_what_holds_too_much_is_left_out_and_counted():
    outputs = Outputs(20 * MIB)
    assert not outputs.admit(message({}, content={}, **{LEFT_OUT: True}), None)
    assert outputs.full
    for _ in range(13):
        outputs.admit(message({}, content={}, **{LEFT_OUT: True}), None)
    assert outputs.flood


@pytest.mark.parametrize("item", ["[]", "{}", '{"":0}', '""', "0", "[[[]]]"])
def test_values_are_counted_before_they_are_read(item):
    assert holds_too_much(f"[{','.join([item] * (MOST_TOKENS + 1))}]".encode())
    assert not holds_too_much(f"[{','.join([item] * (MOST_TOKENS // 8))}]".encode())


@pytest.mark.parametrize(
    "text", ["[1, 2]\n" * MOST_TOKENS, '"a", ' * MOST_TOKENS, "\\" * MOST_TOKENS], ids=["[", '"', "\\"]
)
def test_what_a_text_says_is_not_counted(text):
    assert not holds_too_much(json.dumps({"name": "stdout", "text": text}).encode())


@pytest.mark.parametrize(
    "content",
    [b'"' * 10**7, b'"' + b"\\" * 10**7, b"[" * 10**7],
    ids=["quotes", "escapes", "lists"],
)
def test_no_content_takes_long_to_count(content):
    holds_too_much(content)
