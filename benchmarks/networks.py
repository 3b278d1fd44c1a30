"""The networks that the lab prescribes, in Keras."""

import keras

from autograder.lab import IMAGE_SHAPE, Exercise


def build(exercise: Exercise) -> keras.Sequential:
    """Builds the prescribed network, not compiled."""
    layers = [keras.Input(IMAGE_SHAPE)]
    for required in exercise.layers:
        if required.kind == "Conv2D":
            convolution = keras.layers.Conv2D(
                required.filters,
                required.kernel,
                activation=required.activation,
                padding=required.padding_to_build,
            )
            layers.append(convolution)
        elif required.kind == "MaxPooling2D":
            layers.append(keras.layers.MaxPooling2D(required.size, padding=required.padding_to_build))
        else:
            layers.append(keras.layers.UpSampling2D(required.size))
    return keras.Sequential(layers)


def optimizer(exercise: Exercise) -> keras.optimizers.Optimizer:
    """Returns the optimizer of the sample solution."""
    kind = getattr(keras.optimizers, exercise.optimizer)
    return kind(learning_rate=exercise.learning_rate)
