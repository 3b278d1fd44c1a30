"""Given cells are restored, whatever a student's notebook says about them."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.submissions.given_cells import GivenCell, restored
from autograder.submissions.notebooks import grade_id


def given(name, cell_type="code", *, answer=False, points=None):
    locked = not answer
    return GivenCell(name, cell_type, f"given {name}", f"sum-{name}", locked, answer, points)


LAB = [
    given("load-data"),
    given("build-model", answer=True),
    given("encoder", points=8.0),
    given("loss", points=3.0),
    given("train-model", answer=True),
    given("training", points=8.0),
    given("discussion", "markdown", answer=True, points=4.0),
]


def submitted():
    """An honest submission: the release, with answers and a cell of the student's own."""
    cells = []
    for cell in LAB:
        new = new_code_cell if cell.cell_type == "code" else new_markdown_cell
        text = f"my {cell.name}" if cell.answer else f"visible part of {cell.name}"
        cells.append(new(text, metadata={"nbgrader": cell.metadata()}))
    cells.insert(2, new_code_cell("a cell of my own"))
    return cells


def sources(cells):
    return [cell.source for cell in cells]


HONEST = [
    *("given load-data", "my build-model", "a cell of my own", "given encoder", "given loss"),
    *("my train-model", "given training", "my discussion"),
]


def find(cells, name):
    return next(cell for cell in cells if grade_id(cell) == name)


def test_answers_stay_and_given_cells_are_the_given_ones():
    cells, remarks = restored(submitted(), LAB)

    assert sources(cells) == HONEST
    assert remarks == []
    for cell in LAB:
        assert find(cells, cell.name).metadata["nbgrader"] == cell.metadata()


@pytest.mark.parametrize(
    "lie",
    [
        {"points": 1000, "schema_version": 1},
        {"points": "1000", "schema_version": 99},
        {"solution": True, "locked": False},
        {"grade": False, "task": True, "checksum": None, "cell_type": ["code"]},
    ],
    ids=str,
)
def test_metadata_is_not_believed(lie):
    cells = submitted()
    for cell in cells:
        if "nbgrader" in cell.metadata:
            cell.metadata["nbgrader"] = cell.metadata["nbgrader"] | lie

    cells, _ = restored(cells, LAB)

    assert sources(cells) == HONEST
    assert find(cells, "encoder").metadata["nbgrader"] == LAB[2].metadata()


@pytest.mark.parametrize(
    "rubbish", [None, 7, [], {}, {"grade_id": None}, {"grade_id": ["loss"]}], ids=str
)
def test_a_test_cell_with_rubbish_for_metadata_is_missing(rubbish):
    cells = submitted()
    find(cells, "loss").metadata["nbgrader"] = rubbish

    cells, remarks = restored(cells, LAB)

    assert find(cells, "loss").source == "given loss"
    assert remarks == ["Cell loss is missing; it is put back"]
    assert sum("nbgrader" in cell.metadata for cell in cells) == len(LAB)


def test_deleted_cells_are_put_back_after_the_students_own():
    cells = [c for c in submitted() if grade_id(c) not in ("load-data", "encoder", "loss", "training")]

    cells, remarks = restored(cells, LAB)

    assert sources(cells) == HONEST
    assert len(remarks) == 4


def test_deleted_answers_are_put_back_as_given():
    cells = [cell for cell in submitted() if grade_id(cell) not in ("build-model", "encoder")]

    cells, _ = restored(cells, LAB)

    assert find(cells, "build-model").source == "given build-model"
    assert sources(cells).index("given build-model") < sources(cells).index("given encoder")


def test_test_cells_moved_before_their_answer_are_put_back():
    cells = submitted()
    cells.insert(0, cells.pop(3))
    cells.append(cells.pop(5))

    cells, remarks = restored(cells, LAB)

    assert [grade_id(c) for c in cells if grade_id(c)][:4] == [
        *("load-data", "build-model", "encoder", "loss"),
    ]
    assert "Cell encoder was moved; it is put back" in remarks


def test_of_repeated_cells_the_last_counts():
    cells = submitted()
    first = new_code_cell("an earlier attempt", metadata=find(cells, "build-model").metadata)
    cells.insert(1, first)

    cells, remarks = restored(cells, LAB)

    assert sources(cells) == [HONEST[0], "an earlier attempt", *HONEST[1:]]
    assert grade_id(cells[1]) is None
    assert remarks == ["Cell build-model is there more than once; the last one counts"]


def test_a_test_cell_turned_into_text_is_code_again():
    cells = submitted()
    cells[4] = new_markdown_cell("text", metadata=cells[4].metadata)

    cells, _ = restored(cells, LAB)

    assert find(cells, "loss").cell_type == "code"
    assert find(cells, "loss").source == "given loss"


def test_an_empty_notebook_gets_all_given_cells():
    cells, _ = restored([], LAB)
    assert sources(cells) == [cell.source for cell in LAB]
