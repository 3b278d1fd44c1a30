"""Answer cells are taken from a source notebook, and filled in a released one."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.submissions.notebooks import cell_name, filled, grade_id, is_answer, read, solutions


def cell(name, text, *, answer):
    return new_code_cell(text, metadata={"nbgrader": {"grade_id": name, "solution": answer}})


SOLUTION = """x = 0
### BEGIN SOLUTION
x = 1
### END SOLUTION
### BEGIN SOLUTION
x += 1
### END SOLUTION"""


@pytest.fixture
def notebook():
    return new_notebook(
        cells=[
            new_markdown_cell("Add up."),
            cell("sum", SOLUTION, answer=True),
            cell("test-sum", "assert x == 2", answer=False),
        ]
    )


def test_a_notebook_is_read_in_the_current_format(tmp_path):
    old = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell(input="2")])]
    )
    nbformat.write(old, tmp_path / "old.ipynb", version=3)
    assert [cell.source for cell in read(tmp_path / "old.ipynb").cells] == ["2"]


def test_cells_have_ids_and_names_for_people(notebook):
    assert [grade_id(cell) for cell in notebook.cells] == [None, "sum", "test-sum"]
    names = [cell_name(cell, index) for index, cell in enumerate(notebook.cells)]
    assert names == ["cell 1", "cell 'sum'", "cell 'test-sum'"]


def test_students_write_in_answer_cells(notebook):
    assert [is_answer(cell) for cell in notebook.cells] == [False, True, False]


def test_the_parts_of_a_solution_are_put_together(notebook):
    assert solutions(notebook) == {"sum": "x = 1\nx += 1"}


def test_answers_are_filled_in_a_copy(notebook):
    answered = filled(notebook, {"sum": "x = 2"})
    assert answered.cells[1].source == "x = 2"
    assert "BEGIN SOLUTION" in notebook.cells[1].source
    assert answered.cells[2] == notebook.cells[2]


@pytest.mark.parametrize("name", ["test-sum", "unknown"])
def test_only_answer_cells_can_be_filled(notebook, name):
    with pytest.raises(KeyError, match=name):
        filled(notebook, {name: "x = 2"})
