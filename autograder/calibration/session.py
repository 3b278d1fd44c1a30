"""Measures exercises of one lab, and derives what follows from all results at hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autograder.calibration import (
    CalibrationError,
    derivation,
    kinds,
    longer,
    measuring,
    noise_kinds,
    places,
    power,
    results,
)
from autograder.calibration.measuring import Pool
from autograder.calibration.places import NOISE, TRAININGS, Places
from autograder.calibration.record import Finding
from autograder.calibration.results import Drawn, Trained
from autograder.lab import Exercise, Lab, images


@dataclass(frozen=True)
class Session:
    """The results of one lab on some images. Raises CalibrationError if two sources are named alike."""

    lab: Lab
    places: Places
    data: tuple[str, ...]
    """Sources of images, as `images.load` takes them. Results on other images do not count."""
    pool: Pool

    def __post_init__(self) -> None:
        if len(self.sources) < len(set(self.data)):
            raise CalibrationError(f"Files with images need different names: {', '.join(self.data)}.")

    @cached_property
    def sources(self) -> Mapping[str, str]:
        """The sources by name."""
        return {Path(source).stem: source for source in self.data}

    def measure(self, names: Sequence[str], seeds: int) -> None:
        """Measures what is not measured yet of these exercises.

        Raises CalibrationError, images.ImagesError and KeyboardInterrupt, which all keep the results.
        """
        if seeds < longer.SEEDS:
            raise CalibrationError(f"--seeds {seeds} are too few to tell anything: use {longer.SEEDS}.")
        for source in self.sources.values():
            images.load(source)
        for name in names:
            self._measure(self.lab.exercises[name], seeds, self._claimed(self.lab.exercises[name]))

    def findings(self, names: Sequence[str], *, may_measure: bool) -> dict[str, Finding]:
        """What follows for these exercises, and for others whose results lie beside theirs.

        may_measure: whether to try longer trainings where right and wrong cannot be told apart. Raises
        CalibrationError, and KeyboardInterrupt, which keeps the results.
        """
        folders = {self._claimed(self.lab.exercises[name]) for name in names}
        trained = {
            exercise: self._trained(exercise, self.places.of(exercise))
            for exercise in self.lab.exercises.values()
        }
        again = derivation.slow_again(trained)
        found = {}
        for exercise, some in trained.items():
            is_asked_for = exercise.notebook in names
            if not is_asked_for and not (some and self.places.of(exercise) in folders):
                continue
            try:
                bound = derivation.of(exercise, some, again)
            except derivation.TooFewError:
                if is_asked_for:
                    raise
                continue
            tried = None if bound.told_apart else self._longer(exercise, may_measure)
            found[exercise.notebook] = Finding(bound, self._noise(exercise), tried)
        return found

    def _claimed(self, exercise: Exercise) -> Path:
        """The folder of an exercise's results, which belongs to this lab."""
        folder = self.places.of(exercise)
        places.claim(folder, exercise, self.lab.exercises.values())
        return folder

    def _measure(self, exercise: Exercise, seeds: int, folder: Path) -> None:
        data = tuple(self.sources)
        if any(criterion.id == "noise" for criterion in exercise.criteria):
            draws = noise_kinds.plan(exercise, seeds, data)
            measuring.measure(draws, Drawn, exercise, self.sources, folder / NOISE, self.pool)
        self._train(exercise, seeds, folder)

    def _train(self, exercise: Exercise, seeds: int, folder: Path) -> None:
        planned = kinds.plan(exercise, seeds, tuple(self.sources))
        measuring.measure(planned, Trained, exercise, self.sources, folder / TRAININGS, self.pool)

    def _longer(self, exercise: Exercise, may_measure: bool) -> longer.Longer:
        def few_trained(more: Exercise) -> list[Trained]:
            folder = self.places.apart(more)
            if may_measure:
                places.claim(folder, more, [more])
                self._train(more, longer.SEEDS, folder)
            return self._trained(more, folder)

        return longer.find(exercise, few_trained)

    def _trained(self, exercise: Exercise, folder: Path) -> list[Trained]:
        known = kinds.of(exercise)
        found = results.read(folder / TRAININGS, Trained)
        return [each for each in found if self._counts(each, exercise) and each.of.kind in known]

    def _noise(self, exercise: Exercise) -> tuple[power.Row, ...]:
        found = results.read(self.places.of(exercise) / NOISE, Drawn)
        return power.rows([each for each in found if self._counts(each, exercise)])

    def _counts(self, result: Trained | Drawn, exercise: Exercise) -> bool:
        return result.of.exercise == exercise.notebook and result.of.data in self.sources
