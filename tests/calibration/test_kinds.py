"""The plan of trainings is balanced."""

from measurements import DIGITS

from autograder import lab
from autograder.calibration import kinds


def test_a_plan_is_balanced_wherever_it_ends():
    plan = kinds.plan(300, DIGITS)
    right = [t for t in plan if kinds.BY_NAME[t.kind].label == kinds.RIGHT]
    assert len(right) == 300 * len(kinds.RATES) * len(DIGITS) * len(lab.EXERCISES)
    assert len({t.seed for t in plan}) == len(plan)
    tenth = plan[: len(plan) // 10]
    assert {t.kind for t in tenth} == {t.kind for t in plan}
    for name in ("exercise", "data"):
        values = [getattr(training, name) for training in tenth]
        counts = [values.count(value) for value in set(values)]
        assert max(counts) - min(counts) <= 0.05 * len(tenth)
