"""A course sets options as `c.Grading.<name>`; solutions have times of their own."""

from traitlets.config import Config

from autograder.grading.options import Grading, SolutionGrading


def test_a_course_sets_what_its_configuration_names():
    options = Grading(config=Config({"Grading": {"cell_timeout": 7, "kernel_memory_mib": 1000}}))
    assert options.cell_timeout == 7
    assert {7, 1000} <= set(options.limits)
    assert options.limits != Grading().limits


def test_solutions_train_in_full_and_have_more_time():
    options = SolutionGrading(config=Config({"Grading": {"images": "mnist"}}))
    assert options.images == "mnist"
    assert options.full_training
    assert options.cell_timeout > Grading().cell_timeout


def test_options_travel_as_values():
    """A worker makes equal options from the values."""
    options = Grading(judge_timeout=3.0, sandbox="off")
    values = options.trait_values(config=True)
    assert Grading(**values).trait_values(config=True) == values
