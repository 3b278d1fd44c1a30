"""The course, for nbgrader. Its options: README.md of the autograder, "For instructors"."""

from autograder.course.wiring import connect

c = get_config()

# Submissions are run and judged by the autograder. The course's own settings go below.
connect(c)

# The course's name in the gradebook; choose it before the first command.
c.CourseDirectory.course_id = "regression-cnn"

# The images to grade on: "embedded", "mnist" (from Keras's cache) or the path of an .npz file.
c.Grading.images = "embedded"
