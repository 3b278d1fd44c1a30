"""The functions that test cells call: each takes the student's objects and hands over evidence for one
criterion.

In the grading kernel the evidence is published for the judge outside. Where an instructor runs a source
notebook by hand there is no such judge, and `on_the_spot` shows the verdict instead.
"""

from typing import Any

from autograder.kernel import noisy, watchers
from autograder.kernel.describe import describe
from autograder.kernel.samples import sample
from autograder.protocol.evidence import DRAWINGS, Drawing, Evidence, FitEvidence, ModelEvidence, Sample


def _on_the_spot(evidence: Evidence) -> None:
    from autograder.check.on_the_spot import show_verdict

    show_verdict(evidence)


# Outside the grading kernel, this import starts to watch the training and drawing in later cells.
_watchers = watchers.start(steps=None, deliver=_on_the_spot)


def _hand_over(
    check: str,
    model: ModelEvidence | None = None,
    *,
    fits: tuple[FitEvidence, ...] = (),
    arrays: dict[str, Sample] | None = None,
    drawings: tuple[Drawing, ...] = (),
) -> None:
    incidents = tuple(_watchers.incidents)
    evidence = Evidence(check, watchers.request(), model, fits, arrays or {}, drawings, incidents)
    _watchers.deliver(evidence)


def _describe(model: Any, *, compiled: bool = False) -> ModelEvidence:
    return describe(model, watchers.request(), compiled=compiled)


def noise(x_train_noisy: Any, x_test_noisy: Any) -> None:
    """Hands over the noisy images of both sets."""
    sets = {"x_train_noisy": x_train_noisy, "x_test_noisy": x_test_noisy}
    _hand_over("noise", arrays=noisy.look(watchers.request(), sets))


def encoder(model: Any) -> None:
    """Hands over the network, for its layers that reduce the image."""
    _hand_over("encoder", _describe(model))


def decoder(model: Any) -> None:
    """Hands over the network, for its layers that restore the image."""
    _hand_over("decoder", _describe(model))


def output_layer(model: Any) -> None:
    """Hands over the network, for its last layer."""
    _hand_over("output-layer", _describe(model))


def loss(model: Any) -> None:
    """Hands over the network with its compiled loss."""
    _hand_over("loss", _describe(model, compiled=True))


def optimizer(model: Any) -> None:
    """Hands over the network with its compiled optimizer."""
    _hand_over("optimizer", _describe(model, compiled=True))


def training(model: Any, x_train_noisy: Any = None) -> None:
    """Hands over the calls of `fit`, and the noisy images if the network was to be trained on them."""
    arrays = {} if x_train_noisy is None else {"x_train_noisy": sample(x_train_noisy)}
    _hand_over("training", _describe(model), fits=_watchers.fits.calls(model), arrays=arrays)


def reconstruction(model: Any) -> None:
    """Hands over the trained network, which the judge tries on images it has not seen."""
    _hand_over("reconstruction", _describe(model), fits=_watchers.fits.calls(model))


def denoising(model: Any) -> None:
    """Hands over the trained network, which the judge tries on noisy images it has not seen."""
    _hand_over("denoising", _describe(model), fits=_watchers.fits.calls(model))


def visualization(model: Any, x_test_noisy: Any = None) -> None:
    """Hands over the drawings, the network they should come from and its noisy inputs, if any."""
    arrays = {} if x_test_noisy is None else {"x_test_noisy": sample(x_test_noisy)}
    drawings = tuple(_watchers.screen.drawings)
    _hand_over("visualization", _describe(model), arrays=arrays, drawings=drawings)


def drawings() -> None:
    """Hands over all drawings; called after the last cell, as figures may be shown after their check."""
    _hand_over(DRAWINGS, drawings=tuple(_watchers.screen.drawings))
