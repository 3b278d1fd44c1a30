"""The command writes bounds and a page, and says what they are."""

import dataclasses
import shutil

import pytest
from measurements import drawn, trained
from the_lab import AUTOENCODER, EXERCISES, SOURCE

from autograder.calibration import CalibrationError, command, places, record, results
from autograder.calibration.command import Options, calibrate
from autograder.judge import bounds
from autograder.lab.file import read

OTHER_BOUND = {"bound": 0.5, "date": "2026-01-02", "safe": True}


@pytest.fixture
def folder(tmp_path):
    """The source folder of a course whose lab has no bounds yet."""
    made = tmp_path / "source" / "autoencoders"
    made.mkdir(parents=True)
    shutil.copy(SOURCE / "lab.toml", made)
    return made


@pytest.fixture
def measured(tmp_path):
    """Puts made-up results where the command is to keep them."""
    output = tmp_path / "results"

    def put(exercise=AUTOENCODER, **made_up):
        places.claim(output, exercise, [exercise])
        for result in trained(exercise, data=("embedded",), **made_up):
            results.append(output / places.TRAININGS, result)
        if exercise.noise:
            for result in drawn():
                results.append(output / places.NOISE, result)
        return output

    return put


def entries(folder):
    return record.read(folder / bounds.NAME)


def current(name):
    return OTHER_BOUND | places.belongs_to(EXERCISES[name])


def test_a_report_is_an_entry_for_each_exercise_and_a_page(folder, measured):
    for exercise in EXERCISES.values():
        output = measured(exercise)
    said = calibrate(Options(folder, output=output, report=True))
    lab, remarks = bounds.with_bounds(read(folder), folder)
    assert all("measured with few networks" in remark for remark in remarks)
    for name, exercise in lab.exercises.items():
        assert f"{name}, {exercise.quality.id}: the bound is {exercise.bound:.2f}; right" in said
    assert "denoising_autoencoder, noise on embedded: 0 of" in said
    page = output / places.PAGE
    assert page.read_text().count("<svg") == 5
    assert str(page) in said


def test_results_lie_in_the_course_unless_a_folder_is_named(folder, tmp_path):
    kept = places.Places(tmp_path / ".autograder" / "calibration").of(AUTOENCODER)
    places.claim(kept, AUTOENCODER, [AUTOENCODER])
    for result in trained(seeds=7, data=("embedded",)):
        results.append(kept / places.TRAININGS, result)
    calibrate(Options(folder, ("autoencoder",), report=True))
    assert entries(folder).keys() == {"autoencoder"}
    assert (kept / places.PAGE).exists()


def test_bounds_that_are_up_to_date_are_left_alone(folder):
    known = {name: current(name) for name in EXERCISES}
    record.write(known, folder / bounds.NAME)
    said = calibrate(Options(folder))
    assert "autoencoder: the bound 0.5, measured on 2026-01-02, is up to date; --again" in said
    assert entries(folder) == known


@pytest.mark.parametrize(
    ("entry", "how", "wanted"),
    [
        (current("autoencoder"), {}, False),
        (current("autoencoder"), {"again": True}, True),
        (current("autoencoder"), {"exercises": ("autoencoder",)}, True),
        (current("autoencoder") | {"bound": None}, {}, True),
        (current("autoencoder") | {"versions": {}}, {}, True),
        (current("autoencoder") | {"safe": False}, {}, True),
        ({}, {}, True),
    ],
    ids=["up to date", "again", "named", "no bound", "other versions", "few networks", "no entry"],
)
def test_what_is_measured(folder, entry, how, wanted):
    found, _ = command._wanted(Options(folder, **how), read(folder), {"autoencoder": entry})
    assert ("autoencoder" in found) == wanted


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("reconstruction = 8\n", "", "no criterion is about what the network makes of images"),
        (
            "reconstruction = 8\nvisualization = 4\n\n[exercises.autoencoder.by_hand]\n",
            "visualization = 4\n\n[exercises.autoencoder.by_hand]\nreconstruction = 8\n",
            "a person grades 'reconstruction'",
        ),
    ],
    ids=["none", "by hand"],
)
def test_an_exercise_that_needs_no_bound_is_skipped(folder, before, after, words):
    file = folder / "lab.toml"
    assert before in file.read_text()
    file.write_text(file.read_text().replace(before, after))
    said = calibrate(Options(folder, ("autoencoder",)))
    assert f"autoencoder: {words}" in said
    assert "no bound is needed" in said
    assert entries(folder) == {}


def test_other_entries_stay_as_they_are(folder, measured):
    record.write({"denoising_autoencoder": OTHER_BOUND}, folder / bounds.NAME)
    calibrate(Options(folder, ("autoencoder",), output=measured(), report=True))
    assert entries(folder)["denoising_autoencoder"] == OTHER_BOUND
    assert entries(folder)["autoencoder"]["told_apart"]


def test_results_of_another_lab_are_not_mixed_in(folder, measured):
    output = measured(dataclasses.replace(AUTOENCODER, epochs=3))
    with pytest.raises(CalibrationError, match=r"epochs 3 then, 10 now\. Name another folder"):
        calibrate(Options(folder, ("autoencoder",), output=output, report=True))


def test_without_a_bound_the_criterion_can_be_made_manual(folder, measured):
    output = measured(right=0.97)
    said = calibrate(Options(folder, ("autoencoder",), output=output, report=True))
    assert "cannot be told apart" in said
    assert "calibrate --by-hand --exercise autoencoder" in said
    entry = entries(folder)["autoencoder"]
    assert (entry["bound"], entry["told_apart"]) == (None, False)
    assert "a person grades 'reconstruction' now" in calibrate(Options(folder, by_hand=True))
    quality = [exercise.quality.by_hand for exercise in read(folder).exercises.values()]
    assert quality == [True, False]
    again = calibrate(Options(folder, ("autoencoder",), by_hand=True))
    assert again == "autoencoder: nothing to change; a person grades its result, or nobody does"


def test_nothing_is_made_manual_where_there_are_bounds(folder):
    before = (folder / "lab.toml").read_text()
    assert "Nothing to change" in calibrate(Options(folder, by_hand=True))
    assert (folder / "lab.toml").read_text() == before


def test_an_unknown_exercise_is_named(folder):
    with pytest.raises(CalibrationError, match=r"no exercise 'encoder'\. Its exercises are autoenc"):
        calibrate(Options(folder, ("encoder",)))


@pytest.mark.slow
def test_a_training_that_is_much_too_short_tells_nothing_apart(folder, monkeypatch):
    """Real trainings of a small network."""
    file = folder / "lab.toml"
    text = file.read_text().replace("filters = 16", "filters = 4")
    file.write_text(text.replace("epochs = 10\n", "epochs = 10\nshort_steps = 20\n"))
    monkeypatch.setattr("autograder.calibration.longer.FACTORS", (2,))
    said = calibrate(Options(folder, ("autoencoder",), seeds=7, workers=2))
    entry = entries(folder)["autoencoder"]
    assert (entry["bound"], entry["told_apart"]) == (None, False)
    assert entry["longer"]["short_steps_tried"] == [40]
    assert "cannot be told apart" in said
    assert "short_steps = 40" in said
    # What was measured is found again.
    assert calibrate(Options(folder, ("autoencoder",), report=True)) == said
