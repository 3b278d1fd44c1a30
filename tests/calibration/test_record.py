"""The judge's bounds follow from the results that are published, for this lab."""

import json
from pathlib import Path

import pytest
from measurements import bound, drawn
from the_lab import DENOISING, EXERCISES, LAB, REMARKS, SOURCE

from autograder.calibration import kinds, places, power, record, results
from autograder.calibration.longer import Longer
from autograder.calibration.measuring import Pool
from autograder.calibration.session import Session
from autograder.judge import bounds

PUBLISHED = Path(__file__).parents[2] / "docs" / "calibration"
DATA = ("embedded", "mnist_t10k")


def test_the_judges_bounds_belong_to_this_lab():
    assert REMARKS == ()
    for name, entry in record.read(SOURCE / bounds.NAME).items():
        assert EXERCISES[name].bound == entry["bound"]
        assert EXERCISES[name].quality.id == entry["criterion"]
        for source in entry["sources"].values():
            assert source["right"]["worst"] < entry["bound"] < source["nearest_wrong"]["error"]
            assert source["false_rejection"]["count"] == 0


def test_the_judges_bounds_follow_from_what_was_trained():
    session = Session(LAB, places.Places(PUBLISHED / "longer", PUBLISHED), DATA, Pool(LAB, 1))
    findings = session.findings(tuple(EXERCISES), may_measure=False)
    written = record.read(SOURCE / bounds.NAME)
    for name, finding in findings.items():
        followed = json.loads(json.dumps(finding.entry))
        assert followed | {"date": written[name]["date"]} == written[name]
    planned = {t for each in EXERCISES.values() for t in kinds.plan(each, 300, DATA)}
    trained = results.read(PUBLISHED / places.TRAININGS, results.Trained)
    assert {each.of for each in trained} == planned


@pytest.mark.parametrize(("right", "found"), [(0.5, True), (0.97, False)])
def test_the_judge_reads_a_bound_or_that_there_is_none(tmp_path, right, found):
    finding = record.Finding(
        bound(DENOISING, right=right), power.rows(drawn()), None if found else Longer((280,), 34, None)
    )
    record.write({finding.notebook: finding.entry}, tmp_path / bounds.NAME)
    lab, remarks = bounds.with_bounds(LAB, tmp_path)
    assert lab.exercises[finding.notebook].bound == (finding.bound.value if found else None)
    assert any("could not tell right networks from wrong ones" in text for text in remarks) != found
    assert finding.entry["told_apart"] is found


def test_entries_of_other_exercises_stay(tmp_path):
    file = tmp_path / bounds.NAME
    record.write({"b": {"bound": 0.5}}, file)
    record.write({"a": {"bound": 0.7}}, file)
    assert record.read(file) == {"a": {"bound": 0.7}, "b": {"bound": 0.5}}
    assert file.read_text().index('"a"') < file.read_text().index('"b"'), "keys are sorted"
    record.write({"b": {"bound": 0.6}}, file)
    assert record.read(file) == {"a": {"bound": 0.7}, "b": {"bound": 0.6}}


@pytest.mark.parametrize("text", ["", "[]", '{"criteria": {}}'])
def test_a_file_without_a_calibration_holds_no_entries(tmp_path, text):
    (tmp_path / bounds.NAME).write_text(text)
    assert record.read(tmp_path / bounds.NAME) == {}
