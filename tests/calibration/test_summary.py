"""The summary says in words what was found, and what to do where there is no bound."""

import re

import pytest
from measurements import bound, drawn
from the_lab import DENOISING

from autograder.calibration import power, summary
from autograder.calibration.longer import Longer
from autograder.calibration.record import Finding


def said(longer=None, noise=(), **made_up):
    return "\n".join(summary.lines(Finding(bound(DENOISING, **made_up), noise, longer)))


def test_a_bound_stands_between_the_numbers_it_separates():
    text = said(seeds=100)
    told = (
        r"^denoising_autoencoder, denoising: the bound is 0\.7\d; right networks have errors up to 0\.5"
    )
    assert re.search(told, text)
    assert "few networks" not in text


@pytest.mark.parametrize(("seeds", "advised"), [(7, 300), (20, 300), (100, 400)])
def test_few_networks_are_said_to_be_few(seeds, advised):
    text = said(seeds=seeds, slow_share=0.0)
    assert f"measured with few networks ({3 * seeds} right ones); use --seeds {advised}" in text


@pytest.mark.parametrize(
    ("longer", "words"),
    [
        (
            Longer((280,), 34, 280),
            "short_steps = 280 in lab.toml separates them (tried with 34 networks)",
        ),
        (Longer((280, 560), 34, None), "short_steps = 280 and 560 in lab.toml does not separate them"),
        (Longer((), 0, None), "longer training was not tried"),
    ],
    ids=["one helps", "none helps", "not tried"],
)
def test_no_bound_is_explained_with_what_would_help(longer, words):
    text = said(longer, right=0.97)
    assert "cannot be told apart, so there is no bound" in text
    assert "right networks have errors up to 1.0" in text
    assert "the nearest wrong one has 1.00" in text
    assert words in text
    assert "`autograder calibrate --by-hand --exercise denoising_autoencoder` moves 'denoising'" in text


def test_noise_is_counted_by_source():
    text = said(noise=power.rows(drawn()))
    assert "denoising_autoencoder, noise on embedded: 0 of 72 right ones failed, 0 of " in text
    assert "noise on other: " in text
