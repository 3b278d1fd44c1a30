"""The course, for nbgrader: names, and the autograder wired in. Options are listed in README.md."""

c = get_config()

c.CourseDirectory.course_id = "regression-cnn"

# What students find in place of a solution.
c.ClearSolutions.code_stub = {"python": "# Your code here"}
c.ClearSolutions.text_stub = "Your answer here"

# The autograder: cells restored, the grading kernel in place of the usual one, verdicts for outputs.
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

# Solution notebooks are executed with all of their training, on the digits named below.
c.CourseDirectory.solution_directory = "solutions"
c.GenerateSolution.preprocessors = [
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearOutput",
    "autograder.course.hooks.GradeSolution",
]

# The digits to grade on: "embedded", "mnist" (from Keras's cache) or the path of an .npz file.
c.Grading.images = "embedded"
