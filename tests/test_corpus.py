"""Every labelled submission earns what its label says, on every criterion, and is told why."""

import corpus
import pytest
from once import Verifications

CASES = corpus.load()


def test_the_corpus_is_large_enough():
    correct = [case for case in CASES if case.correct]
    assert len(CASES) >= 320
    assert len(correct) >= 150
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.fixture
def tried_once(monkeypatch):
    """The judge tries a network once for all criteria."""
    from autograder.judge import criteria

    monkeypatch.setattr(criteria, "verified", Verifications(criteria.verified).verified)


@pytest.mark.slow
@pytest.mark.usefixtures("tried_once")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case, kernel, reference, record):
    from the_lab import EXERCISES

    from autograder.report.verdicts import graded_cells

    exercise = EXERCISES[case.notebook]
    executed = kernel.run(case.executed, exercise.short_steps)
    verdicts = kernel.verdicts(executed, exercise, reference)

    assert tuple(verdicts) == case.criteria
    disagreements = []
    for criterion, verdict in verdicts.items():
        label = case.label(criterion)
        sentence = verdict.problems[0] if verdict.problems else ""
        record(
            case=case.name,
            file=case.file,
            criterion=criterion,
            expected=label.credit,
            credit=round(verdict.credit, 4),
            sentence=sentence,
            cause=label.words,
            flagged=verdict.review,
        )
        if not label.fits(verdict.credit):
            disagreements.append(f"{criterion} should be {label.credit}, not {verdict}")
        elif label.words not in sentence:
            disagreements.append(f"{criterion} should begin with '{label.words}', not {verdict}")
        if case.notes.get(criterion, "") not in " ".join(verdict.notes):
            disagreements.append(f"{criterion} should note '{case.notes[criterion]}', not {verdict}")
        if criterion in case.flagged and not verdict.review:
            disagreements.append(f"{criterion} should be flagged for a person")
    cells = graded_cells(executed)
    for criterion in case.criteria:
        # A NameError there tells of a name that is missing in another step.
        errors = [
            output for output in cells[criterion].outputs if output.get("ename") == "AssertionError"
        ]
        if errors and case.correct:
            disagreements.append(f"the visible part of {criterion} rejects what is right: {errors}")
    assert not disagreements, "\n".join(disagreements)
