"""Downloads without a network, plots of networks without Graphviz, styles by their former names."""

import functools
import os
import socket
import urllib.request
from collections.abc import Callable
from typing import Any

import keras
import matplotlib.style
import tensorflow as tf

from autograder.kernel import session

_MOVED = "-v0_8"
"""What Matplotlib 3.6 put into the names of seaborn's styles."""


def install(images: str) -> None:
    """images: path of the file to give where MNIST's is asked for."""
    socket.getaddrinfo = _noting_failure(socket.getaddrinfo)
    urllib.request.urlretrieve = _soft_retrieval(urllib.request.urlretrieve)
    get_file = _soft_download(keras.utils.get_file, images)
    for place in (keras.utils, tf.keras.utils):
        place.get_file = get_file
        place.plot_model = _soft_plot(place.plot_model)
    styles = matplotlib.style.library
    styles |= {name.replace(_MOVED, ""): style for name, style in styles.items() if _MOVED in name}


def _noting_failure(getaddrinfo: Callable) -> Callable:
    @functools.wraps(getaddrinfo)
    def noting(host: Any, *arguments: Any, **options: Any) -> list:
        try:
            return getaddrinfo(host, *arguments, **options)
        except OSError:
            session.incident("there is no network on the grading machine: nothing can be downloaded")
            raise

    return noting


def _soft_retrieval(urlretrieve: Callable) -> Callable:
    @functools.wraps(urlretrieve)
    def retrieve(url: str, filename: Any = None, *arguments: Any, **options: Any) -> tuple:
        try:
            return urlretrieve(url, filename, *arguments, **options)
        except OSError as error:
            session.remark(f"{url} was not downloaded ({error})"[:300])
            return filename or os.path.basename(url), {}

    return retrieve


def _soft_download(get_file: Callable, images: str) -> Callable:
    @functools.wraps(get_file)
    def download(fname: Any = None, origin: Any = None, *arguments: Any, **options: Any) -> str:
        name = os.path.basename(str(fname or origin or ""))
        if name == "mnist.npz":
            return images
        try:
            return get_file(fname, origin, *arguments, **options)
        except Exception as error:
            # Keras raises nothing more specific.
            if "URL fetch failure" not in str(error):
                raise
            session.remark(str(error)[:300])
            return name

    return download


def _soft_plot(plot_model: Callable) -> Callable:
    @functools.wraps(plot_model)
    def plot(*arguments: Any, **options: Any) -> Any:
        try:
            return plot_model(*arguments, **options)
        except ImportError as error:
            return session.remark(f"plot_model shows nothing here ({error})")

    return plot
