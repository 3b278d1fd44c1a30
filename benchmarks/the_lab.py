"""The lab that is measured: the one in source/."""

from pathlib import Path

from autograder.judge.bounds import lab_in

SOURCE = Path(__file__).parent.parent / "source" / "autoencoders"
LAB, _ = lab_in(SOURCE)
ASSIGNMENT, EXERCISES = LAB.assignment, LAB.exercises
