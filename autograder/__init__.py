"""An autograder for a Keras lab: the kernel collects, the judge decides.

`autograder.check` and `autograder.kernel` run beside the student's code and only hand over evidence
(`autograder.protocol`); `autograder.judge` turns it into verdicts without running any of that code.
"""
