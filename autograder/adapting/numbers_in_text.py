"""Compares the numbers in what students are told, wherever they stand, with those of the lab file."""

import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from autograder.adapting.finding import Finding, in_cell, in_notebook
from autograder.adapting.wording import answered, markdown_cells, plain, told
from autograder.lab import TRAIN_IMAGES, Exercise

_N = r"(\d+(?:,\d{3})*(?:\.\d+)?)"
"""A number, with commas between thousands."""
_ALONE = r"(?!\d|\.\d|\s*[*/+-])"
"""Where a number ends that code does not go on calculating with."""
_REPEATS = r"\b(once|twice|three times|four times)"
_WORDS = {"once": 1, "twice": 2, "three times": 3, "four times": 4}
_TIMES = rf"{_N}\s*[×x]\s*{_N}"
_OTHERS = r"(?:training|layers?|convolutions?|epochs?|steps?|batch(?:es)?|rows?|columns?|pixels?)\b"
"""What "the first 10" may also be about, besides the images to show."""


@dataclass(frozen=True)
class Quantity:
    """A number of the lab, and how texts name it."""

    key: str
    """Its key in the lab file."""
    patterns: tuple[str, ...]
    """Regular expressions whose groups are numbers: each has to be one of the values."""
    values: Callable[[Exercise], Sequence[float]]
    """What the lab file allows; nothing if the exercise has no such number."""
    example: str = ""
    """How to write it, if the text must tell it."""
    source: str = "in the lab file"


def _layers(name: str) -> Callable[[Exercise], list[float]]:
    """Returns a function that lists the values of an attribute over an exercise's layers."""

    def values(exercise: Exercise) -> list[float]:
        found = [getattr(layer, name) for layer in exercise.layers]
        return [value for value in found if value is not None]

    return values


def _kernels(exercise: Exercise) -> list[float]:
    return [layer.kernel[0] for layer in exercise.layers if layer.kernel is not None]


def _noise(exercise: Exercise) -> list[float]:
    return [exercise.noise] if exercise.noise else []


def _rate(exercise: Exercise) -> list[float]:
    return [] if exercise.learning_rate is None else [exercise.learning_rate]


QUANTITIES = (
    Quantity(
        "epochs",
        (rf"{_N}[ -]epochs?\b", rf"epochs\s*[=:]\s*{_N}{_ALONE}"),
        lambda e: [e.epochs],
        "{} epochs",
    ),
    Quantity(
        "batch_size",
        (
            rf"\bbatch(?:es)? of {_N}",
            rf"\bbatch[ _]size(?: of| is)?\s*[=:]?\s*{_N}{_ALONE}",
            rf"{_N} images (?:in a|per|a) batch\b",
        ),
        lambda e: [e.batch_size],
        "batches of {}",
    ),
    Quantity(
        "batch_size",
        (rf"epoch (?:is|has|takes) {_N} steps", rf"{_N} steps (?:an|per|in an) epoch"),
        lambda e: [math.ceil(TRAIN_IMAGES / e.batch_size)],
        source="by the batch size in the lab file",
    ),
    Quantity(
        "noise",
        (rf"(?:σ|\bsigma|standard deviation)(?: of| is)?\s*[=:]?\s*(?:σ\s*=\s*)?{_N}{_ALONE}",),
        _noise,
        "standard deviation {}",
    ),
    Quantity(
        "filters", (rf"{_N}[ -](?:channel|filter)s?\b", rf"filters\s*=\s*{_N}"), _layers("filters")
    ),
    Quantity(
        "kernel",
        (
            rf"kernels?(?:[ _]size)?(?: of|\s*=)?\s*{_TIMES}",
            rf"{_TIMES}[ -]kernel",
            rf"kernel_size\s*=\s*{_N}",
        ),
        _kernels,
    ),
    Quantity(
        "encoder",
        (rf"{_REPEATS} convolution and pooling",),
        lambda e: [sum(layer.kind == "MaxPooling2D" for layer in e.encoder)],
        source="by the poolings in the lab file",
    ),
    Quantity(
        "encoder",
        (rf"\breduc\w* (?:at|to) {_TIMES}",),
        lambda e: [e.sides[len(e.encoder) - 1]],
        source="by the layers in the lab file",
    ),
    Quantity(
        "encoder, decoder, output",
        (
            rf"{_N} (?:trainable )?(?:parameters|weights)\b",
            rf"\b(?:network|table) has {_N}(?=[.,;:!?)\"']|$)",
        ),
        lambda e: [e.parameters],
        source="by the layers in the lab file",
    ),
    Quantity(
        "shown",
        (rf"\bfirst {_N}\b(?! {_OTHERS})", rf"len\(\w+\) >= {_N}"),
        lambda e: [e.shown],
        "the first {} test images",
    ),
    Quantity(
        "learning_rate",
        (rf"learning_rate\s*=\s*{_N}", rf"\brecommend\w*(?: a learning rate of)? {_N}"),
        _rate,
    ),
)
"""The numbers that are compared, wherever students read them."""
OF_SOLUTIONS = ("epochs", "batch_size", "noise")
"""The numbers that are compared in sample solutions as well; how else they are written is their own."""


def compare_numbers(exercise: Exercise, notebook: NotebookNode) -> Iterator[Finding]:
    """Names each number that is not the lab's, and the numbers that students are told nowhere."""
    for quantity in QUANTITIES:
        values = list(dict.fromkeys(quantity.values(exercise)))
        expected = f"{' or '.join(f'{value:,}' for value in values) or 'none'} {quantity.source}"
        places = itertools.chain(
            told(exercise, notebook),
            answered(exercise, notebook) if quantity.key in OF_SOLUTIONS else (),
        )
        for index, cell, text in places:
            for words in dict.fromkeys(_others(quantity, text, values)):
                yield in_cell(exercise, index, cell, quantity.key, f'"{words}"', expected)
        if quantity.example and values and not _is_told(quantity, notebook):
            to_do = f"Write {quantity.example.format(values[0])} where the task is set."
            yield in_notebook(exercise, quantity.key, "no such number in the text", expected, to_do)


def _others(quantity: Quantity, text: str, values: Sequence[float]) -> Iterator[str]:
    """The words of each place with a number that is none of the values."""
    for pattern in quantity.patterns:
        for found in re.finditer(pattern, text, re.IGNORECASE):
            if any(_number(number) not in values for number in found.groups()):
                yield found[0]


def _number(text: str) -> float:
    return _WORDS.get(text.lower()) or float(text.replace(",", ""))


def _is_told(quantity: Quantity, notebook: NotebookNode) -> bool:
    return any(
        re.search(pattern, plain(cell.source), re.IGNORECASE)
        for _, cell in markdown_cells(notebook)
        for pattern in quantity.patterns
    )
