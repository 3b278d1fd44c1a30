"""Quick imports of TensorFlow and Keras, for the judge and for the server that forks kernels."""

import contextlib
import gc
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quick_imports() -> Iterator[None]:
    """Imports within this context take a third less time; it is for a process that has just started.

    Imports make no garbage, and a fifth of their time is spent to look for it. Keras wraps scikit-learn
    if it can import it, most of a second. Afterwards, scikit-learn can be imported as ever, and nothing
    that was imported is looked through for garbage: forked processes would copy its pages by doing so.
    """
    gc.disable()
    sys.modules["sklearn"] = None
    try:
        yield
    finally:
        del sys.modules["sklearn"]
        gc.freeze()
        gc.enable()
