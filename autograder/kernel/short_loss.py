"""The loss of the shortened training, whatever the student compiled with."""

import keras
import numpy as np
from keras import ops

SHOWN = 10
"""Images that losses are tried on."""
LOUD = 1000.0
"""Size of the pixels by which an output without bounds leaves [0, 1]; half precision holds them."""


def in_place_of(model: keras.Model, x, y, weights):
    """A compiled loss by which the network learns to answer x with y.

    The student's own where that cannot be computed, since the error that Keras raises is the one that
    helps, and where nothing is compared with a target.
    """
    own = model._compile_loss
    if own is None or y is None or _is_as_prescribed(model):
        return own
    try:
        if not model.built:
            model.build((None, *x.shape[1:]))
        kind = "binary_crossentropy" if _is_bounded(model, x) else "mean_squared_error"
        short = type(own)(kind, output_names=own.output_names)
        # Losses are fitted to what they first see: what is tried is another one than what is compiled.
        tried = type(own)(own._user_loss, own._user_loss_weights, output_names=own.output_names)
        x, y, weights = (column if column is None else column[:SHOWN] for column in (x, y, weights))
        answers = model(x, training=False)
        tried(y, answers, weights)
        type(own)(kind, output_names=own.output_names)(y, answers, weights)
    except Exception:
        return own
    return short


def last_layer(model: keras.Model):
    """The layer that gives the output, also in a nested network; None where there is no graph."""
    last = model
    while isinstance(last, keras.Model):
        outputs = getattr(last, "outputs", None) or ()
        if len(outputs) != 1:
            return None
        last = outputs[0]._keras_history.operation
    return last


def _is_as_prescribed(model: keras.Model) -> bool:
    """Whether it ends as most do, in which case nothing has to be tried."""
    loss = model._compile_loss
    known = isinstance(loss._user_loss, str) and loss._user_loss in ("binary_crossentropy", "bce")
    ends_in_sigmoid = getattr(last_layer(model), "activation", None) is keras.activations.sigmoid
    return known and ends_in_sigmoid and loss._user_loss_weights is None


def _is_bounded(model: keras.Model, images) -> bool:
    """Whether all that the network answers lies in [0, 1], however loud its input."""
    loud = np.random.default_rng(0).normal(0, LOUD, (SHOWN, *images.shape[1:]))
    answers = ops.convert_to_numpy(model(loud.astype(np.float32), training=False))
    return not ((answers < 0) | (answers > 1)).any()
