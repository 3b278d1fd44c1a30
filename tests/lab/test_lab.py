"""The notebooks hold exactly the cells, points and names of the lab, and the release no more."""

import ast
import re
from pathlib import Path

import pytest
from the_lab import ASSIGNMENT, EXERCISES

from autograder.submissions import notebooks

COURSE = Path(__file__).parents[2]

# Grade id, kind and points in the order in which they stand.
CELLS = {
    "autoencoder": """
        load-data read-only 0 | build-model solution 0 | encoder test 8 | decoder test 8
        output-layer test 4 | loss test 3 | optimizer test 3 | train-model solution 0
        training test 8 | reconstruction test 8 | visualize solution 0 | visualization test 4
        discussion manual 4""",
    "denoising_autoencoder": """
        load-data read-only 0 | add-noise solution 0 | noise test 8 | build-model solution 0
        encoder test 6 | decoder test 6 | output-layer test 3 | loss test 3 | optimizer test 3
        train-model solution 0 | training test 6 | denoising test 8 | visualize solution 0
        visualization test 4 | discussion manual 3""",
}
KINDS = {
    (False, False, True): "read-only",
    (False, True, False): "solution",
    (True, False, True): "test",
    (True, True, False): "manual",
}
NAMES = {
    "autoencoder": {"autoencoder", "history", "decoded_images"},
    "denoising_autoencoder": {
        *("x_train_noisy", "x_test_noisy", "denoiser", "history", "denoised_images"),
    },
}


def read(folder, name):
    return notebooks.read(COURSE / folder / ASSIGNMENT / f"{name}.ipynb")


@pytest.mark.parametrize("name", CELLS)
def test_the_source_has_the_cells_and_points_of_the_lab(name):
    found = [
        f"{m.grade_id} {KINDS[m.grade, m.solution, m.locked]} {m.get('points', 0):g}"
        for cell in read("source", name).cells
        if (m := cell.metadata.get("nbgrader"))
    ]
    assert found == [cell.strip() for cell in re.split(r"[|\n]", CELLS[name].strip())]


@pytest.mark.parametrize("name", CELLS)
def test_the_lab_as_data_agrees_with_the_notebooks(name):
    points = {
        cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.points
        for cell in read("source", name).cells
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "code"
    }
    assert points == {c.id: c.points for c in EXERCISES[name].criteria}


def test_each_notebook_has_fifty_points():
    for name in CELLS:
        metadata = [cell.metadata.get("nbgrader", {}) for cell in read("source", name).cells]
        assert sum(m.get("points", 0) for m in metadata) == 50


@pytest.mark.parametrize("name", CELLS)
def test_the_sample_solution_defines_the_names_of_the_lab(name):
    sample = notebooks.solutions(read("source", name))
    assigned = {
        node.id
        for cell, text in sample.items()
        if cell != "discussion"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    assert assigned >= NAMES[name]


@pytest.mark.parametrize("name", CELLS)
def test_every_test_cell_hands_over_evidence_first_and_helps_visibly(name):
    for cell in read("source", name).cells:
        metadata = cell.metadata.get("nbgrader", {})
        if metadata.get("grade") and cell.cell_type == "code":
            hidden, visible = re.search(
                r"### BEGIN HIDDEN TESTS\n(.*)### END HIDDEN TESTS\n(.*)", cell.source, re.DOTALL
            ).groups()
            check = metadata.grade_id.replace("-", "_")
            wanted = rf"from autograder import check\n+check\.{check}\([\w, ]+\)\n"
            assert re.fullmatch(wanted, hidden)
            assert "assert " in visible
            assert "autograder" not in visible


@pytest.mark.parametrize("name", CELLS)
def test_the_release_shows_no_solution_and_no_hidden_test(name):
    released = read("release", name)
    text = "\n".join(cell.source for cell in released.cells)
    for trace in ("SOLUTION", "HIDDEN", "autograder", "check.", "For the grader"):
        assert trace not in text
    for cell, solution in notebooks.solutions(read("source", name)).items():
        assert solution not in text, f"the solution of {cell} is in the release"
    answers = [cell for cell in released.cells if notebooks.is_answer(cell)]
    assert {cell.source for cell in answers} == {"# Your code here", "Your answer here"}


@pytest.mark.parametrize("name", CELLS)
def test_students_need_tensorflow_numpy_and_matplotlib_only(name):
    imports = {
        alias.name.split(".")[0]
        for cell in read("release", name).cells
        if cell.cell_type == "code"
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imports == {"keras", "matplotlib", "numpy"}


@pytest.mark.parametrize("name", CELLS)
def test_the_source_is_stripped_of_outputs(name):
    for cell in read("source", name).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
