"""What a cell printed is shown in one piece, however it came."""

import pytest
from nbformat.v4 import new_output

from autograder.course.outputs import in_one_piece


def shown(*printed):
    """What is made of pieces of (stream, text), as such pieces."""
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
    # Where each place of a line is begun at anew, this takes weeks.
    assert shown(("stdout", piece * 5_000_000))
