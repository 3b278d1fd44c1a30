"""Prepares the student's process for a notebook, watches it, and describes its networks, from inside.

Runs as `python -m autograder.kernel`, or by `prepare.serve` in a forked process. `watchers` records
training and drawing, and `describe` turns networks into evidence for `autograder.check`. This room
decides nothing and keeps no secret, since the process belongs to the student.
"""
