"""Makes the views for people: a panel for each criterion with the cause of lost credit, a grade table.

In: the judge's verdicts, the executed notebook, nbgrader's gradebook. Out: `WriteVerdicts` (nbgrader's
step from result to panels), `panel` (one verdict as text and HTML), `read_grades` (a `GradeTable`).
"""
