"""A network learns whatever loss it was compiled with."""

import numpy as np
import pytest
from small_network import small_network

pytestmark = pytest.mark.slow


def nothing(y_true, y_pred):
    import keras

    return 0 * keras.ops.mean(y_pred)


LOSSES = {
    "squared error": lambda keras: "mse",
    "logits of a sigmoid": lambda keras: keras.losses.BinaryCrossentropy(from_logits=True),
    "categorical": lambda keras: keras.losses.categorical_crossentropy,
    "of no gradient": lambda keras: nothing,
}


@pytest.mark.parametrize("make", LOSSES.values(), ids=LOSSES)
def test_a_network_learns_as_prescribed_with_any_loss(recorder, digits, as_prescribed, make):
    import keras

    keras.utils.set_random_seed(1)
    model = small_network()
    model.compile(loss=make(keras), optimizer="adagrad", metrics=["accuracy"])

    history = model.fit(digits, digits, epochs=2, verbose=0, validation_split=0.1).history

    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert np.isfinite(list(history.values())).all()
    for weights, right in zip(model.get_weights(), as_prescribed, strict=True):
        np.testing.assert_allclose(weights, right, atol=1e-5)
