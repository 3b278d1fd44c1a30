"""Criteria `reconstruction` and `denoising`: does the trained network restore unseen digits?"""

import numpy as np

from autograder.evidence import Evidence
from autograder.judge import architecture, rebuild
from autograder.judge.reference import Reference
from autograder.judge.training import trained_without_noise
from autograder.judge.verdict import Verdict, zero
from autograder.lab import Exercise

ENOUGH = {False: 0.87, True: 0.65}
"""Largest error, as a share of the mean image's, that counts as restored; by whether there is noise.

Measured after the shortened training, on the embedded digits and on MNIST, with
`autograder.benchmark.quality`: correct networks with several initializers and both interpolations reach
0.37 to 0.65 (reconstruction) and at most 0.27 (denoising), those trained on wrong inputs or targets no
less than 0.99 and 0.84.
"""
CONSTANT = 0.02
"""Standard deviation between the answers to different images below which they are one answer."""


def restoration_error(answers: np.ndarray, reference: Reference) -> float:
    """Mean squared error on the held-out digits, as a share of that of always answering the mean image.

    answers: what the network makes of them, float32 (n, 28, 28, 1).
    """
    return float(np.mean((answers - reference.held_out) ** 2)) / reference.mean_image_error


def judge_quality(evidence: Evidence, exercise: Exercise, reference: Reference) -> Verdict:
    """The mean squared error on held-out digits against that of always answering the mean image."""
    noisy = exercise.noise is not None
    expected = f"held-out {'noisy ' if noisy else ''}digits come out recognisable"
    refused = architecture.refusal(evidence.model, expected)
    if refused:
        return refused
    advice = "Train the model as step 3 says, and look at what it makes of the test images."
    trained = [fit for fit in evidence.fits if fit.steps and not fit.problem]
    if not trained:
        return zero(expected, "an untrained model", "The model was never trained.", advice)
    if noisy and trained_without_noise(evidence.fits, reference):
        return zero(
            expected,
            "a model that never saw a noisy image in training",
            "Trained on the wrong thing: clean images in, clean images out is no denoising.",
            "Give fit the noisy images as input and the clean ones as target.",
        )
    shown = reference.noisy_held_out(exercise.noise) if noisy else reference.held_out
    try:
        answers = rebuild.run(evidence.model, shown)
    except rebuild.RebuildError as error:
        problem = "The judge could not run this model."
        advice = "A person has to look at it. Use Keras's own layers, as the table says."
        return zero(expected, str(error), problem, advice, review=True)
    if answers.shape != reference.held_out.shape:
        found = f"output of shape {answers.shape[1:]}"
        return zero(expected, found, "The output is no image of 28×28×1.", advice)
    if not np.isfinite(answers).all():
        problem = "The output is not finite: training went astray."
        return zero(expected, "values that are not finite", problem, "Try a smaller learning rate.")
    error = restoration_error(answers, reference)
    found = f"an error of {error:.2f} times that of always answering the mean image"
    if error <= ENOUGH[noisy]:
        return Verdict(1.0, expected, found)
    if answers.std(axis=0).mean() < CONSTANT:
        problem = "The answer is (almost) the same whatever the image."
    else:
        problem = f"A correct model stays below {ENOUGH[noisy]:.2f} after the same training."
    return zero(expected, found, problem, _why(evidence, advice))


def _why(evidence: Evidence, advice: str) -> str:
    optimizer = evidence.model.optimizer
    if optimizer is not None and optimizer.learning_rate == 0:
        return "A learning rate of 0 teaches nothing; try 0.01."
    return f"{advice} Input and target of fit are the first things to check."
