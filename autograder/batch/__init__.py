"""Grades a whole assignment in parallel, with a course directory in and a gradebook out.

The `Driver` finds what must be graded, hands it to Dask workers as a `Task` each, and records each
`Outcome` with nbgrader. `command` is what `autograder grade` and `autograder worker` call.
"""
