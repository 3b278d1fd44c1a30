"""Lets notebooks set up a GPU or a TPU as they like, while everything is computed on the CPU.

Only the notebook's own code is told that there is a GPU. TensorFlow and Keras see the real devices, so
networks are trained as they would be otherwise.
"""

import functools
import sys
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from autograder.kernel import watchers
from autograder.kernel.absent import stand_in

_GPU = "/device:GPU:0"
_PHYSICAL_GPU = tf.config.PhysicalDevice("/physical_device:GPU:0", "GPU")
_LOGICAL_GPU = tf.config.LogicalDevice(_GPU, "GPU")


def install() -> None:
    """Replaces TensorFlow's functions on devices for the life of the process."""
    config, devices = tf.config, tf.config.experimental
    list_physical = _with_gpu(config.list_physical_devices, _PHYSICAL_GPU)
    list_logical = _with_gpu(config.list_logical_devices, _LOGICAL_GPU)
    set_visible = _unless_gpu(config.set_visible_devices)
    for place in (config, devices):
        place.list_physical_devices, place.list_logical_devices = list_physical, list_logical
        place.set_visible_devices = set_visible
    set_logical = _unless_gpu(config.set_logical_device_configuration)
    config.set_logical_device_configuration = devices.set_virtual_device_configuration = set_logical
    devices.set_memory_growth = _unless_gpu(devices.set_memory_growth)
    devices.get_memory_info = lambda device: {"current": 0, "peak": 0}
    devices.reset_memory_stats = lambda device: None
    # Grading decides how many threads there are.
    config.threading.set_inter_op_parallelism_threads = lambda num_threads: None
    config.threading.set_intra_op_parallelism_threads = lambda num_threads: None
    tf.test.gpu_device_name = lambda: _GPU
    tf.test.is_gpu_available = lambda *_, **__: True
    tf.distribute.cluster_resolver.TPUClusterResolver = _NoTPU
    tf.distribute.TPUStrategy = tf.distribute.experimental.TPUStrategy = _DefaultStrategy
    config.experimental_connect_to_cluster = config.experimental_connect_to_host = _nothing
    tf.tpu.experimental.initialize_tpu_system = _nothing


def _with_gpu(listed: Callable[..., list[Any]], gpu: object) -> Callable[..., list[Any]]:
    @functools.wraps(listed)
    def list_devices(device_type: str | None = None) -> list[Any]:
        found = listed(device_type)
        own = sys._getframe(1).f_globals.get("__name__") == _notebook()
        return [*found, gpu] if own and device_type in (None, "GPU") else found

    return list_devices


def _notebook() -> str:
    """Returns the name of the module in which the cells run."""
    from IPython import get_ipython

    shell = get_ipython()
    return str(shell.user_module.__name__) if shell else "__main__"


def _unless_gpu(configure: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(configure)
    def configuring(devices: Any, *arguments: Any, **options: Any) -> Any:
        if "GPU" in str((devices, arguments, options)):
            return None
        return configure(devices, *arguments, **options)

    return configuring


class _NoTPU:
    """Replaces TensorFlow's class that finds a TPU."""

    def __new__(cls, *_: object, **__: object) -> Any:
        watchers.remark("there is no TPU here: all is computed on the CPU")
        return stand_in("TPUClusterResolver")

    @classmethod
    def connect(cls, *_: object, **__: object) -> Any:
        return cls()


class _DefaultStrategy(tf.distribute.TPUStrategy):
    """Replaces its base class; a class itself, as Keras asks whether a strategy is an instance of it."""

    def __new__(cls, *_: object, **__: object) -> tf.distribute.Strategy:
        return tf.distribute.get_strategy()


def _nothing(*_: object, **__: object) -> None:
    """Does nothing, as there is nothing to set up."""
