"""If a check asks for an undefined name, its error lists the names that the notebook defines."""

import numpy as np


def test_networks_and_arrays_are_listed_once():
    import keras

    from autograder.kernel.names import listed

    part = keras.Sequential([keras.layers.Flatten()])
    whole = keras.Sequential([keras.Input((28, 28, 1)), part])
    images = np.zeros((5, 28, 28, 1))
    names = {"part": part, "model": whole, "x": images, "same": images, "_x": images + 1, "n": 3}

    assert listed(names) == "; there are: model (network), x (array 5x28x28x1)"
    assert listed({"n": 3}) == ""


def test_only_errors_of_checks_are_extended(kernel):
    define = "import keras\nfrom autograder import check\nmodel = keras.Sequential()"
    in_check, elsewhere = kernel.errors(define, "check.encoder(autoencoder)", "autoencoder")
    assert in_check == "NameError: name 'autoencoder' is not defined; there are: model (network)"
    assert elsewhere == "NameError: name 'autoencoder' is not defined"
