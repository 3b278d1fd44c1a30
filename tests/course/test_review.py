"""The comments that ask a person to look."""

from nbformat.v4 import new_code_cell

from autograder.course.review import comments


def cell(name, *, answer=False):
    return new_code_cell(metadata={"nbgrader": {"grade_id": name, "solution": answer}})


CELLS = [
    cell("load-data"),
    cell("build-model", answer=True),
    cell("encoder"),
    cell("loss"),
    new_code_cell("a student's own"),
    cell("train-model", answer=True),
    cell("training"),
]


def test_without_problems_there_are_no_comments():
    assert comments(CELLS, {}, []) == {}


def test_each_criterion_is_named_at_the_answer_before_it():
    died = "the kernel died, in cell 'loss'"

    assert comments(CELLS, {"encoder": died, "loss": died, "training": "none"}, []) == {
        "build-model": f"Not judged: encoder, loss ({died}). A person should look.",
        "train-model": "Not judged: training (none). A person should look.",
    }


def test_what_the_grader_says_is_not_taken_for_markup():
    found = "28×28 → 14×14, Argument(s) not recognized: {'lr': 0.01} <script>"
    assert comments(CELLS, {"loss": found}, [])["build-model"] == (
        "Not judged: loss (28×28 → 14×14, Argument(s) not recognized: {'lr': 0.01} ?script?). "
        "A person should look."
    )


def test_remarks_are_at_the_first_answer_without_markup():
    assert comments(CELLS, {"loss": "<b>"}, ["left out: x"]) == {
        "build-model": "left out: x.\n\nNot judged: loss (?b?). A person should look."
    }
