"""From a message to a verdict: if anything fails on the way, a person is told."""

import pytest
from the_lab import EXERCISES

from autograder.judge import criteria
from autograder.protocol.evidence import Message, encode

EXERCISE = EXERCISES["autoencoder"]


def test_every_criterion_of_the_lab_has_its_judge():
    asked = {criterion.id for exercise in EXERCISES.values() for criterion in exercise.criteria}
    assert set(criteria.CRITERIA) == asked


@pytest.mark.parametrize("error", [ValueError("no"), RecursionError(), MemoryError()], ids=repr)
def test_a_zero_for_a_fault_of_the_judges_own_is_flagged_for_a_person(monkeypatch, caplog, error):
    def failing(*_):
        raise error

    monkeypatch.setitem(criteria.CRITERIA, "loss", failing)
    monkeypatch.setattr(criteria, "verified", lambda evidence: evidence)
    evidence = criteria.Evidence("loss", "a request", None, (), {}, ())

    verdict = criteria.judge(evidence, EXERCISE, None)

    assert verdict.credit == 0
    assert verdict.review
    assert verdict.transient
    assert "a person has to look" in verdict.advice
    assert "judging loss of autoencoder failed" in caplog.text


@pytest.mark.parametrize("message", [None, {}, "{}", '{"version": 1}', "text"], ids=repr)
def test_what_is_no_evidence_is_the_students_zero(message):
    verdict = criteria.judge_message("loss", Message("a request", message), EXERCISE, None)
    assert verdict.credit == 0
    assert not verdict.review


def test_an_answer_to_another_request_is_the_students_zero():
    evidence = criteria.Evidence("loss", "a request", None, (), {}, ())
    verdict = criteria.judge_message("loss", Message("another", encode(evidence)), EXERCISE, None)
    assert verdict.credit == 0
    assert "another request" in verdict.found


def test_credit_that_is_missing_where_the_kernel_lacked_something_is_for_a_person_to_decide(monkeypatch):
    monkeypatch.setitem(criteria.CRITERIA, "loss", lambda *_: criteria.zero("a", "b", "c", "d"))
    evidence = criteria.Evidence("loss", "a request", None, (), {}, (), ("no module 'wandb'",))

    verdict = criteria.judge(evidence, EXERCISE, None)

    assert verdict.review
    assert "no module 'wandb'" in verdict.notes[0]
    assert verdict.reason == "no module 'wandb'", "not what was found in its stead"
