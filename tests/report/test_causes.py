"""The cause comes before its consequences: a cell that stopped, a name that is another."""

import corpus
import pytest
from nbformat.v4 import new_code_cell, new_output

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
    """Exercise 1 after a run. errors: class and text by cell. own: cells of the student's own, first."""
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


def judged(notebook, **verdicts):
    """What is said of the criteria, where all of which nothing else is said are right."""
    stopped = {name for name, cell in graded_cells(notebook).items() if cell.outputs}
    given = {name: FULL for name in graded_cells(notebook) if name not in stopped} | verdicts
    return decide(notebook, {}, given)


def test_a_crashed_cell_is_named_before_what_it_cost_and_told_what_helps():
    verdict = judged(executed({"build-model": LR}), loss=NO_LOSS)["loss"]

    assert verdict.problems == (
        "Your cell 'build-model' stopped with ValueError: Argument(s) not recognized: {'lr'}.",
        "The model has no loss.",
    )
    assert verdict.found == "ValueError: Argument(s) not recognized: {'lr'}"
    assert "learning_rate" in verdict.advice
    assert not verdict.review


def test_a_crash_costs_nothing_where_all_was_done_and_is_a_remark_where_the_fault_is_another():
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


def test_a_name_that_no_cell_came_to_define_leads_to_the_import_that_failed():
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


def test_where_all_is_written_in_one_cell_its_crash_is_the_cause_of_what_is_missing_later():
    blank = {"train_model": "# Your code here"}
    alone = judged(executed({"build-model": LR}, **blank), training=UNTRAINED)["training"]
    assert alone.problems == UNTRAINED.problems
    whole = {"build_model": "autoencoder.compile(lr=1)\nautoencoder.fit(x_train, x_train)"}
    all_in_one = judged(executed({"build-model": LR}, **blank, **whole), training=UNTRAINED)["training"]
    assert "'build-model' stopped with ValueError" in all_in_one.problems[0]


def test_an_exploring_cell_that_failed_is_no_cause_of_what_it_does_not_touch():
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
def test_a_mistake_is_no_want_of_the_grading_machine(error):
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


def test_of_arrays_those_of_the_right_shape_may_be_meant():
    notebook = executed({})
    cell = graded_cells(notebook)["encoder"]
    missing = f"name 'x_test_noisy' is not defined{THERE}"
    cell.outputs = [raised("NameError", f"{missing}a (array 60000x28x28x1), b (array 10000x28x28x1)")]
    assert "your array is called 'b'" in judged(notebook)["encoder"].problems[0]


def test_a_cell_that_would_have_defined_the_name_comes_before_another_network():
    told = (NO_NAME[0], f"{NO_NAME[1]}{THERE}encoder (network)")
    verdict = judged(executed({"build-model": LR, "encoder": told}))["encoder"]
    assert "'build-model' stopped" in verdict.problems[0]
    assert not verdict.review


def test_a_name_that_is_not_there_is_no_reason_for_its_being_missing():
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


def test_an_interrupted_cell_is_not_said_to_be_wrong():
    late = ("TimeoutError", "the cell took too long and was interrupted")
    verdict = judged(executed({"train-model": late}), training=UNTRAINED)["training"]
    assert verdict.problems[0] == "Your cell 'train-model' took too long and was interrupted."


def test_of_a_long_error_the_line_that_tells_is_quoted():
    text = (
        "Exception encountered when calling Pool.call().\n\n\x1b[1mNegative dimension size caused "
        "by subtracting 2 from 1\x1b[0m\n\nArguments received by MaxPooling2D.call():\n  • inputs=x"
    )
    notebook = executed({"build-model": ("ValueError", text)})
    (crash,) = crashes(notebook.cells)
    assert crash.quoted == "ValueError: Negative dimension size caused by subtracting 2 from 1"
    assert "too small" in crash.remedy


def test_thousands_of_cells_that_fail_are_looked_through_in_no_time():
    own = [(f"n{i} = n{i + 1}", ("NameError", f"name 'n{i + 1}' is not defined")) for i in range(3000)]
    notebook = executed({"encoder": NO_NAME}, own=own)
    place = next(i for i, cell in enumerate(notebook.cells) if grade_id(cell) == "encoder")
    assert cause(notebook.cells, place, "n2900", crashes(notebook.cells)).place == 0
