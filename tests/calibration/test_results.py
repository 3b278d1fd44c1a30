"""Files of results are read as they were written, even after an interruption."""

from measurements import drawn, trained

from autograder.calibration import results


def test_results_survive_an_interruption_in_the_middle_of_a_line(tmp_path):
    file, some = tmp_path / "trainings.jsonl", trained(seeds=1)[:3]
    for result in some:
        results.append(file, result)
    file.write_text(file.read_text()[:-20])
    assert results.read(file, results.Trained) == some[:2]
    results.append(file, some[2])
    assert results.read(file, results.Trained) == some


def test_results_of_noise_are_read_as_they_were_written(tmp_path):
    file, some = tmp_path / "noise.jsonl", drawn()[:3]
    for result in some:
        results.append(file, result)
    assert results.read(file, results.Drawn) == some


def test_a_file_that_does_not_exist_holds_no_results(tmp_path):
    assert results.read(tmp_path / "trainings.jsonl", results.Trained) == []
