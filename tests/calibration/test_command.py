"""The command writes bounds and a page, and says what they are."""

import re

from measurements import drawn, trained

from autograder import lab
from autograder.calibration import command, results
from autograder.judge import bounds


def test_a_report_is_a_record_and_a_page(tmp_path):
    for result in trained():
        results.append(tmp_path / command.TRAININGS, result)
    for result in drawn():
        results.append(tmp_path / command.NOISE, result)
    said = command.calibrate(command.Options(["embedded"], 0, tmp_path, 1, report=True))
    found = bounds.calibrated(tmp_path / command.RECORD)
    assert re.search(f"reconstruction: .* < bound {found.reconstruction:.2f} < ", said)
    page = (tmp_path / command.PAGE).read_text()
    assert page.count("<svg") == 2 * len(lab.EXERCISES) + 1
    assert "noise on embedded: 0 of" in said
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"|<rdf:RDF.*?</rdf:RDF>', "", page, flags=re.DOTALL)
