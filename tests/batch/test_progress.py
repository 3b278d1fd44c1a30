"""The progress of grading, on a terminal and elsewhere."""

import io

from rich.console import Console

from autograder.batch.progress import ProgressDisplay


def shown(*students, terminal=False, total=3):
    """Returns what is printed while students are graded; those whose names end with ! fail."""
    file = io.StringIO()
    with ProgressDisplay(total, Console(file=file, force_terminal=terminal, width=200)) as display:
        display.working_on([*students])
        for student in students:
            display.done(student.strip("!"), "graded", failed=student.endswith("!"))
    return file.getvalue()


def test_each_submission_has_a_line_with_the_rate_and_the_time_left():
    first, second = shown("ann", "ben").splitlines()
    assert first.startswith("[1/3, ")
    assert first.endswith("ann: graded")
    assert "/min, less than a minute left] ben" in second


def test_a_name_with_brackets_is_no_markup():
    assert "a[b]n: graded" in shown("a[b]n")


def test_a_terminal_has_a_bar_with_who_is_graded_and_names_only_failures():
    printed = shown("ann", "ben!", terminal=True)
    assert "2/3" in printed
    assert "1 failed" in printed
    assert "ben: graded" in printed
    assert "ann: graded" not in printed
