"""Connects nbgrader with the autograder: the part of nbgrader_config.py that is the same in each course.

Each of nbgrader's commands imports this module, so it names classes and imports none of them.
"""

from traitlets.config import Config

NOT_RELEASED = ("lab.toml", "calibration.json")
"""Files beside the source notebooks that are for the grader alone."""


def connect(c: Config) -> None:
    """Sets what the autograder needs in nbgrader's configuration.

    What a course sets after this call replaces or, by `append` and `extend`, adds to what is set here.
    """
    # Added to nbgrader's own list.
    c.CourseDirectory.ignore.extend(NOT_RELEASED)

    # What students find in place of a solution.
    c.ClearSolutions.code_stub = {"python": "# Your code here"}
    c.ClearSolutions.text_stub = "Your answer here"

    # Given cells are restored, a grading kernel replaces the usual one, and verdicts replace outputs.
    c.Autograde.exporter_class = "autograder.course.exporter.SubmissionExporter"
    # A kernel may say anything: notebooks are checked once they are made harmless, not before.
    c.SubmissionExporter.optimistic_validation = True
    c.Autograde.sanitize_preprocessors = [
        "nbgrader.preprocessors.ClearOutput",
        "nbgrader.preprocessors.OverwriteKernelspec",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.Autograde.autograde_preprocessors = [
        "autograder.course.hooks.GradeSubmission",
        "nbgrader.preprocessors.LimitOutput",
        "nbgrader.preprocessors.SaveAutoGrades",
        "autograder.course.review.AskForReview",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]

    # Solution notebooks are executed with all of their training.
    c.CourseDirectory.solution_directory = "solutions"
    c.GenerateSolution.preprocessors = [
        "nbgrader.preprocessors.LockCells",
        "nbgrader.preprocessors.ClearOutput",
        "autograder.course.hooks.GradeSolution",
    ]
