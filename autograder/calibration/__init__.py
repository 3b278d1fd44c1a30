"""Measures what the judge's bounds rest on, and sets them: the command `autograder calibrate`."""
