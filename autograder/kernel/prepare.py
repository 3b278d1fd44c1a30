"""Prepares a process for a student's notebook: images offline, seeds, quiet logs, watchers."""

import argparse
import functools
import inspect
import itertools
import os
import random
import sys
from collections.abc import Callable
from typing import Any

SEED = 28

PRELOADED = (
    *("ipykernel.kernelapp", "ipykernel.debugger", "IPython.core.completerlib"),
    *("IPython.core.pylabtools", "IPython.extensions.storemagic", "matplotlib.backends.backend_agg"),
    *("PIL.JpegImagePlugin", "pygments.formatters.terminal256", "sqlite3", "stack_data"),
    "tornado.queues",
)
"""Modules that every kernel needs sooner or later, which a fork server imports once for all kernels.

matplotlib_inline is not among them, since it sets itself up for a notebook when it is imported."""

# Libraries read these when they are imported: no GPU, no log lines, no threads that wait for small
# matrices, figures as outputs of the notebook.
os.environ.update(
    CUDA_VISIBLE_DEVICES="-1",
    OPENBLAS_NUM_THREADS="1",
    TF_CPP_MIN_LOG_LEVEL="3",
    KERAS_BACKEND="tensorflow",
    MPLBACKEND="module://matplotlib_inline.backend_inline",
)

import keras  # noqa: E402
import matplotlib.pyplot  # noqa: E402, F401
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import zmq  # noqa: E402
from IPython.core.interactiveshell import InteractiveShell  # noqa: E402
from tensorflow.python.framework import random_seed  # noqa: E402

from autograder.kernel import (  # noqa: E402
    absent,
    commands,
    datasets,
    devices,
    drawing,
    names,
    offline,
    plotly_figures,
    prediction,
    watchers,
    widgets,
    windows,
)


def prepare(
    images: str,
    *,
    dataset: str,
    steps: int | None,
    deliver: watchers.Deliver = watchers.publish,
) -> None:
    """Makes this process the grading kernel.

    images: path of the .npz file that `load_data` of `keras.datasets` is to return the arrays of.
    dataset: the dataset that they stand in for, one of `datasets.PROVIDE`.
    steps: steps of the short training in place of each training; None trains in full.
    """
    datasets.PROVIDE[dataset](images)
    tf.get_logger().setLevel("ERROR")
    tf.config.experimental.enable_op_determinism()
    # Such small operations gain nothing from running in parallel.
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if steps is not None:
        # Batches are too small to gain from threads; notebooks run in parallel instead.
        tf.config.threading.set_intra_op_parallelism_threads(1)
        prediction.install()
    devices.install()
    offline.install(mnist=images if dataset == "mnist" else None)
    seed()
    drawing.render_as_pixels()
    plotly_figures.install()
    windows.install()
    widgets.install()
    watchers.start(steps=steps, deliver=deliver)


def soften(shell: InteractiveShell) -> None:
    """Turns features that cannot work here into remarks, and lets NameErrors list the defined names."""
    absent.install(shell)
    commands.install(shell)
    names.install(shell)


def serve(arguments: list[str], sockets_are_bound: Callable[[], None] = lambda: None) -> None:
    """Prepares this process and serves a notebook like any IPython kernel, until it is shut down.

    sockets_are_bound: called before any of the student's code runs.
    """
    parser = argparse.ArgumentParser(prog="autograder.kernel", add_help=False)
    parser.add_argument("--images", required=True)
    parser.add_argument("--dataset", required=True, choices=datasets.PROVIDE)
    parser.add_argument("--steps", type=int, help="of the short training; without it, train in full")
    own, kernel_arguments = parser.parse_known_args(arguments)
    prepare(own.images, dataset=own.dataset, steps=own.steps)

    from ipykernel.kernelapp import IPKernelApp

    # Last, so that a keras.py beside the notebook does not replace the installed one.
    sys.path.append("")
    sys.argv = [sys.argv[0], *kernel_arguments]
    folder = os.getcwd()
    # IPython reads a configuration file in the folder where it starts: not the student's.
    os.chdir("/")
    # Output that libraries write in C goes to the kernel's log, not into the notebook.
    app = IPKernelApp.instance(capture_fd_output=False)
    app.initialize(kernel_arguments)
    # A notebook whose outputs come faster than they are read waits: otherwise some would be lost.
    app.iopub_thread.schedule(lambda: app.iopub_thread.socket.setsockopt(zmq.XPUB_NODROP, 1))
    os.chdir(folder)
    soften(InteractiveShell.instance())
    sockets_are_bound()
    app.start()


def seed() -> None:
    """Makes random numbers repeatable, also those of generators that take a seed from the system."""
    keras.utils.set_random_seed(SEED)
    seeds = random.Random(SEED)
    default_rng: Callable[..., np.random.Generator] = inspect.unwrap(np.random.default_rng)

    @functools.wraps(default_rng)
    def seeded_default_rng(seed: Any = None) -> np.random.Generator:
        return default_rng(seeds.getrandbits(64) if seed is None else seed)

    np.random.default_rng = seeded_default_rng
    _count_random_operations()


def _count_random_operations() -> None:
    """Gives each random operation of a graph a seed of its own, as if there were no global seed.

    TensorFlow counts operations from zero in each graph: two pipelines would add the same noise.
    """
    get_seed = inspect.unwrap(random_seed.get_seed)
    count = itertools.count(1)

    @functools.wraps(get_seed)
    def counted_seed(op_seed: Any = None) -> Any:
        ours = not tf.executing_eagerly() and tf.compat.v1.get_default_graph().seed == SEED
        return get_seed(next(count) if ours and op_seed is None else op_seed)

    random_seed.get_seed = counted_seed
