"""Each program of the package starts in a checkout and says what it does."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("program", "option"),
    [
        ("benchmarks", "--submissions"),
        ("benchmarks.driver", "--class-size"),
        ("benchmarks.repeat", "--gradings"),
    ],
)
def test_a_program_has_help(program, option):
    done = subprocess.run(
        [sys.executable, "-m", program, "--help"], cwd=CHECKOUT, capture_output=True, text=True
    )
    assert done.stdout.startswith(f"usage: python -m {program} ")
    assert option in done.stdout


def test_one_submission_alone_cannot_be_measured(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["benchmarks", "--submissions", "1"])
    with pytest.raises(SystemExit):
        main()
    assert "--submissions: at least 2" in capsys.readouterr().err
