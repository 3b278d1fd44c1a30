"""A verdict's credit, points and reasons."""

import pytest

from autograder.judge.verdict import Verdict, zero


@pytest.mark.parametrize(
    ("credit", "points", "word"),
    [(1, 8, "full"), (5 / 6, 6.67, "partial"), (0, 0, "zero"), (1.5, 8, "full"), (-1, 0, "zero")],
)
def test_points_are_the_share_of_the_maximum_that_credit_says(credit, points, word):
    verdict = Verdict(credit, "this", "that")
    assert verdict.points(8) == points
    assert verdict.word == word


def test_a_zero_has_one_problem_and_only_the_marks_that_were_asked_for():
    verdict = zero("a loss", "no loss", "There is no loss.", "Give one.", missing=True)
    assert verdict == Verdict(
        0.0, "a loss", "no loss", ("There is no loss.",), "Give one.", missing=True
    )


def test_a_person_is_told_what_was_found_unless_there_is_a_better_reason():
    assert Verdict(0, "a", "what was found", review=True).reason == "what was found"
    assert Verdict(0, "a", "what was found", review=True, why_review="a package").reason == "a package"
