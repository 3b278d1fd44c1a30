"""Explains in words what was done to images whose noise is wrong.

Nothing here decides on credit: the tests have already shown that the noise is wrong.
"""

from collections.abc import Callable

import numpy as np

from autograder.judge import noise_statistics as tests
from autograder.judge.noise_statistics import BLACK, Level, Noise

WHITE = 0.8
NOTHING = 0.01
"""Standard deviation below which noise counts as none."""
UNTOUCHED = 1e-6
FEW_VALUES = 64
CLOSE = 0.04
"""Relative difference up to which a standard deviation counts as a known one."""
LARGE_CORRELATION = 0.3
GAUSSIAN_RATIO, UNIFORM_RATIO = 2 / np.pi, 0.75
"""Squared mean absolute deviation over the mean squared deviation, for each distribution."""

KNOWN_SIGMAS: tuple[tuple[Callable[[float], float], str], ...] = (
    (lambda s: s**0.5, "{sigma} is the standard deviation, not the variance"),
    (lambda s: s**2, "{sigma} is the standard deviation itself; the variance would be its square"),
    (lambda s: 0.5, "0.5 is the factor of many tutorials, here it is {sigma}"),
    (lambda s: 1, "1 is what is drawn where no scale is given"),
    (lambda s: s * 2**0.5, "this is what adding noise of {sigma} twice gives"),
    (lambda s: s * 2, "this is what adding the same noise of {sigma} twice gives"),
    (lambda s: s * 255, "the images are scaled to [0, 1], so that {sigma} needs no factor of 255"),
    (
        lambda s: s / 255,
        "the images are already scaled to [0, 1], so that {sigma} needs no division by 255",
    ),
)


def cause(
    noise: Noise, level: Level, results: dict[str, float], sigma: float, blank: float, repeated: float
) -> str:
    """Returns the first cause that applies to a set that failed a test.

    blank, repeated: shares of its images without noise, and with the noise of another image.
    """
    again = _standard(noise, level)
    # With nearly all frames black, or none, many images have the same signature by chance.
    if abs(level.mean) > level.sigma:
        repeated = 0.0
    return (
        _none(noise, sigma)
        or _wrapped(noise)
        or _multiplied(noise)
        or _constant(noise)
        or _missing(noise, blank)
        or _few_values(noise)
        or _turned(noise)
        or _black_and_white(noise)
        or _scaled(noise, sigma)
        or _shared(again, repeated)
        or _uneven(again, level)
        or _other_distribution(noise)
        or _by_brightness(noise, again)
        or _partly_shared(again)
        or _level(level, sigma, results)
        or _mean(level, results)
        or _elsewhere(results)
    )


def _standard(noise: Noise, level: Level) -> np.ndarray:
    """The noise, standardized with its own mean and standard deviation."""
    return noise.standard(level.mean, max(level.sigma, NOTHING / 10), np.random.default_rng(0))


def _none(noise: Noise, sigma: float) -> str:
    size = float(np.sqrt(np.mean(noise.added**2)))
    if size <= UNTOUCHED:
        return "no noise was added"
    if size < NOTHING:
        known = _known(size, sigma)
        return f"there is no noise to speak of: its standard deviation is {size:.2g}, not {sigma}{known}"
    return ""


def _wrapped(noise: Noise) -> str:
    """Recognizes integers below 0 or above 255 that wrapped around as bytes, later scaled or not."""
    top = 255.0 if noise.noisy.max() > 2 else 1.0
    dark = noise.noisy[noise.clean <= BLACK] / top
    steps = dark * 255
    whole = np.abs(steps - np.round(steps)).max(initial=0) < 1e-2
    turned = float(np.mean(dark > 0.6))
    # Wrapped values are near 0 and 255: few are in the middle, whatever the size of the noise.
    if not (whole and 0.1 < turned < 0.7 and np.mean((dark > 0.45) & (dark < 0.55)) < turned / 4):
        return ""
    if np.isin(np.round(steps), (0, 255)).all():
        return ""
    return (
        f"{turned:.0%} of the black pixels became bright: in whole numbers of 8 bits (uint8), "
        "what falls below 0 starts again at 255. Add the noise to the images as float32"
    )


def _multiplied(noise: Noise) -> str:
    black, bright = noise.added[noise.clean <= BLACK], noise.added[noise.clean >= WHITE]
    if not black.size or not bright.size or np.mean(np.abs(black) > UNTOUCHED) > 1e-3:
        return ""
    if np.mean(np.abs(bright) > UNTOUCHED) < 0.5:
        return ""
    factor = float((noise.noisy * noise.clean).sum() / (noise.clean**2).sum())
    if np.abs(noise.noisy - factor * noise.clean).max() < NOTHING * abs(factor):
        return f"no noise was added: the images are x_train or x_test times {factor:.3g}"
    return (
        "black pixels have no noise at all, bright ones have: add the noise to the images, do "
        "not multiply by it"
    )


def _constant(noise: Noise) -> str:
    rows = _black_rows(noise)
    if len(rows) > 1 and max(np.ptp(row) for row in rows) < 1e-5:
        numbers = [row.mean() for row in rows]
        if np.ptp(numbers) < 1e-4:
            return (
                f"the same number, {numbers[0]:.3g}, is added to every pixel; noise is a random "
                "number for each"
            )
        return (
            "all pixels of an image have the same noise; neighbouring pixels need numbers of their own"
        )
    return ""


def _missing(noise: Noise, blank: float) -> str:
    quiet = float(np.mean(np.abs(noise.added).max(axis=1) < NOTHING))
    # Many black frames, but no quiet image: the noise is below 0 nearly everywhere.
    if not 0 < max(quiet, blank) < 1 or (quiet == 0 and blank > 0.1):
        return ""
    share = _percent(max(quiet, blank))
    return f"there is no noise in about {share} of the images; add it to every image of the set"


def _few_values(noise: Noise) -> str:
    touched, black = np.abs(noise.added) > UNTOUCHED, noise.clean <= BLACK
    values = np.unique(np.round(noise.noisy[touched & black], 5))
    if len(values) == 0 or len(values) >= FEW_VALUES:
        return ""
    if np.mean(touched & black) < 0.3 * np.mean(black) or len(values) <= 2:
        return (
            f"most pixels are not noisy at all and the others become {_list(values)}, as in "
            "salt-and-pepper noise; add a random number to every pixel"
        )
    step = float(np.min(np.diff(values)))
    steps = np.diff(values) / step
    if np.abs(steps - np.round(steps)).max() > 0.1:
        return ""
    return (
        f"the noise takes only {len(values)} different values, in steps of {step:.2g}; leave it "
        "as it is drawn, not rounded"
    )


def _black_rows(noise: Noise) -> list[np.ndarray]:
    """The noisy values of black pixels, of each image in which most of these changed."""
    rows = []
    for row, clean in zip(noise.noisy, noise.clean, strict=True):
        black = row[clean <= BLACK]
        changed = black[black != noise.low]
        if len(changed) > 0.9 * len(black) > 0:
            rows.append(changed)
    return rows


def _turned(noise: Noise) -> str:
    dark, bright = noise.noisy[noise.clean <= BLACK], noise.added[noise.clean >= WHITE]
    if (
        noise.low > -np.inf
        or dark.min(initial=0) < 0
        or abs(bright.mean()) > 0.05
        or abs(_ratio(dark) - GAUSSIAN_RATIO) > 0.03
    ):
        return ""
    return (
        "the noise is not Gaussian: on black pixels there is none below 0. Such values may stay "
        "or be clipped, but not be turned to positive ones"
    )


def _black_and_white(noise: Noise) -> str:
    dark, light = ((noise.clean > low) & (noise.clean < low + 0.3) for low in (0.15, 0.55))
    if not dark.any() or not light.any():
        return ""
    below, above = noise.level(dark).mean, noise.level(light).mean
    if abs(below + noise.clean[dark].mean()) > 0.08 or abs(above - 1 + noise.clean[light].mean()) > 0.08:
        return ""
    return (
        "the images under the noise are only black and white; add the noise to x_train and x_test, "
        "which have grey pixels, too"
    )


def _scaled(noise: Noise, sigma: float) -> str:
    """Recognizes noise that was added to images other than the clean ones."""
    black, bright = noise.clean <= BLACK, noise.clean >= WHITE
    dark, light = noise.level(black), noise.level(bright)
    white = float(noise.clean[bright].mean())
    gain = (light.mean + white - dark.mean) / white
    error = np.hypot(dark.mean_error, light.mean_error)
    if not np.isfinite(error) or abs(gain - 1) < max(0.03, 6 * error):
        return ""
    values = f"black is {_number(dark.mean)} and white {_number(dark.mean + gain)} on average"
    if gain > 20:
        return (
            f"the images are not scaled to [0, 1]: {values}; x_train and x_test are, so add the "
            "noise to these"
        )
    if gain < -0.3:
        return f"the images are inverted: {values}"
    if abs(gain) < 0.02:
        return (
            f"the images under the noise are nearly black ({values}): x_train and x_test are "
            "already scaled to [0, 1], and must not be divided by 255 once more"
        )
    if gain < 0.9 and 0.03 < np.mean(noise.noisy[black] > 0.7) < 0.45:
        return (
            f"the clean images are not those under the noise: {values}. Each noisy image must "
            "stand where its clean one stands"
        )
    mean, deviation = float(noise.noisy.mean()), float(noise.noisy.std())
    if abs(mean) < 0.05 and abs(deviation - 1) < 0.05:
        return (
            f"the noisy images were standardized to mean 0 and standard deviation 1 ({values}); "
            "leave the values as they are, or clip them to [0, 1]"
        )
    ratio = dark.sigma / gain
    if not 0.9 < gain < 1.2 and any(abs(ratio / known - 1) < 0.15 for known in (sigma, 0.5)):
        return (
            f"the noisy images were rescaled: {values}; leave the values as they are, or clip "
            "them to [0, 1]"
        )
    return f"the images under the noise are not x_train and x_test: {values}, not 0 and 1"


def _shared(standard: np.ndarray, repeated: float) -> str:
    """Recognizes noise that is the same in different pixels or images."""
    if _pattern(standard) > 0.5:
        return "the noise is the same in every image; draw it for the shape of the whole set"
    if _correlation(standard) > LARGE_CORRELATION:
        return "neighbouring pixels have the same noise; draw it for every pixel"
    share = f" (in {_percent(repeated)} of them)" if repeated > 0.01 else ""
    if share or tests.largest_cosine(standard, standard) > 0.5:
        return (
            f"the same noise comes back in other images{share}; draw it for the shape of the whole set"
        )
    return ""


def _uneven(standard: np.ndarray, level: Level) -> str:
    """Recognizes noise of different strength in different images or places."""
    by_image, by_pixel = (np.sqrt((standard**2).mean(axis=axis)) for axis in (1, 0))
    for sizes, most, where in ((by_image, 0.08, "images"), (by_pixel, 0.25, "places of the image")):
        if sizes.std() > most:
            low, high = level.sigma * np.quantile(sizes, (0.05, 0.95))
            return f"the noise is not equally strong in all {where}: σ is from {low:.2g} to {high:.2g}"
    return ""


def _partly_shared(standard: np.ndarray) -> str:
    alike = _correlation(standard)
    results = tests.tests_of_shape_and_independence(standard, np.zeros_like(standard))
    if tests.fails(results["pattern"]) and _pattern(standard) > 0.03:
        return "part of the noise is the same in every image; draw it for the shape of the whole set"
    if tests.fails(results["neighbours"]) and alike > 0.03:
        return (
            "pixels of an image do not have independent noise (their correlation is "
            f"{alike:.2f}); draw it for every pixel"
        )
    return ""


def _pattern(standard: np.ndarray) -> float:
    """The share of the variance that is the same in every image."""
    n, pixels = standard.shape
    return float(((standard.sum(axis=0) ** 2).sum() / n / pixels - 1) / n)


def _correlation(standard: np.ndarray) -> float:
    """Roughly the largest correlation of pixels within an image."""
    pairs = len(standard) * (tests.SIDE - tests.FARTHEST_NEIGHBOUR / 2) ** 2
    return float(np.abs(tests.neighbour_correlations(standard)).max() / np.sqrt(pairs))


def _other_distribution(noise: Noise) -> str:
    """Recognizes noise on black pixels that is not Gaussian, whatever its mean and deviation."""
    black = noise.clean <= BLACK
    level = noise.level(black)
    if not tests.fails(tests.test_of_shape(_standard(noise, level)[black])):
        return ""
    dark = noise.noisy[black]
    halves = dark[(dark > noise.low) & (dark < noise.high)]
    if -np.inf < noise.low < -NOTHING:
        return (
            f"the noise is not Gaussian: none is less than {noise.low:.2g}. The noisy images may be "
            "clipped to [0, 1], but not the noise"
        )
    if noise.low == -np.inf:
        middle = halves - np.median(halves)
        if abs(np.mean(middle**3)) > 0.3 * np.mean(middle**2) ** 1.5:
            return f"the noise is not Gaussian: it is not symmetric ({_around(level)})"
        halves = np.abs(middle)
    ratio = _ratio(halves)
    if UNIFORM_RATIO - 0.03 < ratio < UNIFORM_RATIO + 0.03:
        return (
            "the noise is not Gaussian: it is uniform, all values are equally frequent; use "
            "normal, not uniform or random"
        )
    if ratio < GAUSSIAN_RATIO - 0.01:
        return (
            "the noise is not Gaussian: very small and very large values are too frequent; use "
            "np.random.normal"
        )
    return f"the noise is not Gaussian ({_around(level)}); use np.random.normal"


def _ratio(halves: np.ndarray) -> float:
    """The squared mean over the mean square: the heavier the tails, the smaller."""
    return float(np.mean(halves) ** 2 / max(np.mean(halves**2), 1e-30))


def _level(level: Level, sigma: float, results: dict[str, float]) -> str:
    if not tests.fails(results["level"]):
        return ""
    error = 1.96 * level.sigma_error
    size = f"{level.sigma:.3g} (±{error:.1g})"
    return f"the standard deviation is {size}, not {sigma}{_known(level.sigma, sigma, error)}"


def _mean(level: Level, results: dict[str, float]) -> str:
    if not tests.fails(results["mean"]):
        return ""
    return f"the mean of the noise is {level.mean:.2g} (±{1.96 * level.mean_error:.1g}), not 0"


def _by_brightness(noise: Noise, standard: np.ndarray) -> str:
    results = tests.tests_of_shape_and_independence(standard, noise.clean)
    if not tests.fails(min(results["level by brightness"], results["mean by brightness"])):
        return ""
    dark, bright = noise.level(noise.clean < tests.BRIGHT), noise.level(noise.clean >= tests.BRIGHT)
    if abs(bright.sigma - dark.sigma) > CLOSE * dark.sigma:
        return (
            f"the noise depends on the image (σ is {dark.sigma:.2g} on dark and "
            f"{bright.sigma:.2g} on bright pixels): add the same kind of noise everywhere, do not "
            "multiply"
        )
    if abs(bright.mean - dark.mean) > NOTHING:
        return (
            f"the noise depends on the image (its mean is {dark.mean:.2g} on dark and "
            f"{bright.mean:.2g} on bright pixels)"
        )
    return ""


def _elsewhere(results: dict[str, float]) -> str:
    """Says what the test with the smallest p-value found."""
    said = {
        "level of an image": "the noise is not equally strong in all images",
        "mean of an image": "the noise of single images has not mean 0",
        "level of a pixel": "the noise is not equally strong in all places of the image",
        "shape": "the noise is not Gaussian",
        "repetition": "the same noise comes back in other images; draw it anew for each",
        "missing": "some images have no noise; add it to every image of the set",
    }
    worst = min(results, key=results.__getitem__)
    return said.get(worst, "the noise is not independent from pixel to pixel and image to image")


def _known(size: float, sigma: float, error: float = 0) -> str:
    """A known cause of noise of this size; empty if there is none."""
    for known, text in KNOWN_SIGMAS:
        # A guess that is the right σ itself explains nothing.
        guess = known(sigma)
        if abs(guess - sigma) > CLOSE * sigma and abs(size - guess) <= max(CLOSE * guess, error):
            return f": {text.format(sigma=sigma)}"
    return ""


def _around(level: Level) -> str:
    return f"σ ≈ {level.sigma:.2g}, mean ≈ {level.mean:.2g}"


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) >= 0.005 else "0"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else "less than 1 %"


def _list(values: np.ndarray) -> str:
    if len(values) > 3:
        return f"one of {len(values)} numbers"
    return " or ".join(f"{value:.3g}" for value in values)
