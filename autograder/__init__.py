"""An autograder for a Keras lab: the kernel collects, the judge decides.

`autograder.check` and `autograder.kernel` run beside the student's code and only hand over
`autograder.evidence`; `autograder.judge` turns evidence into verdicts without running any of that
code; `autograder.course` wires both into nbgrader.
"""
