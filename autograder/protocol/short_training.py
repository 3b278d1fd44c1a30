"""How the grading kernel shortens a training. The judge's bounds are measured with these numbers.

Another number makes every calibration out of date: measure anew with `autograder calibrate`.
"""

BATCH = 10
"""Images of one step."""
RATE = 0.0025
"""Learning rate. From 0.003 on, networks with squared error as their loss answer all black more often,
also with a slow start. At 0.002, a network that has only its bias to learn passes for untrained.
"""
SLOW = 0.6
"""A network is trained for longer if its error on its training images exceeds this share of the error of
always answering the mean target: a few initial weights make a network learn slowly."""
ROUNDS = 5
"""Most rounds of the usual number of steps in a call that is trained for longer."""
ROUNDS_IN_ALL = 7
"""Rounds of a network in all calls, after which no call is trained for longer."""
SMALL = 0.8
"""Initial weights whose spread is below this share of the usual one are scaled to it: many layers of
small weights make a signal too faint to learn from in so few steps."""
