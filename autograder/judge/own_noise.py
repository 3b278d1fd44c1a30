"""Adds noise like that in the student's inputs of `fit`, whatever its kind, to held-out digits."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from autograder.judge import fit_inputs
from autograder.judge.reference import Floats, Reference, are_among
from autograder.protocol.evidence import FitEvidence

_SEED = 104_729
GREYS = 8
"""Bands of brightness: a pixel gets its noise from pixels in the same band."""
LET_THROUGH = 0.5
"""Largest share of the noise, relative to the digits' contrast, that a denoising network leaves. The
prescribed network leaves 0.03. A network that copies its input leaves 1, or 0.53 if it clips."""

Network = Callable[[Floats], Floats]
"""Runs a network on images."""


def on_held_out(fits: tuple[FitEvidence, ...], reference: Reference) -> Floats | None:
    """The held-out digits with noise as in the student's inputs.

    None if the last call that trained has no clean targets, other inputs than images, or no noise.
    """
    trained = [fit for fit in fits if fit.steps]
    if not trained:
        return None
    given, clean = trained[-1].input, trained[-1].target
    if (
        given is None
        or clean is None
        or not (fit_inputs.are_images(given) and fit_inputs.are_images(clean))
    ):
        return None
    if given.rows != clean.rows or not fit_inputs.holds(are_among(clean.values, reference.train), clean):
        return None
    if np.sqrt(np.mean((given.values - clean.values) ** 2)) < fit_inputs.NO_NOISE:
        return None
    return _transferred(given.values, clean.values, reference.held_out)


def lets_through(run: Network, noisy: Floats, digits: Floats) -> bool:
    """Whether a network lets noise through: if the noise is faint, the error does not show it."""
    return handed_on(run, noisy, digits) > LET_THROUGH


def handed_on(run: Network, noisy: Floats, digits: Floats) -> float:
    """The share of the noise that a network lets through, relative to the digits' contrast.

    The part of the noise that only changes brightness and contrast does not count.
    """
    noise, band = noisy - digits, _band(digits)
    smooth = np.zeros_like(noise)
    for each in np.unique(band):
        smooth[band == each] = noise[band == each].mean()
    rest = noise - smooth
    if rest.std() < fit_inputs.NO_NOISE:
        return 0.0
    left = np.mean((run(noisy) - run(digits + smooth)) * rest) / np.mean(rest**2)
    contrast = np.polyfit(digits.ravel(), noisy.ravel(), 1)[0]
    return float(left * contrast)


def _transferred(noisy: Floats, clean: Floats, digits: Floats) -> Floats:
    """Adds the noise of one image to each digit, pixel by pixel where both are equally bright.

    Other pixels get the noise of random pixels of their brightness. So noise still depends on the image
    if it did before, and images or pixels still share the noise that they shared before.
    """
    random, noise = np.random.default_rng(_SEED), noisy - clean
    of_image = np.arange(len(digits)) % len(clean)
    added = noise[of_image].copy()
    band, band_of_clean = _band(digits), _band(clean)
    elsewhere = band != band_of_clean[of_image]
    for each in range(GREYS):
        pool = noise[band_of_clean == each]
        places = elsewhere & (band == each)
        if pool.size:
            added[places] = random.choice(pool, int(places.sum()))
    return (digits + added).astype(np.float32)


def _band(images: Floats) -> NDArray[np.int_]:
    """The band of brightness of each pixel."""
    band: NDArray[np.int_] = np.minimum((images * GREYS).astype(int), GREYS - 1)
    return band
