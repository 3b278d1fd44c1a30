"""Held-out digits with the student's own noise, whatever it is, drawn from what went into `fit`."""

from collections.abc import Callable

import numpy as np

from autograder.judge import fed
from autograder.judge.reference import Reference, are_among
from autograder.protocol.evidence import FitEvidence

_SEED = 104_729
GREYS = 8
"""Bands of brightness: pixels of one band get noise from pixels of the same band."""
LET_THROUGH = 0.5
"""Share of the noise, in proportion to the digits' contrast, of which more is not to be left. The
prescribed network leaves 0.03, one that hands images on all of it, and 0.53 if it cuts off to [0, 1]."""


def on_held_out(fits: tuple[FitEvidence, ...], reference: Reference) -> np.ndarray | None:
    """The held-out digits as the student's inputs would be, float32 (n, 28, 28, 1).

    None where the last call that trained has no clean targets, other inputs than images, or no noise.
    """
    trained = [fit for fit in fits if fit.steps]
    if not trained:
        return None
    given, clean = trained[-1].input, trained[-1].target
    if given is None or clean is None or not (fed.are_images(given) and fed.are_images(clean)):
        return None
    if given.rows != clean.rows or not fed.holds(are_among(clean.values, reference.train), clean):
        return None
    if np.sqrt(np.mean((given.values - clean.values) ** 2)) < fed.NO_NOISE:
        return None
    return _transferred(given.values, clean.values, reference.held_out)


def lets_through(run: Callable[[np.ndarray], np.ndarray], noisy: np.ndarray, digits: np.ndarray) -> bool:
    """Whether a network hands noise on, which has little error where the noise is faint."""
    return handed_on(run, noisy, digits) > LET_THROUGH


def handed_on(run: Callable[[np.ndarray], np.ndarray], noisy: np.ndarray, digits: np.ndarray) -> float:
    """The share of the noise that a network hands on, in proportion to the digits' contrast.

    run: the network. What the noise changes in brightness and contrast alone may be handed on.
    """
    noise, band = noisy - digits, _band(digits)
    smooth = np.zeros_like(noise)
    for each in np.unique(band):
        smooth[band == each] = noise[band == each].mean()
    rest = noise - smooth
    if rest.std() < fed.NO_NOISE:
        return 0.0
    left = np.mean((run(noisy) - run(digits + smooth)) * rest) / np.mean(rest**2)
    contrast = np.polyfit(digits.ravel(), noisy.ravel(), 1)[0]
    return float(left * contrast)


def _transferred(noisy: np.ndarray, clean: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """The digits with noise of pixels as bright: of one image each, at the same place where that can be.

    So noise that depends on the image stays so, and noise that images or pixels share stays shared.
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


def _band(images: np.ndarray) -> np.ndarray:
    return np.minimum((images * GREYS).astype(int), GREYS - 1)
