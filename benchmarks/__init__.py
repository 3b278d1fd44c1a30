"""Measures what grading costs, beside what it is compared with, and whether it repeats itself.

Programs that run in a checkout: `python -m benchmarks` (a submission and a class), `benchmarks.driver`
(recording a class of any size), `benchmarks.repeat` (the same submissions, again and again).
"""
