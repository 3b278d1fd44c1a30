"""Inside the student's process: prepares it for a notebook, watches, and describes what is there.

Runs as `python -m autograder.kernel`, or by `prepare.serve` in a forked process. `watchers` records
training and drawing, and `describe` turns networks into evidence for `autograder.check`. It decides
nothing and keeps no secret, since the process belongs to the student.
"""
