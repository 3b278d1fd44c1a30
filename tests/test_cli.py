"""The command `autograder`: its subcommands, and the one message that says what is wrong."""

import os
from pathlib import Path

import pytest
from the_lab import ASSIGNMENT

from autograder import cli

COURSE = Path(__file__).parent.parent


@pytest.fixture
def autograder(monkeypatch):
    """Runs the command; returns what it exits with."""

    def run(*arguments):
        # main() changes PATH: pytest restores it.
        monkeypatch.setenv("PATH", os.environ["PATH"])
        monkeypatch.setattr("sys.argv", ["autograder", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code

    return run


def test_the_help_names_each_command(autograder, capsys):
    assert autograder("--help") == 0
    told = capsys.readouterr().out
    for command in (
        "demo",
        "grade",
        "grades",
        "worker",
        "release",
        "solutions",
        "quickstart",
        "check",
        "calibrate",
    ):
        assert f"\n    {command}" in told


def test_without_a_command_it_says_how_it_is_used(autograder, capsys):
    assert autograder() == 2
    assert "COMMAND" in capsys.readouterr().err


def test_grades_of_a_folder_without_a_gradebook_say_where_it_should_be(autograder, tmp_path):
    assert autograder("grades", "--course", tmp_path) == (
        f"There is no gradebook at {tmp_path / 'gradebook.db'}. Name the course directory with "
        "--course; in a new course, `autograder release` makes it."
    )


def test_a_file_that_is_no_gradebook_is_told_with_what_to_do(autograder, tmp_path):
    (tmp_path / "gradebook.db").write_text("no database" * 100)
    assert "holds a lab file" in autograder("grades", "--course", tmp_path)
    told = autograder("grades", "--course", tmp_path, "--assignment", ASSIGNMENT)
    assert told.startswith("No grades can be shown: ")
    assert told.endswith("Then run the same command again.")
