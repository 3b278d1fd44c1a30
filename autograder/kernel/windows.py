"""Replaces windows and sliders, which nobody sees or moves here."""

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import matplotlib.pyplot as plt

from autograder.kernel import watchers
from autograder.kernel.after_import import after_import


def install() -> None:
    """Lets windows leave a remark, and makes a slider an incident."""
    plt.switch_backend = _inline_instead(plt.switch_backend)
    after_import("cv2", _without_windows)
    after_import("ipywidgets.widgets.interaction", _at_rest)


def _inline_instead(switch: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(switch)
    def switch_backend(newbackend: str) -> None:
        try:
            switch(newbackend)
        except ImportError as error:
            watchers.remark(f"figures are shown inline here ({error})")

    return switch_backend


def _without_windows(cv2: ModuleType) -> None:
    for name in ("imshow", "waitKey", "namedWindow", "destroyAllWindows", "destroyWindow"):
        setattr(cv2, name, _doing_nothing(f"cv2.{name}"))


def _doing_nothing(name: str) -> Callable[..., int]:
    def nothing(*_: object, **__: object) -> int:
        watchers.remark(f"{name} does nothing here: there are no windows")
        return -1

    return nothing


def _at_rest(interaction: ModuleType) -> None:
    update = interaction.interactive.update

    @functools.wraps(update)
    def noted(self: Any, *arguments: object) -> None:
        watchers.incident(
            "nobody moves a slider on the grading machine (interact): it shows what it shows at first"
        )
        update(self, *arguments)

    interaction.interactive.update = noted
