"""What stands in the notebook under another name, where a check asks for one that is not defined."""

import sys
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

MOST = 20
"""Objects that are told of."""


def install(shell) -> None:
    """From now on the error over a name that a check asks for tells what there is instead.

    shell: IPython's, of this kernel.
    """
    shell.set_custom_exc((NameError,), _tell)


def _tell(shell, kind, error, traceback, tb_offset=None) -> None:
    if _is_of_a_check(traceback, shell.user_ns):
        error.args = (f"{error}{listed(shell.user_ns)}",)
    shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)


def _is_of_a_check(traceback, names: Mapping) -> bool:
    while traceback.tb_next:
        traceback = traceback.tb_next
    frame = traceback.tb_frame
    check = sys.modules.get("autograder.check")
    return (
        check is not None
        and frame.f_globals is names
        and names.get("check") is check
        and "check" in frame.f_code.co_names
    )


def listed(names: Mapping[str, object]) -> str:
    """The networks and arrays among the notebook's names, each object once, in one line."""
    found = {}
    for name, value in list(names.items()):
        if not name.startswith("_") and (kind := _kind(value)):
            found.setdefault(id(value), f"{name} ({kind})")
    inner = {id(part) for value in names.values() for part in _parts(value)}
    some = [text for key, text in found.items() if key not in inner][:MOST]
    return f"; there are: {', '.join(some)}" if some else ""


def _kind(value: object) -> str:
    if isinstance(value, keras.Model):
        return "network"
    if isinstance(value, np.ndarray | tf.Tensor) and len(value.shape) > 2:
        return f"array {'x'.join(map(str, value.shape))}"
    return ""


def _parts(value: object) -> list:
    """The networks that a network is made of."""
    if not isinstance(value, keras.Model):
        return []
    return [layer for layer in value.layers if isinstance(layer, keras.Model)]
