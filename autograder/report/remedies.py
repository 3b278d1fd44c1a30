"""Errors that students meet: advice for each, and parts that the grading machine lacks.

An error is recognized by a pattern in its class and text, as Python prints them; the first match counts.
"""

import re
from collections.abc import Iterable

from autograder.lab import IMAGE_SHAPE

_IMAGE = "×".join(map(str, IMAGE_SHAPE))


def first_match(known: Iterable[tuple[str, str]], error: str) -> str:
    """Returns the text beside the first pattern that an error matches; empty if it matches none."""
    for pattern, text in known:
        if found := re.search(pattern, error):
            return found.expand(text)
    return ""


LACKING = (
    # A name with a dot does not match: the package is there, and only the module in it has moved.
    (r"^(?:ModuleNotFound|Import)Error: No module named '(\w+)'", r"the module '\1' is not installed"),
    (r"(?i)^ImportError: .*(?:please install|pip install|not installed)", "a package is not installed"),
    (
        r"(?i)^(?:URLError|gaierror|Connection\w*Error|ConnectTimeout|SSLError|MaxRetryError)\b"
        r"|name or service not known|name resolution|max retries exceeded|URL fetch failure"
        r"|network is unreachable|couldn't connect to|failed to establish a new connection",
        "there is no network",
    ),
    (
        r"(?i)\b(?:GPU|TPU|CUDA)\b.*\b(?:not found|not available|unknown device)"
        r"|\b(?:not found|not available|unknown device|no|provide a|satisfy)\b.*\b(?:GPU|TPU|CUDA)\b",
        "there is no GPU or TPU",
    ),
)
"""Errors over parts that the grading machine lacks and a student's machine may have."""

REMEDIES = (
    (
        r"not recognized: \{?'lr'|unexpected keyword argument 'lr'",
        "The argument is called learning_rate in today's Keras.",
    ),
    (
        r"not recognized: \{?'(\w+)'|unexpected keyword argument '(\w+)'",
        r"Look up how the argument '\1\2' is called in today's Keras, or leave it out.",
    ),
    (
        r"No module named '(?:keras|tensorflow)\.|cannot import name '\w+' from '(?:keras|tensorflow)",
        "This is a path of an older Keras. Import layers with `from keras.layers import Conv2D`, models "
        "with `from keras.models import Sequential`; the images are loaded by the first cell.",
    ),
    (
        r"No module named '(\w+)'|^ImportError: .*pip install",
        "Nothing but tensorflow, numpy and matplotlib is needed: try without this import.",
    ),
    (r"^NameError: name 'tf' is", "tf is not defined: write `import tensorflow as tf` before its use."),
    (
        r"^NameError: name '(Sequential|Model)' is",
        r"\1 is not defined: import it with `from keras.models import \1`, or write keras.\1.",
    ),
    (
        r"^NameError: name '(Ada\w+|Nadam|RMSprop|SGD|BinaryCrossentropy|Mean\w+Error)' is",
        r"\1 is not defined: import it from keras.optimizers or keras.losses, or give its name.",
    ),
    (
        r"^NameError: name '(Input|InputLayer|Dense|Activation|Conv\w+|\w+2D|Reshape|Flatten|Dropout"
        r"|BatchNormalization)' is",
        r"\1 is not defined: import it with `from keras.layers import \1`, or write keras.layers.\1.",
    ),
    (
        r"^NameError: name '(layers|models|optimizers|losses|callbacks)' is",
        r"\1 is not defined: import it with `from keras import \1`, or write keras.\1.",
    ),
    (
        r"^NameError: name '(\w+)' is",
        r"\1 is not defined: define or import it in a cell above. Restart the kernel and run all cells "
        "from the top to see what is missing.",
    ),
    (
        r"^(?:IndentationError|TabError)",
        "Python reads blocks by their indentation: give all lines of a block the same spaces.",
    ),
    (
        r"^SyntaxError",
        "Python cannot read the cell, so nothing of it ran: look for a bracket, comma or quote that is "
        "missing at the line it names, or before it.",
    ),
    (
        r"^MemoryError|ResourceExhausted|\bOOM\b",
        "Work on fewer images at once: nothing here needs much memory.",
    ),
    (
        r"^TimeoutError|^KeyboardInterrupt",
        "Each cell should end within a few minutes: leave out what runs for long and is not asked for.",
    ),
    (
        r"[Ii]ncompatible shapes|target shape|same shape|Dimensions must be equal",
        f"The network's output has another size than the target, {_IMAGE}. Follow the resolution from "
        "layer to layer in summary(); see encoder and decoder.",
    ),
    (
        r"[Nn]egative dimension|output size would be|smaller than",
        "The images have become too small for this layer: follow the resolution from layer to layer.",
    ),
    (
        r"expected (?:axis|min_ndim|ndim|shape)|is incompatible|incompatible with",
        f"A layer is given another shape than it takes: images are {_IMAGE}, the channel at the end.",
    ),
    (r"must call `?compile|compile\(\)", "Compile the model before it is trained."),
    (r"^UsageError", "Leave out commands of the notebook's surroundings (% and !): none is needed."),
)
"""Advice to the student for each error."""
