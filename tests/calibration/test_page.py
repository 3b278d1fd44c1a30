"""The page lists the results by kind and by variation."""

from measurements import drawn, trained

from autograder.calibration import derivation, power, record
from autograder.calibration.kinds import INITIALIZERS, KINDS
from autograder.calibration.page import page


def test_the_page_has_a_row_for_each_kind_and_variation():
    bounds, rows = derivation.of(trained()), power.rows(drawn())
    text = page(bounds, rows, record.written(bounds, rows))
    for name in [kind.name.replace("'", "&#39;") for kind in KINDS] + list(INITIALIZERS):
        assert f"<td>{name}</td>" in text
    assert text.count("<td>rate 0.01</td>") == sum(len(bound.sources) for bound in bounds)
    assert f"<b>{bounds[0].value:.2f}</b>" in text


def test_the_page_does_without_noise():
    bounds = derivation.of(trained())
    assert "<h2>Noise</h2>" not in page(bounds, [], record.written(bounds, []))
