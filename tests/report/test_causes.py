"""The cause comes before its consequences: a cell that stopped, or another name."""

import corpus
import pytest
from nbformat.v4 import new_code_cell, new_output
from the_lab import AUTOENCODER, DENOISING

from autograder.judge.verdict import Verdict, zero
from autograder.report.causes import cause
from autograder.report.crashes import crashes
from autograder.report.verdicts import decide, graded_cells
from autograder.submissions.notebooks import filled, grade_id

LR = ("ValueError", "Argument(s) not recognized: {'lr'}")
NO_NAME = ("NameError", "name 'autoencoder' is not defined")
NO_LOSS = zero("binary cross-entropy", "no loss", "The model has no loss.", "Give one.", missing=True)
UNTRAINED = zero("10 epochs", "no fit", "The model was never trained.", "Train it.", missing=True)
FULL = Verdict(1.0, "this", "this")


def executed(errors, own=(), **answers):
    """Exercise 1 after a run. errors: class and text by cell. own: the student's cells, put first."""
    given = {name.replace("_", "-"): text for name, text in answers.items()}
    notebook = filled(corpus.source("autoencoder"), given)
    for source, error in own:
        cell = new_code_cell(source)
        cell.outputs = [raised(*error)] if error else []
        notebook.cells.insert(0, cell)
    for cell in notebook.cells:
        if grade_id(cell) in errors:
            cell.outputs = [raised(*errors[grade_id(cell)])]
    return notebook


def raised(name, text):
    return new_output("error", ename=name, evalue=text, traceback=[])


def judged(notebook, exercise=AUTOENCODER, **verdicts):
    """The verdicts on the criteria; those that are not given are full."""
    stopped = {name for name, cell in graded_cells(notebook).items() if cell.outputs}
    given = {name: FULL for name in graded_cells(notebook) if name not in stopped} | verdicts
    return decide(notebook, exercise, {}, given)


def test_a_crashed_cell_is_named_before_what_it_cost_and_told_what_helps():
    verdict = judged(executed({"build-model": LR}), loss=NO_LOSS)["loss"]

    assert verdict.problems == (
        "Your cell 'build-model' stopped with ValueError: Argument(s) not recognized: {'lr'}.",
        "The model has no loss.",
    )
    assert verdict.found == "ValueError: Argument(s) not recognized: {'lr'}"
    assert "learning_rate" in verdict.advice
    assert not verdict.review


def test_a_crash_is_only_a_note_where_something_else_cost_credit():
    partial = Verdict(0.5, "six layers", "three", ("Three are missing.",))
    verdicts = judged(executed({"build-model": LR}), encoder=partial)

    assert verdicts["loss"] == FULL
    assert verdicts["encoder"].problems == partial.problems
    assert verdicts["encoder"].notes == (
        "Your cell 'build-model' stopped with ValueError: Argument(s) not recognized: {'lr'}.",
    )


def test_what_follows_from_a_crash_leads_back_to_it():
    not_compiled = ("ValueError", "You must call `compile()` before calling `fit()`.")
    errors = {"build-model": LR, "train-model": not_compiled}
    verdicts = judged(executed(errors), loss=NO_LOSS, training=UNTRAINED)

    assert "'build-model' stopped with ValueError" in verdicts["training"].problems[0]
    assert verdicts["training"].problems[0].endswith("It is the same cause as at loss.")
    assert verdicts["training"].advice == "See loss."


def test_a_later_crash_of_its_own_is_its_own_cause():
    errors = {"build-model": LR, "train-model": ("TypeError", "fit() got an unexpected 'epoch'")}
    verdicts = judged(executed(errors), training=UNTRAINED)
    assert "'train-model' stopped with TypeError" in verdicts["training"].problems[0]


def test_an_undefined_name_leads_back_to_the_import_that_failed():
    old = ("ModuleNotFoundError", "No module named 'keras.layers.convolutional'")
    errors = {
        "build-model": ("NameError", "name 'Conv2D' is not defined"),
        "train-model": NO_NAME,
        **dict.fromkeys(["encoder", "training"], NO_NAME),
    }
    imports = "from keras.layers.convolutional import Conv2D"
    answers = {"build_model": "autoencoder = keras.Sequential([Conv2D(16, 3)])"}
    verdicts = judged(executed(errors, own=[(imports, old)], **answers))

    for name in ("encoder", "training"):
        assert (
            f'Your cell 1 ("{imports}") stopped with {old[0]}: {old[1]}.' in verdicts[name].problems[0]
        )
        assert not verdicts[name].review, "keras is there; the path is an old one"
    assert "from keras.layers import Conv2D" in verdicts["encoder"].advice
    assert (
        "name autoencoder, which this test cell needs, is not defined" in verdicts["encoder"].problems[1]
    )


def test_the_crash_of_a_cell_that_holds_all_of_the_work_explains_what_is_missing_later():
    blank = {"train_model": "# Your code here"}
    alone = judged(executed({"build-model": LR}, **blank), training=UNTRAINED)["training"]
    assert alone.problems == UNTRAINED.problems
    whole = {"build_model": "autoencoder.compile(lr=1)\nautoencoder.fit(x_train, x_train)"}
    all_in_one = judged(executed({"build-model": LR}, **blank, **whole), training=UNTRAINED)["training"]
    assert "'build-model' stopped with ValueError" in all_in_one.problems[0]


def test_an_unrelated_cell_that_failed_is_no_cause():
    own = [("import seaborn as sns", ("ModuleNotFoundError", "No module named 'seaborn'"))]
    verdicts = judged(executed({}, own=own), training=UNTRAINED)
    assert verdicts["training"] == UNTRAINED


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (("ModuleNotFoundError", "No module named 'wandb'"), "the module 'wandb' is not installed"),
        (("ImportError", "You must install pydot (`pip install pydot`)"), "a package is not installed"),
        (("gaierror", "[Errno -2] Name or service not known"), "there is no network"),
        (("Exception", "URL fetch failure on https://x.org/a.npz: None"), "there is no network"),
        (("SystemError", "GPU device not found"), "there is no GPU"),
        (("ValueError", "Please provide a TPU Name to connect to."), "there is no GPU or TPU"),
    ],
)
def test_what_the_grading_machine_lacks_is_flagged_for_a_person(error, why):
    verdict = judged(executed({"train-model": error}), training=UNTRAINED)["training"]
    assert verdict.review
    assert why in verdict.reason
    assert any("a person will give them back" in note for note in verdict.notes)


@pytest.mark.parametrize(
    "error",
    [
        ("ModuleNotFoundError", "No module named 'keras.layers.convolutional'"),
        ("ImportError", "cannot import name 'Conv2d' from 'keras.layers' (/usr/lib/x.py)"),
        ("NameError", "name 'no_gpu' is not defined"),
        ("ValueError", "Argument(s) not recognized: {'lr'}"),
    ],
)
def test_a_mistake_is_not_blamed_on_the_grading_machine(error):
    assert not judged(executed({"train-model": error}), training=UNTRAINED)["training"].review


THERE = "; there are: x_train (array 60000x28x28x1), x_test (array 10000x28x28x1), "


def test_a_network_under_another_name_is_flagged_with_that_name():
    told = (NO_NAME[0], f"{NO_NAME[1]}{THERE}model (network)")
    verdicts = judged(executed({"encoder": told, "decoder": told}))

    assert verdicts["encoder"].credit == 0
    assert verdicts["encoder"].problems == (
        "The name autoencoder is not defined; your network is called 'model'.",
    )
    assert verdicts["encoder"].review
    assert verdicts["encoder"].reason == "the name autoencoder is not defined, but there is 'model'"
    assert "the same cause as at encoder" in verdicts["decoder"].problems[0]


def test_only_an_array_of_the_right_shape_is_offered_for_another():
    notebook = executed({})
    cell = graded_cells(notebook)["encoder"]
    missing = f"name 'x_test_noisy' is not defined{THERE}"
    cell.outputs = [raised("NameError", f"{missing}a (array 60000x28x28x1), b (array 10000x28x28x1)")]
    verdict = judged(notebook, DENOISING)["encoder"]
    assert "your array is called 'b'" in verdict.problems[0]


def test_a_cell_that_would_have_defined_the_name_comes_before_another_network():
    told = (NO_NAME[0], f"{NO_NAME[1]}{THERE}encoder (network)")
    verdict = judged(executed({"build-model": LR, "encoder": told}))["encoder"]
    assert "'build-model' stopped" in verdict.problems[0]
    assert not verdict.review


def test_a_cell_that_stopped_over_the_same_name_does_not_explain_it():
    verdict = judged(executed({"train-model": NO_NAME, "training": NO_NAME}))["training"]
    assert verdict.problems[0] == "The name autoencoder, which this test cell needs, is not defined."


def test_a_name_that_only_the_visible_part_misses_hides_no_cause():
    errors = {
        "train-model": ("TypeError", "no"),
        "training": ("NameError", "name 'history' is not defined"),
    }
    notebook = executed(errors, train_model="autoencoder.fit(x_train)")
    verdict = judged(notebook, training=UNTRAINED)["training"]
    assert "'train-model' stopped with TypeError" in verdict.problems[0]


def test_thousands_of_cells_that_fail_do_not_take_long():
    own = [(f"n{i} = n{i + 1}", ("NameError", f"name 'n{i + 1}' is not defined")) for i in range(3000)]
    notebook = executed({"encoder": NO_NAME}, own=own)
    place = next(i for i, cell in enumerate(notebook.cells) if grade_id(cell) == "encoder")
    assert cause(notebook.cells, place, "n2900", crashes(notebook.cells)).place == 0
