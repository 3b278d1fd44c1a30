"""Errors are recognized as Python, Keras and TensorFlow print them."""

import pytest

from autograder.report.remedies import LACKING, REMEDIES, first_match


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("ValueError: Argument(s) not recognized: {'lr': 0.01}", "called learning_rate"),
        ("TypeError: fit() got an unexpected keyword argument 'nb_epoch'", "the argument 'nb_epoch'"),
        (
            "ModuleNotFoundError: No module named 'keras.layers.convolutional'",
            "a path of an older Keras",
        ),
        ("ModuleNotFoundError: No module named 'wandb'", "try without this import"),
        ("NameError: name 'tf' is not defined", "write `import tensorflow as tf`"),
        ("NameError: name 'Sequential' is not defined", "`from keras.models import Sequential`"),
        ("NameError: name 'UpSampling2D' is not defined", "`from keras.layers import UpSampling2D`"),
        ("NameError: name 'history' is not defined", "define or import it in a cell above"),
        ("SyntaxError: '(' was never closed", "a bracket, comma or quote"),
        ("ResourceExhaustedError: OOM when allocating a tensor", "fewer images at once"),
        ("ValueError: `target.shape=(1, 28, 28, 1)`, must have the same shape", "target, 28×28×1."),
        ("ValueError: Input 0 is incompatible with layer conv2d", "images are 28×28×1"),
        ("ValueError: You must call `compile()` before `fit()`.", "Compile the model"),
    ],
)
def test_a_known_error_has_a_remedy(error, advice):
    assert advice in first_match(REMEDIES, error)


def test_an_error_that_is_not_known_has_none():
    assert first_match(REMEDIES, "ZeroDivisionError: division by zero") == ""


@pytest.mark.parametrize(
    ("error", "lacking"),
    [
        ("ModuleNotFoundError: No module named 'wandb'", "the module 'wandb' is not installed"),
        ("ImportError: Please install pydot", "a package is not installed"),
        ("URLError: <urlopen error [Errno -3] Temporary failure>", "there is no network"),
        ("OSError: Network is unreachable", "there is no network"),
        ("RuntimeError: No CUDA device", "there is no GPU or TPU"),
        ("NameError: name 'no_gpu' is not defined", ""),
    ],
)
def test_only_what_the_grading_machine_lacks_is_named(error, lacking):
    assert first_match(LACKING, error) == lacking


def test_a_module_that_has_moved_is_not_lacking():
    assert first_match(LACKING, "ModuleNotFoundError: No module named 'keras.layers.core'") == ""
