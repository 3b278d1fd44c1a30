"""One mistake is charged once: it costs the criteria that lab.md names for it, and no other."""

import pytest
from mistakes import ELSEWHERE, MISTAKES, right
from the_lab import EXERCISES


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.notebook)
def test_a_submission_without_mistakes_earns_all(exercise, reference):
    assert set(right(exercise, reference).credits(reference).values()) == {1}


@pytest.mark.parametrize(
    "mistake", MISTAKES, ids=lambda mistake: f"{'+'.join(sorted(mistake.costs))}: {mistake.name}"
)
def test_a_mistake_costs_what_it_may_cost_and_nothing_else(mistake, reference):
    credits = mistake.change(right(mistake.exercise, reference)).credits(reference)
    lost = {name for name, credit in credits.items() if credit < 1}
    assert lost == mistake.costs - ELSEWHERE
