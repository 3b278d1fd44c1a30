"""The lab that the tests are about: the one in source/."""

from pathlib import Path

from autograder.judge.bounds import with_bounds
from autograder.lab.file import read

SOURCE = Path(__file__).parent.parent / "source" / "autoencoders"
LAB, REMARKS = with_bounds(read(SOURCE), SOURCE)
ASSIGNMENT, EXERCISES = LAB.assignment, LAB.exercises
AUTOENCODER, DENOISING = EXERCISES["autoencoder"], EXERCISES["denoising_autoencoder"]
