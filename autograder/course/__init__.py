"""Connects the autograder with nbgrader; nbgrader_config.py names what nbgrader calls.

`SubmissionExporter` reads submissions as jobs (`HandedIn`), `GradeSubmission` and `GradeSolution` write
verdicts into notebooks, and `AskForReview` flags what a person should look at. `publish` generates
release/ and solutions/.
"""
