"""Whole submissions through nbgrader's own commands, read back from its gradebook."""

import nbformat
import pytest
from course import CASES, COURSE, FEW_IMAGES, NO_TRAINING, Course, attempted, nbgrader
from the_lab import ASSIGNMENT, EXERCISES

from autograder.submissions import notebooks

pytestmark = pytest.mark.slow

AUTOENCODER, DENOISING = EXERCISES
LOOP_SECONDS = 40
"""Until an endless loop is interrupted; a training takes 3."""
ENDLESS = "import time\nwhile True:\n    time.sleep(0.1)"


def delete_and_move(notebook):
    cells = {notebooks.grade_id(cell): cell for cell in notebook.cells}
    for name in ("encoder", "decoder", "train-model", "training", "load-data", "visualize"):
        notebook.cells.remove(cells[name])
    notebook.cells.remove(cells["loss"])
    notebook.cells.insert(0, cells["loss"])
    compiled_here = nbformat.v4.new_code_cell("autoencoder.compile(loss='bce', optimizer='adagrad')")
    notebook.cells.insert(notebook.cells.index(cells["build-model"]) + 1, compiled_here)


def edit_tests(notebook):
    for cell in notebook.cells:
        if (cell.metadata.get("nbgrader") or {}).get("points"):
            cell.metadata.nbgrader |= {"points": 1000, "schema_version": 1, "solution": True}
        if notebooks.grade_id(cell) == "encoder":
            cell.source = "1000"
        if notebooks.grade_id(cell) == "loss":
            cell.cell_type = "markdown"
            cell.pop("outputs"), cell.pop("execution_count")


EVERY_CELL_IS_TEN = """
def ten(lines):
    return ["10"]

get_ipython().input_transformers_cleanup.append(ten)
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    settings = f"{FEW_IMAGES}\nc.Grading.cell_timeout = {LOOP_SECONDS}\n"
    course = Course(tmp_path_factory.mktemp("course"), settings)
    course.submit("solved", "training-the-solution")
    course.submit("solved", "denoising-the-solution")
    course.submit_release("blank")
    course.submit("slips", "training-wrong-epochs-and-batches")
    course.submit("slips", "denoising-trained-on-clean-inputs")
    course.submit("functional", "architecture-functional", **NO_TRAINING)
    course.submit("dies", train_model="import os\nos._exit(7)")
    course.submit("loops", train_model=ENDLESS, visualize="decoded_images = None")
    course.submit("misspelt", "architecture-other-name", **NO_TRAINING)
    course.submit("deleted", edit=delete_and_move)
    course.submit("garbled", "denoising-the-solution", **NO_TRAINING)
    (course.submission("garbled") / "autoencoder.ipynb").write_bytes(b"\xff\xfe not a notebook")
    course.submit("ten", build_model=EVERY_CELL_IS_TEN)
    course.submit("edited", edit=edit_tests, **NO_TRAINING)
    course.submit(
        "helper",
        build_model="import sys, helper\nprint('to stderr', file=sys.stderr)\n"
        "autoencoder = helper.build()\nopen('written.txt', 'w').write('x')",
        **NO_TRAINING,
    )
    (course.submission("helper") / "keras.py").write_text("raise RuntimeError('the wrong keras')\n")
    build = CASES["training-the-solution"].answers["build-model"].replace("\n", "\n    ")
    (course.submission("helper") / "helper.py").write_text(
        f"import keras\n\n\ndef build():\n    {build}\n    return autoencoder\n"
    )
    course.log = nbgrader(course.folder, "autograde", ASSIGNMENT)
    return course


def full(*, but=()):
    """The full scores of exercise 1, with zero for those named."""
    return {(AUTOENCODER, c.id): 0 if c.id in but else c.points for c in EXERCISES[AUTOENCODER].criteria}


def automatic(scores, name=AUTOENCODER):
    return {key: s for key, s in scores.items() if key[0] == name and key[1] != "discussion"}


def test_the_solution_earns_all_automatic_points(course):
    scores = course.scores("solved")

    assert automatic(scores) == full()
    assert sum(s for s in scores.values() if s is not None) == 93
    assert scores[AUTOENCODER, "discussion"] is None, "a person grades it"


def test_a_blank_release_earns_nothing(course):
    assert set(course.scores("blank").values()) == {0}
    assert "not defined" in course.panel("blank", DENOISING, "noise")


def test_partial_credit_reaches_the_gradebook(course):
    scores = course.scores("slips")

    assert scores[AUTOENCODER, "training"] == 4
    assert scores[DENOISING, "training"] == 4.5
    assert scores[DENOISING, "denoising"] == 0
    assert scores[DENOISING, "noise"] == 8


def test_a_functional_network_is_noted_and_earns_all(course):
    scores = automatic(course.scores("functional"))

    assert scores == full(but=("training", "reconstruction", "visualization"))
    assert "functional API" in course.panel("functional", AUTOENCODER, "encoder")


def test_what_a_dead_kernel_handed_over_before_still_counts(course):
    scores = automatic(course.scores("dies"))

    assert scores == full(but=("training", "reconstruction", "visualization"))
    assert "the kernel died, in cell 'train-model'" in course.panel("dies", AUTOENCODER, "training")


def test_an_endless_loop_is_interrupted_and_the_rest_is_graded(course):
    scores = automatic(course.scores("loops"))

    assert scores == full(but=("training", "reconstruction", "visualization"))
    assert "never trained" in course.panel("loops", AUTOENCODER, "training")


def test_an_undefined_name_is_said(course):
    assert not any(automatic(course.scores("misspelt")).values())
    panel = course.panel("misspelt", AUTOENCODER, "decoder")
    assert "name 'autoencoder' is not defined" in panel


def test_deleted_and_moved_cells_are_put_back_and_the_rest_is_graded(course):
    scores = automatic(course.scores("deleted"))

    assert scores == full(but=("training", "reconstruction", "visualization"))
    assert "never trained" in course.panel("deleted", AUTOENCODER, "training")


def test_edited_test_cells_and_points_change_nothing(course):
    scores = automatic(course.scores("edited"))

    assert scores == full(but=("training", "reconstruction", "visualization"))
    assert course.grades().maximum == 100


def test_turning_every_cell_into_ten_earns_nothing(course):
    assert not any(automatic(course.scores("ten")).values())
    assert "handed over nothing" in course.panel("ten", AUTOENCODER, "encoder")


def test_support_files_are_there_and_stderr_costs_nothing(course):
    scores = automatic(course.scores("helper"))

    assert scores == full(but=("training", "reconstruction", "visualization"))
    assert not list(course.folder.rglob("written.txt")), "the notebook writes into a private copy"


def test_a_file_that_is_no_notebook_is_graded_and_the_other_one_counts(course):
    scores = course.scores("garbled")

    assert set(automatic(scores).values()) == {0}
    assert scores[DENOISING, "encoder"] == 6
    assert "the file is not JSON, as a notebook is" in course.panel("garbled", AUTOENCODER, "loss")
    kept = course.submission("garbled") / "autoencoder.ipynb"
    assert kept.read_bytes() == b"\xff\xfe not a notebook"


def test_a_notebook_that_was_not_handed_in_earns_nothing(course):
    assert set(automatic(course.scores("dies"), DENOISING).values()) == {0}


def test_the_instructor_is_told_once_whether_submissions_are_sandboxed(course):
    assert course.log.count("Submissions run in a sandbox") + course.log.count("unsandboxed") == 1


def test_grading_one_student_again_gives_the_same_grades(course):
    before = course.scores("slips")
    log = nbgrader(course.folder, "autograde", ASSIGNMENT, "--student", "slips", "--force")

    assert "Removing existing assignment" in log
    assert course.scores("slips") == before


def test_feedback_shows_the_panels_and_no_secret(course):
    nbgrader(course.folder, "generate_feedback", ASSIGNMENT)
    path = course.folder / "feedback" / "slips" / ASSIGNMENT / f"{AUTOENCODER}.html"
    page = path.read_text("utf-8")

    assert "5 epochs, not 10 (−1/4)." in page
    assert "4 of 8 points" in page
    assert "application/vnd" not in page


def test_export_writes_the_grades(course):
    nbgrader(course.folder, "export")
    assert "slips" in (course.folder / "grades.csv").read_text("utf-8")


MNIST = COURSE.parent / "shared" / "data" / "mnist_t10k.npz"


@pytest.mark.skipif(not MNIST.exists(), reason=f"there are no real MNIST images at {MNIST}")
def test_a_course_may_grade_on_mnist(tmp_path):
    """With as many images as MNIST has, which students may rely on."""
    course = Course(tmp_path, f"c.Grading.images = {str(MNIST)!r}\n")
    course.submit("solved", "training-the-solution")
    noise = "x_train_noisy, x_test_noisy = (x + np.random.normal(0, 0.2, (n, 28, 28, 1))"
    noise += " for x, n in ((x_train, 60000), (x_test, 10000)))"
    course.submit("solved", "denoising-the-solution", add_noise=noise)

    nbgrader(tmp_path, "autograde", ASSIGNMENT)

    assert sum(s for s in course.scores("solved").values() if s is not None) == 93


def test_images_that_are_not_there_are_a_clear_error(tmp_path):
    course = Course(tmp_path)
    with (tmp_path / "nbgrader_config.py").open("a") as config:
        config.write("c.Grading.images = '/nowhere/mnist.npz'\n")
    course.submit_release("blank")
    done = attempted(tmp_path, "autograde", ASSIGNMENT)
    assert done.returncode != 0
    assert "There are no images to grade on at /nowhere/mnist.npz. Check the path" in done.stderr
    assert not list((tmp_path / "autograded").rglob("*.ipynb"))
