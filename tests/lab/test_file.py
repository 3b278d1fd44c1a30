"""The lab file becomes a lab; what is wrong with it is told with file, key and what is allowed."""

import re

import pytest
from the_lab import SOURCE

from autograder.judge.rebuild import ACTIVATIONS
from autograder.lab import TEST_CELLS, file
from autograder.lab.file import LabFileError, assignments, chosen, read


@pytest.fixture
def edited(tmp_path):
    """Reads the lab file of source/ after one text in it was replaced."""
    text = (SOURCE / "lab.toml").read_text("utf-8")

    def read_edited(old, new):
        assert old in text
        (tmp_path / "lab.toml").write_text(text.replace(old, new, 1))
        return read(tmp_path)

    return read_edited


def test_the_labs_numbers_are_those_of_the_file(edited):
    exercise = edited("epochs = 10", "epochs = 8").exercises["autoencoder"]
    assert (exercise.epochs, exercise.batch_size, exercise.noise, exercise.shown) == (8, 100, 0, 10)
    assert (exercise.model, exercise.outputs) == ("autoencoder", "decoded_images")
    assert exercise.criterion("encoder").points == 8
    assert [(cell.id, cell.points) for cell in exercise.discussions] == [("discussion", 4)]


def test_the_network_leads_from_the_image_to_the_image():
    first, second = read(SOURCE).exercises.values()
    assert first.sides == (28, 14, 14, 7, 7, 4, 4, 8, 8, 16, 14, 28, 28)
    assert second.sides == (28, 14, 14, 7, 7, 14, 14, 28, 28)
    assert (first.parameters, second.parameters) == (11_905, 28_353)


def test_a_padding_that_changes_no_shape_is_the_students_choice():
    encoder = read(SOURCE).exercises["autoencoder"].encoder
    assert [layer.padding for layer in encoder if layer.kind == "MaxPooling2D"] == [None, None, "same"]


def test_a_stated_padding_is_free_as_well_if_it_changes_no_shape(edited):
    lab = edited('"MaxPooling2D", size = 2 }', '"MaxPooling2D", size = 2, padding = "valid" }')
    assert lab.exercises["autoencoder"].encoder[1].padding is None


def test_the_padding_of_a_single_pixel_is_free_as_well(edited):
    output = edited("filters = 1,", "filters = 1, kernel = 1,").exercises["autoencoder"].output
    assert (output.padding, output.padding_to_build) == (None, "same")


def test_an_activation_may_be_left_to_the_student(edited):
    convolution = edited('activation = "relu"', 'activation = "any"').exercises["autoencoder"].encoder[0]
    assert convolution.activation is None
    assert str(convolution) == "Conv2D, 16 channels, 3×3, any activation, padding 'same'"


def test_a_criterion_may_be_graded_by_hand(edited):
    exercise = edited(
        "reconstruction = 8\nvisualization = 4\n\n[exercises.autoencoder.by_hand]\n",
        "visualization = 4\n\n[exercises.autoencoder.by_hand]\nreconstruction = 8\n",
    ).exercises["autoencoder"]
    assert exercise.quality == exercise.criterion("reconstruction")
    assert exercise.quality.by_hand
    assert [cell.id for cell in exercise.discussions] == ["discussion"]


WRONG = {
    "a typing error in a key": (
        "epochs = 10",
        "epoch = 10",
        "the table exercises.autoencoder has an unknown key 'epoch'. Did you mean 'epochs'? Allowed are",
    ),
    "a missing key": ("epochs = 10\n", "", "autoencoder lacks the key 'epochs': a whole number from 1"),
    "a missing table": ("[images]", "[pictures]", "the file has an unknown key 'pictures'"),
    "a value of the wrong type": (
        "epochs = 10",
        'epochs = "ten"',
        "epochs is 'ten'; allowed is a whole",
    ),
    "a value out of range": (
        "noise = 0.2",
        "noise = 51",
        "noise is 51; allowed is a standard deviation",
    ),
    "an unknown optimizer": ('"Adagrad"', '"Adagrd"', "optimizer is 'Adagrd'; allowed is \"Adadelta\","),
    "an unknown layer": (
        'layer = "UpSampling2D"',
        'layer = "Conv2DTranspose"',
        "exercises.autoencoder.decoder [number 2].layer is 'Conv2DTranspose'; allowed is \"Conv2D\"",
    ),
    "an attribute of another layer": (
        '"UpSampling2D", size = 2',
        '"UpSampling2D", filters = 2',
        "decoder [number 2]: a UpSampling2D has no 'filters'. Allowed are size.",
    ),
    "a network that loses the size": (
        ', padding = "valid"',
        "",
        "exercises.autoencoder: the layers make 32×32×1 of an image of 28×28×1 "
        "(28 → 14 → 7 → 4 → 8 → 16 → 32); they have to lead back to 28×28×1.",
    ),
    "more channels than the image has": (
        "filters = 1,",
        "filters = 3,",
        "make 28×28×3 of an image of 28",
    ),
    "noise without names": (', noisy_test = "x_test_noisy"', "", "names lacks the key 'noisy_test'"),
    "names without noise": ("noise = 0.2\n", "", "noisy_train is for an exercise with noise"),
    "no name": (
        'model = "autoencoder"',
        'model = "2x"',
        "names.model is '2x'; allowed is a name in Python",
    ),
    "a criterion without noise": (
        "encoder = 8",
        "noise = 8",
        "points has 'noise', which the grader cannot judge. Allowed in an exercise without noise are",
    ),
    "an unknown criterion": ("encoder = 8", "speed = 8", "points has 'speed', which the grader cannot"),
    "twice": ("discussion = 4", "encoder = 4", "'encoder' stands both in points and in by_hand"),
    "negative points": ("encoder = 8", "encoder = -8", "points.encoder is -8; allowed is a number, at"),
    "no TOML": ("[images]", "[images", "cannot be read as TOML"),
}


@pytest.mark.parametrize(("old", "new", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_with_file_key_and_what_is_allowed(edited, tmp_path, old, new, words):
    with pytest.raises(LabFileError, match=re.escape(words)) as caught:
        edited(old, new)
    assert str(tmp_path / "lab.toml") in str(caught.value)


def test_a_folder_without_lab_file_is_told_the_command_that_writes_one(tmp_path):
    with pytest.raises(LabFileError, match=r"quickstart \. --assignment lab-3`") as caught:
        read(tmp_path / "lab-3")
    assert "There is no lab file at" in str(caught.value)


def test_the_only_lab_is_chosen_and_one_of_several_is_to_be_named(tmp_path):
    for name in ("b", "a"):
        (tmp_path / "source" / name).mkdir(parents=True)
    with pytest.raises(LabFileError, match="autograder quickstart DIR"):
        chosen(tmp_path)
    (tmp_path / "source" / "b" / "lab.toml").touch()
    assert chosen(tmp_path) == "b"
    (tmp_path / "source" / "a" / "lab.toml").touch()
    assert assignments(tmp_path / "source") == ["a", "b"]
    with pytest.raises(LabFileError, match=r"several labs in .*: a, b\. Name one: --assignment"):
        chosen(tmp_path)
    assert chosen(tmp_path, "a") == "a"


def test_every_activation_that_a_lab_may_ask_for_is_known_to_the_judge():
    allowed = file._validator().schema["$defs"]["hidden_activation"]["enum"]
    assert set(allowed) - {file.ANY} <= set(ACTIVATIONS)


def test_every_criterion_is_judged_and_has_its_function_for_test_cells():
    from autograder import check
    from autograder.judge.criteria import CRITERIA

    assert set(TEST_CELLS) == set(CRITERIA)
    assert all(callable(getattr(check, name.replace("-", "_"))) for name in TEST_CELLS)


GUIDE = (SOURCE.parents[1] / "docs" / "LAB_FILE.md").read_text("utf-8")


def test_the_example_in_the_guide_is_a_lab(tmp_path):
    (example,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    (tmp_path / "lab.toml").write_text(example)
    (exercise,) = read(tmp_path).exercises.values()
    assert exercise.sides == (28, 14, 14, 28, 28)


def test_the_guide_explains_every_key_and_names_all_that_is_allowed():
    definitions = file._validator().schema["$defs"]
    keys = {*definitions["exercise"]["properties"], *definitions["layer"]["properties"]}
    keys |= set(definitions["exercise"]["properties"]["names"]["properties"])
    assert not [key for key in sorted(keys) if f"`{key}`" not in GUIDE]
    for key in ("loss", "optimizer"):
        allowed = definitions["exercise"]["properties"][key]["enum"]
        assert not [name for name in allowed if f'`"{name}"`' not in GUIDE]
