"""Fixtures for tests of the short training."""

import numpy as np
import pytest
from small_network import STEPS, small_network


@pytest.fixture
def recorder(kernel, tmp_path, monkeypatch):
    """The watcher of `fit`, with nothing on record; files are written to a folder of the test's own."""
    import keras

    from autograder.kernel import watchers

    monkeypatch.chdir(tmp_path)
    # With first weights that are bad by chance a network is trained for longer.
    keras.utils.set_random_seed(1)
    watchers.current().fits.forget()
    watchers.current().fits.steps = STEPS
    return watchers.current().fits


@pytest.fixture(scope="session")
def digits(images):
    """The embedded training digits as a student prepares them, and many more of them."""
    from autograder.lab.images import scaled

    return scaled(images.x_train[np.arange(6000) % len(images.x_train)])


@pytest.fixture(scope="session")
def as_prescribed(kernel, digits):
    """The weights that the small network has after the shortened training."""
    import keras

    keras.utils.set_random_seed(1)
    model = small_network()
    model.fit(digits, digits, epochs=2, verbose=0)
    return model.get_weights()
