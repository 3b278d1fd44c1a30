"""Every labelled submission earns what its label says, on every criterion."""

import corpus
import pytest

CASES = corpus.load()


def test_the_corpus_is_large_enough():
    assert len(CASES) >= 60
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case, kernel, reference):
    from autograder.course.verdicts import decide, graded_cells
    from autograder.judge.criteria import judge_message
    from autograder.lab import EXERCISES

    def judge(messages):
        exercise = EXERCISES[case.notebook]
        return {
            name: judge_message(name, message, exercise, reference) for name, message in messages.items()
        }

    executed = kernel.run(case.executed)
    verdicts = decide(executed, kernel.evidence(executed), judge)

    assert tuple(verdicts) == case.criteria
    cells = graded_cells(executed)
    for criterion, verdict in verdicts.items():
        credit, words = case.expect.get(criterion, ("full", ""))
        assert (criterion, verdict.word) == (criterion, credit), verdict
        explanation = " ".join((*verdict.problems, verdict.found, verdict.advice))
        assert words in explanation, verdict
        assert case.notes.get(criterion, "") in " ".join(verdict.notes)
        if credit == "full":
            # A NameError there tells of a name that is missing in another step.
            refused = [o for o in cells[criterion].outputs if o.get("ename") == "AssertionError"]
            assert not refused, "the visible part of the test cell rejects what is right"
