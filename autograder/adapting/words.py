"""Compares loss, optimizer and dataset, which texts name in words, with the lab file."""

import re
from collections.abc import Collection, Iterator

from nbformat import NotebookNode

from autograder.adapting.finding import Finding, in_cell, in_notebook
from autograder.adapting.wording import bold, cells_with, emphasised, markdown_cells, prose
from autograder.lab import DATASETS, LOSSES, Exercise, Lab
from autograder.lab.file import allowed

_LOADED = re.compile(r"\bdatasets(?:\.|\s+import\s+)(\w+)")


def compare_loss_and_optimizer(exercise: Exercise, notebook: NotebookNode) -> Iterator[Finding]:
    """Names the titles and words in bold with another loss or optimizer than the lab's."""
    yield from _compare(exercise, notebook, "loss", LOSSES[exercise.loss], LOSSES.values())
    yield from _compare(exercise, notebook, "optimizer", exercise.optimizer, allowed("optimizer"))


def compare_dataset(lab: Lab, exercise: Exercise, notebook: NotebookNode) -> Iterator[Finding]:
    """Names the given cells that load another dataset than the lab's, and texts about another one."""
    expected = f"keras.datasets.{lab.dataset} by the lab file"
    loaded = [
        (index, cell, name)
        for index, cell in cells_with(notebook, exercise.given)
        for name in _LOADED.findall(cell.source)
    ]
    if not loaded:
        yield in_notebook(exercise, "dataset", "no given cell loads one of Keras's datasets", expected)
    for index, cell, name in loaded:
        if name != lab.dataset:
            yield in_cell(exercise, index, cell, "dataset", f"keras.datasets.{name}", expected)
    wanted, texts = DATASETS[lab.dataset], list(markdown_cells(notebook))
    # A text may compare the lab's images with others.
    if any(wanted in named(prose(cell.source), DATASETS.values()) for _, cell in texts):
        return
    for index, cell in texts:
        for name in named(prose(cell.source), DATASETS.values()):
            yield in_cell(exercise, index, cell, "dataset", name, f"{wanted} in the lab file")


def _compare(
    exercise: Exercise, notebook: NotebookNode, key: str, wanted: str, names: Collection[str]
) -> Iterator[Finding]:
    """key: of the lab file, and the id of the test cell. names: all that may stand there."""
    expected = f"{wanted} in the lab file"
    for index, cell in cells_with(notebook, [key]):
        title = cell.source.partition("\n")[0]
        if (found := named(title, names)) != [wanted]:
            said = f"{' and '.join(found)} in the title" if found else f"the title {title!r}"
            yield in_cell(exercise, index, cell, key, said, expected)
    told = False
    for index, cell in markdown_cells(notebook):
        told = told or wanted in named(" ; ".join(emphasised(cell.source)), names)
        for name in named(" ; ".join(bold(cell.source)), names):
            if name != wanted:
                yield in_cell(exercise, index, cell, key, f"{name} in bold", expected)
    if not told:
        to_do = f"Write **{wanted}** where the task is set."
        yield in_notebook(exercise, key, f"no {key} of that name in bold in the text", expected, to_do)


def named(text: str, names: Collection[str]) -> list[str]:
    """The names that stand in a text, each once, with spaces, hyphens and capitals as they may be."""
    longest_first = sorted(names, key=len, reverse=True)
    either = "|".join(re.sub(r"[ -]", "[ -]?", name) for name in longest_first)
    known = {_bare(name): name for name in names}
    found = re.findall(rf"(?<![\w-])(?:{either})(?!\w)", text, re.IGNORECASE)
    return list(dict.fromkeys(known[_bare(words)] for words in found))


def _bare(name: str) -> str:
    return re.sub(r"[ -]", "", name).lower()
