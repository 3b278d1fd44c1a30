"""Bounds rest on what was measured: trainings, their tails, and a file that the judge reads."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from autograder import lab
from autograder.calibration import (
    command,
    derivation,
    kinds,
    measuring,
    noise_kinds,
    power,
    results,
    slow,
    tails,
)
from autograder.judge import bounds
from autograder.judge.bounds import CalibrationError

DIGITS = ("embedded", "other")


def measured(*, right=0.5, spread=0.02, wrong=1.0, seeds=40, slow=0.05):
    """Results as if networks had been trained: normally distributed errors, right ones on time.

    slow: share of the right ones that any round leaves slow.
    """
    chance = np.random.default_rng(5)
    found = []
    for training in kinds.plan(seeds, DIGITS):
        is_right = kinds.BY_NAME[training.kind].label == kinds.RIGHT
        error = chance.normal(right, spread) if is_right else wrong + chance.exponential(0.2)
        rounds = min(chance.geometric(1 - slow), 4) if is_right else 5
        found.append(results.Result(training, float(error), right, int(140 * rounds), None, 1.0))
    return found


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


@pytest.mark.parametrize(
    ("distribution", "most"),
    [
        (stats.expon(0.5, 0.03), 2),
        (stats.gumbel_r(0.5, 0.02), 2),
        (stats.genpareto(0.1, 0.5, 0.02), 2),
        # Lighter than exponential: taken for somewhat worse than it is, never for better.
        (stats.norm(0.5, 0.03), 100),
    ],
    ids=["exponential", "Gumbel", "Pareto", "normal"],
)
def test_a_tail_recovers_a_known_probability(distribution, most):
    errors = distribution.rvs(20_000, random_state=3)
    for probability in (1e-3, 1e-4):
        estimate = tails.fit(errors).exceeds(distribution.isf(probability))
        assert probability / 2 < estimate < most * probability


def test_what_was_resampled_holds_the_true_probability():
    held = 0
    for seed in range(8):
        errors = stats.expon(0.5, 0.03).rvs(900, random_state=seed)
        estimates = [t.exceeds(0.5 + 0.03 * np.log(1e5)) for t in tails.resampled(errors, seed)]
        held += np.quantile(estimates, 0.95) >= 1e-5
    assert held >= 6


def test_a_bound_lies_between_right_and_wrong():
    for bound in derivation.of(measured()):
        assert bound.worst.right[-1] < bound.value < bound.nearest.nearest.error
        assert bound.safe <= bound.value
        for source in bound.sources:
            estimated, most = source.rejects(bound.value)
            assert estimated < derivation.REJECTIONS
            assert estimated <= most
            assert source.seen(bound.value)[0] == 0


def test_a_bound_is_rather_near_to_wrong_than_unsafe():
    bound, _ = derivation.of(measured(spread=0.035))
    assert np.sqrt(slow.SLOW * bound.nearest.nearest.error) < bound.safe <= bound.value
    assert bound.nearest.nearest.error / bound.value > derivation.DISTANCE


def test_where_there_is_no_room_it_is_said():
    bound, _ = derivation.of(measured(spread=0.075))
    assert not bound.is_safe
    assert bound.worst.right[-1] < bound.value < bound.nearest.nearest.error


def test_a_bound_is_no_lower_than_where_right_networks_may_come():
    bound, _ = derivation.of(measured(right=0.2, spread=0.002, wrong=0.9))
    assert bound.value == pytest.approx(np.sqrt(slow.SLOW * bound.nearest.nearest.error), abs=0.01)


def test_networks_are_counted_by_the_rounds_that_left_them_slow():
    training = kinds.Training("autoencoder", "embedded", "as prescribed", "he_normal", 0.01, 0)
    some = [
        results.Result(training, 0.5, left, steps, None, 1.0)
        for left, steps in [(0.5, 140)] * 6 + [(0.5, 280)] * 2 + [(0.5, 420), (0.9, 700)]
    ]
    found = slow.Slowness.of(some)
    assert found.counts == (10, 4, 2, 1, 1, 1)
    assert (found.first, found.again) == ((4, 10), (5, 8))


def test_that_a_network_stays_slow_is_extrapolated():
    right = [r for r in measured(slow=0.1, seeds=300) if kinds.BY_NAME[r.of.kind].label == kinds.RIGHT]
    found = slow.Slowness.of(right)
    estimated, most = slow.stays(found, found)
    assert 1e-5 / 3 < estimated < 3e-5
    assert estimated < most


def test_where_many_stay_slow_no_bound_is_safe():
    bound, _ = derivation.of(measured(slow=0.4))
    assert not bound.is_safe


def test_of_few_results_nobody_can_tell_what_is_safe():
    bound, _ = derivation.of(measured(seeds=20))
    assert not bound.is_safe
    assert bound.worst.right[-1] < bound.value < bound.nearest.nearest.error


def test_few_results_make_no_bound():
    with pytest.raises(derivation.TooFewError, match="autoencoder on embedded, other"):
        derivation.of(measured(seeds=2))


def test_results_outlive_an_interruption_in_the_midst_of_a_line(tmp_path):
    file, some = tmp_path / command.TRAININGS, measured(seeds=1)[:3]
    for result in some:
        results.append(file, result)
    file.write_text(file.read_text()[:-20])
    assert results.read(file) == some[:2]
    results.append(file, some[2])
    assert results.read(file) == some


def test_results_of_noise_are_read_as_they_were_written(tmp_path):
    file, some = tmp_path / command.NOISE, noise()[:3]
    for result in some:
        results.append(file, result)
    assert results.read(file, results.Drawn) == some


@pytest.mark.slow
def test_measuring_goes_on_where_it_was(tmp_path):
    file = tmp_path / command.TRAININGS
    training = kinds.Training("autoencoder", "embedded", "as prescribed", "he_normal", 0.01, 0)
    other = kinds.Training("autoencoder", "embedded", "inputs zero", "he_normal", 0.01, 0)
    known = results.Result(other, 9.0, 1.0, 140, None, 0.0)
    results.append(file, known)
    measuring.measure([training, other], results.Result, {"embedded": "embedded"}, file, workers=1)
    first, second = results.read(file)
    assert first == known, "what is known is not measured again"
    assert second.of == training
    assert second.error < bounds.calibrated().reconstruction


@pytest.mark.slow
def test_a_network_that_is_used_again_reaches_what_a_new_one_does(kernel):
    from autograder.calibration import trainings

    def error(number, **how):
        one = kinds.Training("autoencoder", "embedded", "as prescribed", "orthogonal", 0.01, number)
        return trainings.measure(one, "embedded", **how).error

    first, second = error(0), error(1)
    assert first != second
    assert error(1, anew=True) == second
    assert error(0) == first


def test_the_judges_bounds_belong_to_this_lab():
    from autograder.calibration import record

    written = json.loads(bounds.FILE.read_text())
    assert written["lab"] == json.loads(json.dumps(record.lab_numbers()))
    for name, criterion in written["criteria"].items():
        assert getattr(bounds.calibrated(), name) == criterion["bound"]
        for source in criterion["sources"].values():
            assert source["right"]["worst"] < criterion["bound"] < source["nearest_wrong"]["error"]
            assert source["false_rejection"]["count"] == 0


def test_the_judges_bounds_follow_from_what_was_measured():
    from autograder.calibration import record

    folder = Path(__file__).parents[2] / "docs" / "calibration"
    trainings = results.read(folder / command.TRAININGS)
    noise = results.read(folder / command.NOISE, results.Drawn)
    followed = record.written(derivation.of(trainings), power.rows(noise))
    written = json.loads(bounds.FILE.read_text())
    assert json.loads(json.dumps(followed["criteria"])) == written["criteria"]
    assert json.loads(json.dumps(followed["noise"])) == written["noise"]
    planned = kinds.plan(300, tuple(sorted({each.of.data for each in trainings})))
    assert {each.of for each in trainings} == set(planned)


def drawn(draw, *, unlikely):
    return results.Drawn(draw, float(unlikely < 7), unlikely, "x_train_noisy: mean", 0.1)


def noise(right=1.0, wrong=40.0):
    """Results as if noise had been drawn."""
    return [
        drawn(draw, unlikely=right if noise_kinds.KINDS[draw.kind].right else wrong + draw.number)
        for draw in noise_kinds.plan(30, DIGITS)
    ]


def test_noise_is_counted_by_what_it_is_and_what_came_of_it():
    one, other = power.summary(power.rows(noise())).values()
    rights = sum(kind.right for kind in noise_kinds.KINDS.values())
    assert one == other
    assert one["right"]["n"] == 6 * rights
    assert (one["right"]["failed"], one["right"]["least_likely"]) == (0, 1.0)
    assert one["right"]["fail_at_most_by_count"] < 3.1 / one["right"]["n"]
    assert one["wrong"]["passed"] == 0
    assert one["wrong"]["nearest"]["unlikely"] == 40.0


def test_noise_that_is_judged_wrongly_is_counted():
    mistaken = power.summary(power.rows(noise(right=8.0, wrong=6.0)))["embedded"]
    assert mistaken["right"]["failed"] == mistaken["right"]["n"]
    assert mistaken["right"]["fail_at_most_by_count"] == 1
    assert mistaken["wrong"]["passed"] > 0


@pytest.mark.parametrize("kind", ["clipped", "σ 0.21"])
def test_noise_is_drawn_and_judged(kind):
    from autograder.calibration.noise_measuring import BOUND, measure

    draw = noise_kinds.Draw("embedded", kind, 0)
    found = measure(draw, "embedded")
    right = noise_kinds.KINDS[kind].right
    assert (found.credit == 1) is right is (found.unlikely < BOUND)
    assert dataclasses.replace(measure(draw, "embedded"), seconds=found.seconds) == found


def test_a_report_is_a_record_and_a_page(tmp_path):
    for result in measured():
        results.append(tmp_path / command.TRAININGS, result)
    for result in noise():
        results.append(tmp_path / command.NOISE, result)
    said = command.calibrate(command.Options(["embedded"], 0, tmp_path, 1, report=True))
    found = bounds.calibrated(tmp_path / command.RECORD)
    assert re.search(f"reconstruction: .* < bound {found.reconstruction:.2f} < ", said)
    page = (tmp_path / command.PAGE).read_text()
    assert page.count("<svg") == 2 * len(lab.EXERCISES) + 1
    assert "noise on embedded: 0 of" in said
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"|<rdf:RDF.*?</rdf:RDF>', "", page, flags=re.DOTALL)


BROKEN = {
    "no such file": (None, "cannot be read"),
    "no JSON": ("{", "holds no calibration"),
    "a criterion missing": ('{"criteria": {"denoising": {"bound": 0.5}}}', "reconstruction"),
    "a bound of 0": (
        '{"criteria": {"denoising": {"bound": 0.5}, "reconstruction": {"bound": 0.0}}}',
        "the bound of reconstruction is 0.0",
    ),
}


@pytest.mark.parametrize(("text", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named(tmp_path, text, words):
    file = tmp_path / "calibration.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(CalibrationError, match=re.escape(words)) as caught:
        bounds.calibrated(file)
    assert str(file) in str(caught.value)
