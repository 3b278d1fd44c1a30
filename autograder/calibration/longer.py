"""Tries with few networks whether a longer training tells right and wrong ones apart."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from autograder.calibration import derivation, kinds
from autograder.calibration.derivation import TooFewError
from autograder.calibration.results import Trained
from autograder.lab import Exercise

FACTORS = (2, 4)
"""How many times the steps are tried."""
MOST_STEPS = 2000
"""The most steps that a lab file may ask for."""
SEEDS = -(-derivation.LEAST // len(kinds.RATES))
"""Seeds that give as many right networks as a bound needs, and one of each wrong kind."""


@dataclass(frozen=True)
class Longer:
    """What came of longer trainings."""

    tried: tuple[int, ...]
    """The numbers of steps."""
    networks: int
    """How many networks were trained with each number of steps."""
    separates: int | None
    """The first number of steps that tells right and wrong networks apart; None if none does."""


def exercises(exercise: Exercise) -> list[Exercise]:
    """The exercise with more steps of training, as far as a lab file may ask for them."""
    steps = [factor * exercise.short_steps for factor in FACTORS]
    return [dataclasses.replace(exercise, short_steps=n) for n in steps if n <= MOST_STEPS]


def find(exercise: Exercise, trained: Callable[[Exercise], list[Trained]]) -> Longer:
    """Tries longer trainings until one tells right and wrong networks apart.

    trained: gives the results of few networks; longer trainings without enough results count as untried.
    """
    tried, networks = [], 0
    for longer in exercises(exercise):
        results = trained(longer)
        try:
            bound = derivation.of(longer, results, derivation.slow_again({longer: results}))
        except TooFewError:
            break
        tried.append(longer.short_steps)
        networks = max(networks, len(results))
        if bound.told_apart:
            return Longer(tuple(tried), networks, longer.short_steps)
    return Longer(tuple(tried), networks, None)
