"""Loss, optimizer and dataset are those of the lab file, by the names that texts give them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from edited import edited, lines, source
from the_lab import AUTOENCODER, DENOISING, EXERCISES, LAB

import autograder.lab
from autograder.adapting.words import compare_dataset, compare_loss_and_optimizer, named
from autograder.lab.file import allowed

BUILD = 'cell 4 "Step 2: build the network"'


def found(exercise, notebook):
    return lines(compare_loss_and_optimizer(exercise, notebook))


def found_of_dataset(lab, exercise, notebook):
    return lines(compare_dataset(lab, exercise, notebook))


def test_the_optimizers_are_those_of_the_lab_file():
    schema = json.loads(Path(autograder.lab.__file__).with_name("lab.schema.json").read_text("utf-8"))
    assert list(allowed("optimizer")) == schema["$defs"]["exercise"]["properties"]["optimizer"]["enum"]


@pytest.mark.parametrize("exercise", EXERCISES.values())
def test_the_source_names_what_the_lab_asks_for(exercise):
    assert found(exercise, source(exercise)) == []
    assert found_of_dataset(LAB, exercise, source(exercise)) == []


@pytest.mark.parametrize(
    ("key", "value", "now", "wanted"),
    [
        ("loss", "mean_squared_error", "binary cross-entropy", "mean squared error"),
        ("optimizer", "Adam", "Adagrad", "Adam"),
    ],
)
def test_another_word_in_the_lab_file_is_found_in_title_and_text(key, value, now, wanted):
    assert found(replace(AUTOENCODER, **{key: value}), source(AUTOENCODER)) == [
        f"cell '{key}' ({key}): {now} in the title, {wanted} in the lab file",
        f"{BUILD} ({key}): {now} in bold, {wanted} in the lab file",
        f"({key}): no {key} of that name in bold in the text, {wanted} in the lab file",
    ]


def test_another_word_in_a_title_is_found():
    notebook = edited(AUTOENCODER, "optimizer", "The optimizer: Adagrad", "The optimizer: AdamW")
    assert found(AUTOENCODER, notebook) == [
        "cell 'optimizer' (optimizer): AdamW in the title, Adagrad in the lab file"
    ]


def test_a_title_without_a_word_is_found():
    notebook = edited(AUTOENCODER, "loss", "# The loss: binary cross-entropy", "# The loss")
    assert found(AUTOENCODER, notebook) == [
        "cell 'loss' (loss): the title '# The loss (3 points)', binary cross-entropy in the lab file"
    ]


def test_another_word_in_bold_is_found():
    notebook = edited(AUTOENCODER, "## Step 2", "**Adagrad**", "**Adam** (not `Adagrad`)")
    assert found(AUTOENCODER, notebook) == [
        f"{BUILD} (optimizer): Adam in bold, Adagrad in the lab file"
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("**Adagrad**", "**Adagrad** (Adam would do, too)"),
        ("**binary cross-entropy**", "**Binary\ncross entropy**"),
        ("**Adagrad**", "`Adagrad`"),
    ],
)
def test_prose_and_other_forms_are_no_finding(old, new):
    assert found(AUTOENCODER, edited(AUTOENCODER, "## Step 2", old, new)) == []


def test_the_longest_name_counts():
    assert named("AdamW, not nadam; MNIST's", ["Adam", "AdamW", "Nadam", "MNIST"]) == [
        *("AdamW", "Nadam", "MNIST"),
    ]


def test_another_dataset_in_the_lab_file_is_found_in_code_and_text():
    lab = replace(LAB, dataset="fashion_mnist")
    code = "keras.datasets.mnist, keras.datasets.fashion_mnist by the lab file"
    assert found_of_dataset(lab, AUTOENCODER, source(AUTOENCODER)) == [
        f"cell 'load-data' (dataset): {code}",
        'cell 2 "Step 1: load the data" (dataset): MNIST, Fashion-MNIST in the lab file',
    ]
    assert found_of_dataset(lab, DENOISING, source(DENOISING)) == [f"cell 'load-data' (dataset): {code}"]


@pytest.mark.parametrize(
    ("where", "old", "new", "expected"),
    [
        (
            "load-data",
            "datasets.mnist",
            "datasets.cifar10",
            "cell 'load-data' (dataset): keras.datasets.cifar10, keras.datasets.mnist by the lab file",
        ),
        (
            "load-data",
            "keras.datasets.mnist.load_data()",
            "np.load('images.npz')",
            "(dataset): no given cell loads one of Keras's datasets, "
            "keras.datasets.mnist by the lab file",
        ),
        (
            "## Step 1",
            "MNIST has",
            "Fashion MNIST has",
            'cell 2 "Step 1: load the data" (dataset): Fashion-MNIST, MNIST in the lab file',
        ),
    ],
)
def test_another_dataset_in_the_notebook_is_found(where, old, new, expected):
    assert found_of_dataset(LAB, AUTOENCODER, edited(AUTOENCODER, where, old, new)) == [expected]


def test_a_text_may_mention_another_dataset_beside_the_labs():
    notebook = edited(AUTOENCODER, "## Step 1", "MNIST has", "MNIST, unlike Fashion-MNIST, has")
    assert found_of_dataset(LAB, AUTOENCODER, notebook) == []
