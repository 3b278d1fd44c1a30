"""The lab that is measured: the one in source/."""

from pathlib import Path

from autograder.judge.bounds import with_bounds
from autograder.lab.file import read

SOURCE = Path(__file__).parent.parent / "source" / "autoencoders"
LAB, _ = with_bounds(read(SOURCE), SOURCE)
ASSIGNMENT, EXERCISES = LAB.assignment, LAB.exercises
