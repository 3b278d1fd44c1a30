"""The page lists the results by kind and by variation, with this lab's numbers."""

import dataclasses
import html
import re

import pytest
from measurements import bound, drawn
from the_lab import AUTOENCODER, DENOISING, LAB

from autograder.calibration import kinds, power
from autograder.calibration.longer import Longer
from autograder.calibration.page import page
from autograder.calibration.record import Finding

STRONGER = dataclasses.replace(
    DENOISING, notebook="cleaner", noise=0.3, optimizer="Adam", short_steps=200, epochs=4
)


def test_the_page_has_a_row_for_each_kind_and_variation():
    findings = [Finding(bound()), Finding(bound(DENOISING), power.rows(drawn()))]
    text = page(findings, LAB)
    known = [kind.replace("'", "&#39;") for kind in kinds.of(AUTOENCODER) | kinds.of(DENOISING)]
    for name in known + list(kinds.INITIALIZERS):
        assert f"<td>{name}</td>" in text
    assert text.count("<td>rate 0.01</td>") == sum(len(each.bound.sources) for each in findings)
    assert text.count(f"<b>{findings[0].bound.value:.2f}</b>") >= 1
    assert text.count("<svg") == 5


@pytest.mark.parametrize("exercise", [AUTOENCODER, STRONGER], ids=lambda each: each.notebook)
def test_the_page_names_the_numbers_of_one_exercise(exercise):
    text = " ".join(page([Finding(bound(exercise))], LAB).split())
    assert "<title>Calibration of autoencoders</title>" in text
    assert "<h2>Noise</h2>" not in text
    assert str(exercise.encoder[0]) in html.unescape(text)
    assert f"binary cross-entropy and {exercise.optimizer}" in text
    assert f"for {exercise.epochs} epochs in batches of 100, shortened to some" in text
    assert f"some {exercise.short_steps} steps" in text
    assert ("noise of standard deviation 0.3" in text) == bool(exercise.noise)


def test_the_page_explains_why_there_is_no_bound():
    longer = Longer((280,), 34, 280)
    text = page([Finding(bound(right=0.97), longer=longer), Finding(bound(DENOISING))], LAB)
    assert "<b>none</b>" in text
    assert "Right and wrong networks cannot be told apart" in text
    assert "short_steps = 280" in text


def test_the_page_loads_nothing_from_elsewhere():
    text = page([Finding(bound())], LAB)
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"|<rdf:RDF.*?</rdf:RDF>', "", text, flags=re.DOTALL)
