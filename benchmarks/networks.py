"""The networks that the lab prescribes, in Keras."""

import keras

from autograder.lab import IMAGE_SHAPE, KERNEL_SIZE, Exercise


def build(exercise: Exercise) -> keras.Sequential:
    """Builds the prescribed network, not compiled."""
    layers = [keras.Input(IMAGE_SHAPE)]
    for required in (*exercise.encoder, *exercise.decoder, exercise.output):
        if required.kind == "Conv2D":
            convolution = keras.layers.Conv2D(
                required.filters, KERNEL_SIZE, activation=required.activation, padding=required.padding
            )
            layers.append(convolution)
        elif required.kind == "MaxPooling2D":
            layers.append(keras.layers.MaxPooling2D(2, padding="same"))
        else:
            layers.append(keras.layers.UpSampling2D(2))
    return keras.Sequential(layers)


def adagrad() -> keras.optimizers.Optimizer:
    """Returns the optimizer of the sample solutions."""
    return keras.optimizers.Adagrad(learning_rate=0.01)
