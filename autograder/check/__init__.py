"""What the hidden part of a test cell calls: each check hands over evidence for one criterion.

In the grading kernel the evidence is published, and a judge outside reads it. Where a source
notebook is run by hand there is no such judge: the verdict is then given on the spot.
"""

from typing import Any

from autograder.kernel import noisy, watchers
from autograder.kernel.describe import describe, sample
from autograder.protocol.evidence import DRAWINGS, Evidence, ModelEvidence, Sample


def _on_the_spot(evidence: Evidence) -> None:
    from autograder.check.on_the_spot import show_verdict

    show_verdict(evidence)


# Importing this module starts to watch, unless the kernel does already: training and drawing further
# down are to be seen.
_session = watchers.start(shorten=False, deliver=_on_the_spot)


def _hand_over(
    check: str,
    model: ModelEvidence | None = None,
    *,
    fits: tuple = (),
    arrays: dict[str, Sample] | None = None,
    drawings: tuple = (),
) -> None:
    incidents = tuple(_session.incidents)
    _session.deliver(Evidence(check, watchers.request(), model, fits, arrays or {}, drawings, incidents))


def _describe(model: Any, *, compiled: bool = False) -> ModelEvidence:
    return describe(model, watchers.request(), compiled=compiled)


def noise(x_train_noisy: Any, x_test_noisy: Any) -> None:
    """The noise added to both sets of images."""
    sets = {"x_train_noisy": x_train_noisy, "x_test_noisy": x_test_noisy}
    _hand_over("noise", arrays=noisy.look(watchers.request(), sets))


def encoder(model: Any) -> None:
    """The layers that reduce the image."""
    _hand_over("encoder", _describe(model))


def decoder(model: Any) -> None:
    """The layers that bring the image back."""
    _hand_over("decoder", _describe(model))


def output_layer(model: Any) -> None:
    """The layer that makes one grey channel of it."""
    _hand_over("output-layer", _describe(model))


def loss(model: Any) -> None:
    """The compiled loss."""
    _hand_over("loss", _describe(model, compiled=True))


def optimizer(model: Any) -> None:
    """The compiled optimizer."""
    _hand_over("optimizer", _describe(model, compiled=True))


def training(model: Any, x_train_noisy: Any = None) -> None:
    """How `fit` was called; with the noisy images, if it was to be called with them."""
    arrays = {} if x_train_noisy is None else {"x_train_noisy": sample(x_train_noisy)}
    _hand_over("training", _describe(model), fits=_session.fits.calls(model), arrays=arrays)


def reconstruction(model: Any) -> None:
    """The trained network, to be tried on images it has not seen."""
    fits = _session.fits.calls(model)
    _hand_over("reconstruction", _describe(model), fits=fits)


def denoising(model: Any) -> None:
    """The trained network, to be tried on noisy images it has not seen."""
    fits = _session.fits.calls(model)
    _hand_over("denoising", _describe(model), fits=fits)


def visualization(model: Any, x_test_noisy: Any = None) -> None:
    """The pictures on screen, the network they should come from and, if any, its noisy inputs."""
    arrays = {} if x_test_noisy is None else {"x_test_noisy": sample(x_test_noisy)}
    _hand_over(
        "visualization",
        _describe(model),
        arrays=arrays,
        drawings=tuple(_session.screen.drawings),
    )


def drawings() -> None:
    """All that was drawn: asked for after the last cell, as pictures may be shown after their check."""
    _hand_over(DRAWINGS, drawings=tuple(_session.screen.drawings))
