"""Lets a notebook go on where it downloads something or needs Graphviz, which this machine lacks.

Matplotlib's styles also get their former names. IPython's magics are imported because Keras's plot_model
then prints that it lacks Graphviz instead of raising an error.
"""

import functools
import os
import socket
import urllib.request
from collections.abc import Callable
from typing import Any

import IPython.core.magics.namespace  # noqa: F401
import keras
import matplotlib.style
import tensorflow as tf
from keras.src.utils import file_utils

from autograder.kernel import watchers

_MOVED = "-v0_8"
"""Suffix that Matplotlib 3.6 added to the names of seaborn's styles."""

Retrieved = tuple[str, Any]
"""Path of a downloaded file, and headers."""


def install(mnist: str | None) -> None:
    """Replaces the functions that download. mnist: path of the file to return as MNIST's, if any."""
    socket.getaddrinfo = _noting_failure(socket.getaddrinfo)
    urllib.request.urlretrieve = _soft_retrieval(urllib.request.urlretrieve)
    get_file = _soft_download(keras.utils.get_file, mnist)
    # `from tensorflow.keras.utils import …` looks the function up again where it is defined.
    for place in (keras.utils, tf.keras.utils, file_utils):
        place.get_file = get_file
    styles = matplotlib.style.library
    styles |= {name.replace(_MOVED, ""): style for name, style in styles.items() if _MOVED in name}


def _noting_failure(getaddrinfo: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    @functools.wraps(getaddrinfo)
    def noting(host: Any, *arguments: Any, **options: Any) -> list[Any]:
        try:
            return getaddrinfo(host, *arguments, **options)
        except OSError:
            watchers.incident("there is no network on the grading machine: nothing can be downloaded")
            raise

    return noting


def _soft_retrieval(urlretrieve: Callable[..., Retrieved]) -> Callable[..., Retrieved]:
    @functools.wraps(urlretrieve)
    def retrieve(url: str, filename: Any = None, *arguments: Any, **options: Any) -> Retrieved:
        try:
            return urlretrieve(url, filename, *arguments, **options)
        except OSError as error:
            watchers.remark(f"{url} was not downloaded ({error})")
            return filename or os.path.basename(url), {}

    return retrieve


def _soft_download(get_file: Callable[..., str], mnist: str | None) -> Callable[..., str]:
    @functools.wraps(get_file)
    def download(fname: Any = None, origin: Any = None, *arguments: Any, **options: Any) -> str:
        name = os.path.basename(str(fname or origin or ""))
        if name == "mnist.npz" and mnist is not None:
            return mnist
        try:
            return get_file(fname, origin, *arguments, **options)
        except Exception as error:
            # Keras raises nothing more specific.
            if "URL fetch failure" not in str(error):
                raise
            watchers.remark(str(error))
            return name

    return download
