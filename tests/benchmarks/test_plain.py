"""The full training has as many steps as the lab asks for."""

from benchmarks.plain import steps_and_passes


def test_the_steps_of_the_sample_solution():
    # 60,000 images in batches of 100; 10 and 15 epochs.
    assert steps_and_passes("autoencoder") == (6000, 10)
    assert steps_and_passes("denoising_autoencoder") == (9000, 15)
