"""The lab that the tests are about: the one in source/."""

from pathlib import Path

from autograder.judge.bounds import lab_in

SOURCE = Path(__file__).parent.parent / "source" / "autoencoders"
LAB, REMARKS = lab_in(SOURCE)
ASSIGNMENT, EXERCISES = LAB.assignment, LAB.exercises
AUTOENCODER, DENOISING = EXERCISES["autoencoder"], EXERCISES["denoising_autoencoder"]
