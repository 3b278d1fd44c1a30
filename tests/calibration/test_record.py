"""The judge's bounds follow from the results that are published, for this lab."""

import json
from pathlib import Path

from autograder.calibration import command, derivation, kinds, power, record, results
from autograder.judge import bounds


def test_the_judges_bounds_belong_to_this_lab():
    written = json.loads(bounds.FILE.read_text())
    assert written["lab"] == json.loads(json.dumps(record.lab_numbers()))
    for name, criterion in written["criteria"].items():
        assert getattr(bounds.calibrated(), name) == criterion["bound"]
        for source in criterion["sources"].values():
            assert source["right"]["worst"] < criterion["bound"] < source["nearest_wrong"]["error"]
            assert source["false_rejection"]["count"] == 0


def test_the_judges_bounds_follow_from_what_was_trained():
    folder = Path(__file__).parents[3] / "docs" / "calibration"
    trainings = results.read(folder / command.TRAININGS, results.Trained)
    drawn = results.read(folder / command.NOISE, results.Drawn)
    followed = record.written(derivation.of(trainings), power.rows(drawn))
    written = json.loads(bounds.FILE.read_text())
    assert json.loads(json.dumps(followed["criteria"])) == written["criteria"]
    assert json.loads(json.dumps(followed["noise"])) == written["noise"]
    planned = kinds.plan(300, tuple(sorted({each.of.data for each in trainings})))
    assert {each.of for each in trainings} == set(planned)
