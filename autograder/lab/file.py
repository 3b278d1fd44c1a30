"""Reads a course's lab file, and says file, key and what is allowed where something in it is wrong."""

import difflib
import functools
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from autograder.lab import (
    IMAGE_SHAPE,
    IMAGE_TEXT,
    QUALITY,
    SHORT_STEPS,
    TEST_CELLS,
    Criterion,
    Exercise,
    Lab,
    RequiredLayer,
)

NAME = "lab.toml"
"""The lab file's name; it lies beside the source notebooks."""
ANY = "any"
"""Stands in the file for what is left to the student."""


class LabFileError(Exception):
    """The lab file is missing or wrong; the text says what to do."""


def read(folder: Path) -> Lab:
    """Reads the lab file in an assignment's source folder, whose name is the assignment's.

    Raises LabFileError.
    """
    file = folder / NAME
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise LabFileError(
            f"There is no lab file at {file}: the grader does not know what the lab asks for. "
            f"`autograder quickstart . --assignment {folder.resolve().name}`, in the course directory, "
            "writes one for the bundled lab and changes no file that is there; then `autograder check` "
            "tells where it and the notebooks disagree."
        ) from None
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise LabFileError(f"{file} cannot be read as TOML: {error}.") from None
    for wrong in _in_order(_validator().iter_errors(content)):
        raise LabFileError(f"{file}: {_in_words(wrong)}")
    images = content["images"]
    try:
        exercises = {
            name: _exercise(name, table, images["things"])
            for name, table in content["exercises"].items()
        }
    except _WrongError as error:
        raise LabFileError(f"{file}: {error}") from None
    return Lab(folder.resolve().name, images["dataset"], images["things"], exercises)


def assignments(source: Path) -> list[str]:
    """The names of the folders in source/ that hold a lab file."""
    return sorted(file.parent.name for file in source.glob(f"*/{NAME}"))


def allowed(key: str) -> tuple[str, ...]:
    """The words that a lab file may give an exercise's key, such as optimizer, or a layer's."""
    definitions = _validator().schema["$defs"]
    keys = definitions["exercise"]["properties"] | definitions["layer"]["properties"]
    schema = keys[key]
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[-1]]
    return tuple(schema["enum"])


def chosen(course: Path, named: str = "") -> str:
    """The assignment to work on: the named one, or the only one with a lab file. Raises LabFileError."""
    source = course / "source"
    found = [named] if named else assignments(source)
    if len(found) == 1:
        return found[0]
    if found:
        raise LabFileError(
            f"There are several labs in {source}: {', '.join(found)}. Name one: --assignment"
        )
    raise LabFileError(
        f"No folder in {source.resolve()} holds a lab file ({NAME}). Change to a course directory, or "
        "name it with --course; `autograder quickstart DIR` makes one, or adds what is missing."
    )


class _WrongError(ValueError):
    """Says which key is wrong, and what is allowed."""


@functools.cache
def _validator() -> Draft202012Validator:
    schema = json.loads(Path(__file__).with_name("lab.schema.json").read_text("utf-8"))
    return Draft202012Validator(schema)


def _in_order(errors: Iterable[ValidationError]) -> list[ValidationError]:
    return sorted(errors, key=lambda error: [str(part) for part in error.absolute_path])


def _in_words(error: ValidationError) -> str:
    """One error of the schema as a sentence: the key, what stands there, what is allowed."""
    path = _path(error.absolute_path)
    table = f"the table {path}" if path else "the file"
    schema, found = error.schema, error.instance
    if error.validator == "required":
        missing = next(key for key in schema["required"] if key not in found)
        return f"{table} lacks the key '{missing}': {_allowed(schema['properties'][missing])}."
    if error.validator == "additionalProperties":
        known = list(schema["properties"])
        unknown = next(key for key in found if key not in known)
        alike = difflib.get_close_matches(unknown, known, 1)
        meant = f"Did you mean '{alike[0]}'? " if alike else ""
        return f"{table} has an unknown key '{unknown}'. {meant}Allowed are {', '.join(known)}."
    return f"{path or 'the file'} is {found!r}; allowed is {_allowed(schema)}."


def _allowed(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return _allowed(_validator().schema["$defs"][schema["$ref"].rsplit("/", 1)[-1]])
    return str(schema.get("description", schema))


def _path(parts: Iterable[object]) -> str:
    """A key as people write it, the layers of a list counted from 1."""
    text = ""
    for part in parts:
        text += f" [number {part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _exercise(notebook: str, table: Mapping[str, Any], things: str) -> Exercise:
    """Raises _WrongError where values that are allowed by themselves do not fit each other."""
    key, noise, names = f"exercises.{notebook}", float(table.get("noise", 0)), table["names"]
    for name in ("noisy_train", "noisy_test"):
        if noise and name not in names:
            raise _WrongError(f"{key}.names lacks the key '{name}', which an exercise with noise needs.")
        if not noise and name in names:
            raise _WrongError(f"{key}.names.{name} is for an exercise with noise; this one has none.")
    encoder, decoder, output = _network(table, key)
    points, by_hand = table["points"], table.get("by_hand", {})
    for grade_id in points:
        _check_criterion(grade_id, f"{key}.points", noise)
    for grade_id in by_hand:
        if grade_id in TEST_CELLS:
            _check_criterion(grade_id, f"{key}.by_hand", noise)
    if twice := sorted(set(points) & set(by_hand)):
        raise _WrongError(f"{key}: '{twice[0]}' stands both in points and in by_hand; leave it in one.")
    return Exercise(
        notebook=notebook,
        things=things,
        model=names["model"],
        history=names["history"],
        outputs=names["outputs"],
        noisy_train=names.get("noisy_train", ""),
        noisy_test=names.get("noisy_test", ""),
        encoder=encoder,
        decoder=decoder,
        output=output,
        loss=table["loss"],
        optimizer=table["optimizer"],
        learning_rate=table.get("learning_rate"),
        slow_rate=float(table.get("slow_rate", 0)),
        epochs=table["epochs"],
        batch_size=table["batch_size"],
        noise=noise,
        shown=table["shown"],
        criteria=(
            *(Criterion(name, value) for name, value in points.items()),
            *(Criterion(name, value, True) for name, value in by_hand.items() if name in TEST_CELLS),
        ),
        discussions=tuple(
            Criterion(name, value, True) for name, value in by_hand.items() if name not in TEST_CELLS
        ),
        given=tuple(table.get("given", ())),
        answers=tuple(table.get("answers", ())),
        short_steps=table.get("short_steps", SHORT_STEPS),
    )


def _check_criterion(grade_id: str, key: str, noise: float) -> None:
    allowed = [name for name in TEST_CELLS if name not in _UNFIT[noise > 0]]
    if grade_id not in allowed:
        kind = "with" if noise else "without"
        raise _WrongError(
            f"{key} has '{grade_id}', which the grader cannot judge. Allowed in an exercise {kind} "
            f"noise are {', '.join(allowed)}; what a person grades stands in by_hand."
        )


_UNFIT = {False: ("noise", QUALITY[1]), True: (QUALITY[0],)}
"""The criteria that make no sense for an exercise without noise, and for one with noise."""

Layers = tuple[RequiredLayer, ...]


def _network(table: Mapping[str, Any], key: str) -> tuple[Layers, Layers, RequiredLayer]:
    """The prescribed layers of encoder, decoder and output. Raises _WrongError unless they fit."""
    default = table.get("convolution", {})
    side, channels = IMAGE_SHAPE[0], IMAGE_SHAPE[-1]
    course, parts = str(side), []
    for part in ("encoder", "decoder", "output"):
        layers = []
        written = [table[part]] if part == "output" else table[part]
        for number, each in enumerate(written, start=1):
            where = f"{key}.{part}" + ("" if part == "output" else f" [number {number}]")
            layer = _layer(each, default, where)
            smaller = layer.side_after(side)
            if smaller < 1:
                raise _WrongError(f"{where}: nothing is left of the image ({course} → {smaller}).")
            layers.append(_with_free_padding(layer, side))
            channels = layer.filters or channels
            if smaller != side:
                course += f" → {smaller}"
            side = smaller
        parts.append(tuple(layers))
    if (side, channels) != (IMAGE_SHAPE[0], IMAGE_SHAPE[-1]):
        raise _WrongError(
            f"{key}: the layers make {side}×{side}×{channels} of an image of {IMAGE_TEXT} ({course}); "
            f"they have to lead back to {IMAGE_TEXT}."
        )
    return parts[0], parts[1], parts[2][0]


def _layer(written: Mapping[str, Any], default: Mapping[str, Any], key: str) -> RequiredLayer:
    kind = written["layer"]
    if kind == "Conv2D":
        values = {**default, **written}
        for name in ("filters", "kernel", "activation"):
            if name not in values:
                raise _WrongError(f"{key} lacks the key '{name}', and so does the table convolution.")
        _check_keys(written, ("filters", "kernel", "padding", "activation"), key)
        activation = values["activation"]
        return RequiredLayer(
            kind,
            filters=values["filters"],
            kernel=(values["kernel"], values["kernel"]),
            padding=values.get("padding", "valid"),
            activation=None if activation == ANY else activation,
        )
    pooling = kind == "MaxPooling2D"
    _check_keys(written, ("size", "padding") if pooling else ("size",), key)
    size = written.get("size", 2)
    padding = written.get("padding", "valid") if pooling else None
    return RequiredLayer(kind, size=(size, size), padding=padding)


def _check_keys(written: Mapping[str, Any], allowed: tuple[str, ...], key: str) -> None:
    for name in written:
        if name not in ("layer", *allowed):
            raise _WrongError(
                f"{key}: a {written['layer']} has no '{name}'. Allowed are {', '.join(allowed)}."
            )


def _with_free_padding(layer: RequiredLayer, side: int) -> RequiredLayer:
    """The layer for an input of this side, its padding free where the shape does not depend on it."""
    if layer.padding is None:
        return layer
    same, valid = (replace(layer, padding=padding).side_after(side) for padding in ("same", "valid"))
    return replace(layer, padding=None) if same == valid else layer
