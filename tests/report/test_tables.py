"""Tables are printed whole, and people's names are printed as they are."""

import io

from autograder.report.tables import number_table, table_console


def printed(table, width=None):
    console = table_console(file := io.StringIO())
    console.width = width or console.width
    console.print(table)
    return file.getvalue().splitlines()


def test_names_stand_to_the_left_and_numbers_to_the_right():
    table = number_table("student", "loss", "training")
    table.add_row("ada", "3", "6.67")
    table.add_row("charlotte", "0", "10")

    assert printed(table) == [
        "student    loss  training",
        "ada           3      6.67",
        "charlotte     0        10",
    ]


def test_a_name_is_not_taken_for_markup():
    table = number_table("student [red]", "loss")
    table.add_row("[bold]ada[/bold] :smile:", "3")

    assert printed(table) == ["student [red]             loss", "[bold]ada[/bold] :smile:     3"]


def test_a_line_in_a_file_is_as_long_as_its_table(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    table = number_table("student", *(f"criterion-{number}" for number in range(30)))

    (line,) = printed(table)

    assert line.split() == ["student", *(f"criterion-{number}" for number in range(30))]


def test_on_a_narrow_terminal_nothing_is_left_out():
    table = number_table("student", "reconstruction", "visualization")
    table.add_row("charlotte", "6.67", "4")

    *heads, row = printed(table, width=28)

    assert row.split() == ["charlotte", "6.67", "4"]
    assert len(heads) > 1
    assert sorted("".join("".join(heads).split())) == sorted("studentreconstructionvisualization")
