"""What was done to images whose noise is wrong, in words: the cause rather than its consequences.

Nothing here decides about credit: that noise is wrong, the tests have shown.
"""

import numpy as np

from autograder.judge import noise_tests as tests
from autograder.judge.noise_tests import Level, Noise

BLACK, BRIGHT = 0.002, 0.8
NOTHING = 0.01
"""Standard deviation up to which there is no noise to speak of."""
UNTOUCHED = 1e-6
FEW_VALUES = 64
CLOSE = 0.04
"""Share by which a number may be off to be taken for one that is known."""
LARGE_CORRELATION = 0.3

KNOWN_SIGMAS = (
    (lambda sigma: sigma**0.5, "{sigma} is the standard deviation, not the variance"),
    (
        lambda sigma: sigma**2,
        "{sigma} is the standard deviation itself; the variance would be its square",
    ),
    (lambda sigma: 0.5, "0.5 is the factor of many tutorials, here it is {sigma}"),
    (lambda sigma: sigma * 2**0.5, "this is what adding noise of {sigma} twice gives"),
    (lambda sigma: sigma * 2, "this is what adding the same noise of {sigma} twice gives"),
    (
        lambda sigma: sigma * 255,
        "the images are scaled to [0, 1], so that {sigma} needs no factor of 255",
    ),
    (
        lambda sigma: sigma / 255,
        "the images are already scaled to [0, 1], so that {sigma} needs no division by 255",
    ),
)


def cause(
    noise: Noise, level: Level, results: dict[str, float], sigma: float, blank: float, repeated: float
) -> str:
    """The first sentence about one set. blank, repeated: shares of images without noise, or with the same."""
    again = _standard(noise, level)
    return (
        _none(noise, sigma)
        or _wrapped(noise)
        or _multiplied(noise)
        or _missing(noise, blank)
        or _few_values(noise)
        or _scaled(noise, sigma)
        or _shared(again, repeated)
        or _other_distribution(noise, level, again)
        or _level(level, sigma, results)
        or _by_brightness(noise, results)
        or _mean(level, results)
        or _elsewhere(results)
    )


def _standard(noise: Noise, level: Level) -> np.ndarray:
    """The noise as multiples of its own standard deviation."""
    return noise.standard(level.mean, max(level.sigma, NOTHING / 10), np.random.default_rng(0))


def _none(noise: Noise, sigma: float) -> str:
    size = float(np.sqrt(np.mean(noise.added**2)))
    if size <= UNTOUCHED:
        return "no noise was added"
    if size < NOTHING:
        return f"there is no noise to speak of: its standard deviation is {size:.2g}, not {sigma}{_known(size, sigma)}"
    return ""


def _wrapped(noise: Noise) -> str:
    """Whole numbers below 0 or above 255 that became bytes, scaled to [0, 1] again or not."""
    top = 255.0 if noise.noisy.max() > 2 else 1.0
    dark = noise.noisy[noise.clean <= BLACK] / top
    steps = dark * 255
    whole = np.abs(steps - np.round(steps)).max(initial=0) < 1e-2
    turned = float(np.mean(dark > 0.6))
    # Few black pixels are half as bright as white: those are far from what noise of any size gives.
    if not (whole and 0.1 < turned < 0.7 and np.mean((dark > 0.45) & (dark < 0.55)) < turned / 4):
        return ""
    if np.isin(np.round(steps), (0, 255)).all():
        return ""
    return (
        f"{turned:.0%} of the black pixels became bright: in whole numbers of 8 bits (uint8), what falls below 0 "
        "starts again at 255. Add the noise to the images as float32"
    )


def _multiplied(noise: Noise) -> str:
    black, bright = noise.added[noise.clean <= BLACK], noise.added[noise.clean >= BRIGHT]
    if not black.size or not bright.size or np.mean(np.abs(black) > UNTOUCHED) > 1e-3:
        return ""
    if np.mean(np.abs(bright) > UNTOUCHED) < 0.5:
        return ""
    return "black pixels have no noise at all, bright ones have: add the noise to the images, do not multiply by it"


def _missing(noise: Noise, blank: float) -> str:
    quiet = float(np.mean(np.abs(noise.added).max(axis=1) < NOTHING))
    share = max(quiet, blank)
    if not 0 < share < 1:
        return ""
    return f"there is no noise in {_percent(share)} of the images; add it to every image of the set"


def _few_values(noise: Noise) -> str:
    touched = np.abs(noise.added) > UNTOUCHED
    rows = np.array([np.ptp(row[mask]) for row, mask in _black_rows(noise)])
    levels = np.array([np.mean(row[mask]) for row, mask in _black_rows(noise)])
    if len(rows) > 1 and rows.max() < 1e-5:
        if np.ptp(levels) < 1e-4:
            return f"the same number, {levels[0]:.3g}, is added to every pixel; noise is a random number for each"
        return (
            "all pixels of an image have the same noise; neighbouring pixels need numbers of their own"
        )
    values = np.unique(np.round(noise.noisy[touched & (noise.clean <= BLACK)], 5))
    if len(values) == 0 or len(values) >= FEW_VALUES:
        return ""
    if (
        np.mean(touched & (noise.clean <= BLACK)) < 0.3 * np.mean(noise.clean <= BLACK)
        or len(values) <= 2
    ):
        return (
            f"most pixels are not noisy at all and the others become {_list(values)}, as in salt-and-pepper "
            "noise; add a random number to every pixel"
        )
    step = float(np.min(np.diff(values)))
    return f"the noise takes only {len(values)} different values, in steps of {step:.2g}; leave it as it is drawn, not rounded"


def _black_rows(noise: Noise):
    """Each image with where it is black and not clipped below."""
    for row, clean in zip(noise.noisy, noise.clean, strict=True):
        mask = (clean <= BLACK) & (row != noise.low)
        if mask.any():
            yield row, mask


def _scaled(noise: Noise, sigma: float) -> str:
    """Other images than the clean ones under the noise."""
    dark, bright = noise.level(noise.clean <= BLACK), noise.level(noise.clean >= BRIGHT)
    at = float(noise.clean[noise.clean >= BRIGHT].mean())
    gain = (bright.mean + at - dark.mean) / at
    error = np.hypot(dark.mean_error, bright.mean_error)
    if not np.isfinite(error) or abs(gain - 1) < max(0.03, 6 * error):
        return ""
    black, white = dark.mean, dark.mean + gain
    values = f"black is {_number(black)} and white {_number(white)} on average"
    if gain > 20:
        return f"the images are not scaled to [0, 1]: {values}; x_train and x_test are, so add the noise to these"
    if gain < -0.3:
        return f"the images are inverted: {values}"
    if abs(gain - 1 / 255) < 0.02:
        if noise.noisy.std() < 0.9 * sigma or dark.sigma < 1.3 * sigma:
            return (
                f"the images under the noise are nearly black ({values}): x_train and x_test are already scaled to "
                "[0, 1] and were divided by 255 once more"
            )
    mean, deviation = float(noise.noisy.mean()), float(noise.noisy.std())
    if (
        abs(dark.sigma / gain / sigma - 1) < 0.1
        or abs(dark.sigma / gain / sigma - 2.5) < 0.25
        or gain < 0.9
    ):
        if abs(mean) < 0.05 and abs(deviation - 1) < 0.05:
            return (
                f"the noisy images were standardized to mean 0 and standard deviation 1 ({values}); leave the values "
                "as they are, or clip them"
            )
        if gain > 0.1:
            return f"the noisy images were rescaled: {values}; leave the values as they are, or clip them to [0, 1]"
    if abs(gain) < 0.1:
        return f"the clean images are not found under the noise: {values}, where x_train and x_test have 0 and 1"
    return f"the images under the noise have other grey levels: {values}, not 0 and 1"


def _shared(standard: np.ndarray, repeated: float) -> str:
    """Noise that is alike in pixels or images which should each have their own."""
    n, pixels = standard.shape
    pattern = ((standard.sum(axis=0) ** 2).sum() / n / pixels - 1) / n
    if pattern > 0.5:
        return "the noise is the same in every image; draw it for the shape of the whole set"
    fails = tests.tests_of_shape_and_independence(standard, np.zeros_like(standard))
    bound = np.log10(tests.SHARE)
    if repeated > 0.01 or tests.largest_cosine(standard, standard) > 0.5:
        share = f" (in {_percent(repeated)} of them)" if repeated > 0.01 else ""
        return (
            f"the same noise comes back in other images{share}; draw it for the shape of the whole set"
        )
    by_distance = tests.neighbour_correlations(standard)
    if fails["neighbours"] < bound and _correlation(by_distance, n) > LARGE_CORRELATION / 10:
        size = _correlation(by_distance, n)
        if size > LARGE_CORRELATION:
            return "neighbouring pixels have the same noise; draw it for every pixel"
        return f"pixels of an image do not have independent noise (their correlation is {size:.2f}); draw it for every pixel"
    if fails["pattern"] < bound and pattern > 0.03:
        return "part of the noise is the same in every image; draw it for the shape of the whole set"
    return ""


def _correlation(by_distance: np.ndarray, n: int) -> float:
    pairs = n * (tests.SIDE - tests.FARTHEST_NEIGHBOUR / 2) ** 2
    return float(np.abs(by_distance).max() / np.sqrt(pairs))


def _other_distribution(noise: Noise, level: Level, standard: np.ndarray) -> str:
    # Of any size: noise that is only too strong, or off, is Gaussian.
    shape = tests.tests_of_shape_and_independence(standard, noise.clean)["shape"]
    if shape > np.log10(tests.SHARE):
        return ""
    start = "the noise is not Gaussian"
    dark = noise.noisy[noise.clean <= BLACK]
    if noise.low == -np.inf and dark.min(initial=0) >= 0 and noise.added.min() < -NOTHING:
        return f"{start}: there is none below 0 on black pixels; values below 0 may stay or be clipped, not turned to positive ones"
    seen = dark[(dark > max(noise.low, -np.inf)) & (dark < noise.high)]
    if noise.low == -np.inf:
        centre = np.median(seen)
        skew = float(np.mean((seen - centre) ** 3) / np.mean((seen - centre) ** 2) ** 1.5)
        if abs(skew) > 0.3:
            return f"{start}: it is not symmetric ({_around(level)})"
        halves = np.abs(seen - centre)
    else:
        halves = seen
    ratio = float(np.mean(halves) ** 2 / np.mean(halves**2))
    if 0.72 < ratio < 0.78:
        return (
            f"{start}: it is uniform, all values are equally frequent; use normal, not uniform or random"
        )
    if ratio < 0.62:
        return f"{start}: very small and very large values are too frequent; use np.random.normal"
    return f"{start}: it has another distribution ({_around(level)}); use np.random.normal"


def _level(level: Level, sigma: float, results: dict[str, float]) -> str:
    if results["level"] > np.log10(tests.SHARE):
        return ""
    size = f"{level.sigma:.3g} (±{_error(1.96 * level.sigma_error)})"
    return f"the standard deviation is {size}, not {sigma}{_known(level.sigma, sigma)}"


def _mean(level: Level, results: dict[str, float]) -> str:
    if results["mean"] > np.log10(tests.SHARE):
        return ""
    return f"the noise has not mean 0 but {level.mean:.2g} (±{_error(1.96 * level.mean_error)})"


def _by_brightness(noise: Noise, results: dict[str, float]) -> str:
    bound = np.log10(tests.SHARE)
    dark, bright = noise.level(noise.clean < tests.BRIGHT), noise.level(noise.clean >= tests.BRIGHT)
    if results["level by brightness"] < bound:
        return (
            f"the noise depends on the image (σ is {dark.sigma:.2g} on dark and {bright.sigma:.2g} on bright "
            "pixels): add the same kind of noise everywhere, do not multiply"
        )
    if results["mean by brightness"] < bound:
        return (
            f"the noise depends on the image (its mean is {dark.mean:.2g} on dark and {bright.mean:.2g} on bright "
            "pixels)"
        )
    return ""


def _elsewhere(results: dict[str, float]) -> str:
    """What the test that failed most looks at."""
    said = {
        "level of an image": "the noise is not equally strong in all images",
        "mean of an image": "the noise of single images has not mean 0",
        "level of a pixel": "the noise is not equally strong in all places of the image",
        "shape": "the noise is not Gaussian",
        "repetition": "the same noise comes back in other images; draw it for the shape of the whole set",
        "missing": "some images have no noise; add it to every image of the set",
    }
    worst = min(results, key=results.get)
    return said.get(worst, "the noise is not independent from pixel to pixel and image to image")


def _known(size: float, sigma: float) -> str:
    for known, text in KNOWN_SIGMAS:
        if abs(size / known(sigma) - 1) <= CLOSE:
            return f": {text.format(sigma=sigma)}"
    return ""


def _around(level: Level) -> str:
    return f"σ ≈ {level.sigma:.2g}, mean ≈ {level.mean:.2g}"


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) >= 0.005 else "0"


def _error(value: float) -> str:
    return f"{value:.1g}"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else "less than 1 %"


def _list(values: np.ndarray) -> str:
    if len(values) > 3:
        return f"one of {len(values)} numbers"
    return " or ".join(f"{value:.3g}" for value in values)
