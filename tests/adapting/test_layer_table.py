"""The table of layers is compared row by row."""

from dataclasses import replace

import pytest
from edited import edited, lines, source, with_convolutions, with_layer
from the_lab import AUTOENCODER, DENOISING, EXERCISES

from autograder.adapting.layer_table import compare_layer_table

CELL = 'cell 4 "Step 2: build the network"'


def found(exercise, notebook):
    return lines(compare_layer_table(exercise, notebook))


def with_row(old, new):
    return edited(AUTOENCODER, "| part | layer", old, new)


@pytest.mark.parametrize("exercise", EXERCISES.values())
def test_the_source_has_the_layers_of_the_lab(exercise):
    assert found(exercise, source(exercise)) == []


@pytest.mark.parametrize(
    ("exercise", "line"),
    [
        (
            with_layer(AUTOENCODER, "encoder", 3, filters=24),
            '(encoder [number 3]): "Conv2D | 14×14" in the table, '
            '"Conv2D, 24 channels | 14×14" by the lab file',
        ),
        (
            with_layer(AUTOENCODER, "encoder", 5, activation="tanh"),
            '(encoder [number 5]): "Conv2D | 7×7" in the table, "Conv2D, tanh | 7×7" by the lab file',
        ),
        (
            with_layer(AUTOENCODER, "decoder", 1, kernel=(5, 5)),
            '(decoder [number 1]): "Conv2D | 4×4" in the table, '
            '"Conv2D, kernel 5×5 | 4×4" by the lab file',
        ),
        (
            with_layer(AUTOENCODER, "encoder", 2, padding="same"),
            '(encoder [number 2]): "MaxPooling2D 2×2 | 14×14" in the table, '
            "\"MaxPooling2D 2×2, padding='same' | 14×14\" by the lab file",
        ),
        (
            replace(AUTOENCODER, output=replace(AUTOENCODER.output, activation="tanh")),
            '(output): "Conv2D, 1 channel, sigmoid | 28×28" in the table, '
            '"Conv2D, 1 channel, tanh | 28×28" by the lab file',
        ),
        (
            with_convolutions(AUTOENCODER, activation="elu"),
            "(convolution.activation): relu before the table, elu in the lab file",
        ),
        (
            replace(AUTOENCODER, encoder=(*AUTOENCODER.encoder, AUTOENCODER.encoder[0])),
            '(encoder [number 7]): no row in the table, "Conv2D | 4×4" by the lab file',
        ),
    ],
)
def test_another_layer_in_the_lab_file_is_found(exercise, line):
    assert found(exercise, source(AUTOENCODER)) == [f"{CELL} {line}"]


def test_another_layer_changes_the_resolutions_after_it():
    exercise = with_layer(AUTOENCODER, "decoder", 5, padding="same")
    assert [
        line.partition("): ")[0].removeprefix(f"{CELL} (")
        for line in found(exercise, source(AUTOENCODER))
    ] == ["decoder [number 5]", "decoder [number 6]", "output"]


@pytest.mark.parametrize(
    ("old", "new", "line", "to_do"),
    [
        (
            "| **encoder** | Conv2D | 28×28 |",
            "| **encoder** | Conv2D, **8 channels** | 28×28 |",
            '(encoder [number 1]): "Conv2D, 8 channels | 28×28" in the table, '
            '"Conv2D | 28×28" by the lab file',
            "They differ in channels.",
        ),
        (
            "| | MaxPooling2D 2×2 | 7×7 |",
            "| | MaxPooling2D 3×3 | 5×5 |",
            '(encoder [number 4]): "MaxPooling2D 3×3 | 5×5" in the table, '
            '"MaxPooling2D 2×2 | 7×7" by the lab file',
            "They differ in size, resolution.",
        ),
        (
            "| | MaxPooling2D 2×2, `padding='same'` | 4×4 |",
            "| | MaxPooling2D 2×2 | 4×4 |",
            '(encoder [number 6]): "MaxPooling2D 2×2 | 4×4" in the table, '
            "\"MaxPooling2D 2×2, padding='same' | 4×4\" by the lab file",
            "They differ in padding.",
        ),
        (
            "| **decoder** | Conv2D | 4×4 |",
            "| **decoder** | UpSampling2D 2×2 | 4×4 |",
            '(decoder [number 1]): "UpSampling2D 2×2 | 4×4" in the table, '
            '"Conv2D | 4×4" by the lab file',
            "They differ in the kind of layer.",
        ),
        (
            "| | UpSampling2D 2×2 | 8×8 |\n",
            "",
            '(decoder [number 2]): no row in the table, "UpSampling2D 2×2 | 8×8" by the lab file',
            "",
        ),
        (
            "| | UpSampling2D 2×2 | 8×8 |\n",
            "| | UpSampling2D 2×2 | 8×8 |\n| | Dropout2D | 8×8 |\n",
            '(decoder): a row "Dropout2D | 8×8" in the table, no such layer in the lab file',
            "",
        ),
        (
            "| | Conv2D | 14×14 |",
            "| | Conv2D | |",
            '(encoder [number 3]): "Conv2D | no resolution" in the table, '
            '"Conv2D | 14×14" by the lab file',
            "They differ in resolution.",
        ),
        (
            "**16 channels**, ",
            "",
            "(convolution.filters): nothing about the channels before the table, "
            "16 channels in the lab file",
            "Say what holds for every convolution unless the table says otherwise.",
        ),
    ],
)
def test_another_row_in_the_notebook_is_found(old, new, line, to_do):
    findings = list(compare_layer_table(AUTOENCODER, with_row(old, new)))
    assert lines(findings) == [f"{CELL} {line}"]
    assert findings[0].to_do == to_do


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("| | MaxPooling2D 2×2 | 14×14 |", "| | MaxPooling2D 2×2, `padding='valid'` | 14×14 |"),
        ("| | MaxPooling2D 2×2 | 14×14 |", "| | `MaxPooling2D` | 14 × 14 × 16 |"),
        ("| **encoder** | Conv2D |", "| Encoder: | **`Conv2D`**, ReLU, 16 channels, 3×3, 'same' |"),
        ("Conv2D, **1 channel, sigmoid**", "Conv2D, `sigmoid`, `padding='same'`, 1 filter"),
        ("| part | layer | resolution after it |", "| Part | The layer | Resolution |"),
        ("| input | 28×28×1 | 28×28 |\n", ""),
        ("| input | 28×28×1 | 28×28 |\n", "| | Input 28×28×1 | 28×28 |\n"),
    ],
)
def test_the_same_in_another_form_is_no_finding(old, new):
    assert found(AUTOENCODER, with_row(old, new)) == []


def test_what_is_left_to_the_student_may_stand_in_the_text():
    exercise = with_convolutions(AUTOENCODER, activation=None)
    assert found(exercise, source(AUTOENCODER)) == []


def test_another_default_in_the_text_is_found_in_each_row_that_it_changes():
    # One layer of the lab has padding 'valid', so it may be what the text means.
    findings = compare_layer_table(
        AUTOENCODER, with_row("and `'same'` padding", "and `'valid'` padding")
    )
    assert [finding.about for finding in findings] == [
        *("encoder [number 1]", "encoder [number 3]", "encoder [number 5]"),
        *("decoder [number 1]", "decoder [number 3]", "output"),
    ]


def test_a_missing_table_is_named():
    notebook = source(DENOISING)
    notebook.cells = [cell for cell in notebook.cells if "| part" not in cell.source]
    assert found(DENOISING, notebook) == [
        "(encoder, decoder, output): no table of layers in the text, 9 layers in the lab file"
    ]
