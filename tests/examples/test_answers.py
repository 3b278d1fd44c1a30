"""A student's answers follow from the sample solution and what differs from it."""

import pytest

from autograder.examples.answers import BLANK, AnswersError, answers, read_toml

SAMPLE = {"build-model": "units = 8\nmodel = build(units)", "train-model": "model.fit(x, x)"}


@pytest.mark.parametrize(
    ("described", "differing"),
    [
        ({}, {}),
        ({"blank": True}, dict.fromkeys(SAMPLE, BLANK)),
        ({"cells": {"train-model": "pass"}}, {"train-model": "pass"}),
        (
            {"replace": {"build-model": [["8", "16"], ["units", "size"]]}},
            {"build-model": "size = 16\nmodel = build(size)"},
        ),
        (
            {"cells": {"train-model": "a"}, "replace": {"train-model": [["a", "b"]]}},
            {"train-model": "b"},
        ),
    ],
    ids=["the sample solution", "blank", "new text", "replaced text", "new text with replacements"],
)
def test_answers_differ_as_described(described, differing):
    assert answers(described, SAMPLE) == SAMPLE | differing


def test_an_edit_that_does_not_fit_is_named():
    with pytest.raises(AnswersError, match="build-model does not contain 'x'"):
        answers({"replace": {"build-model": [["x", "y"]]}}, SAMPLE)


def test_descriptions_are_read_from_toml(tmp_path):
    (tmp_path / "students.toml").write_text('[[student]]\nid = "ada"\nlab.cells.loss = "σ"\n', "utf-8")
    described = read_toml(tmp_path / "students.toml")
    assert described == {"student": [{"id": "ada", "lab": {"cells": {"loss": "σ"}}}]}
