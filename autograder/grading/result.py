"""A notebook as work that can be done anywhere, and what comes of it; both travel as bytes."""

import base64
import dataclasses
import json
import os
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.grading.fingerprints import digest
from autograder.judge.verdict import Verdict
from autograder.submissions.notebooks import grade_id
from autograder.submissions.reading import REMARKS, UNREADABLE

INCIDENT = "autograder_incident"
"""Key of the resources under which it is told why execution ended early."""
EVIDENCE = "autograder_evidence"
"""Key of the resources under which the messages of each test cell are, by its grade_id."""

RESULT = "autograder_result"
"""Key of the resources under which the `Result` is."""

_NOT_COPIED = ("*.ipynb", ".ipynb_checkpoints", "timestamp.txt")
"""Beside a notebook, but nothing that its code has a use for."""


class FormatError(ValueError):
    """The bytes are not what they should be, or of another version."""


@dataclass(frozen=True)
class Work:
    """A notebook to run, restored and cleaned, and the files beside it, by their relative paths."""

    notebook: str
    content: NotebookNode
    files: Mapping[str, bytes] = field(default_factory=dict)
    executable: tuple[str, ...] = ()
    """The files that may be run."""

    @property
    def digest(self) -> str:
        """Of what is run: not of points, remarks and other things that change nothing about the run."""
        cells = [(cell.cell_type, cell.source, grade_id(cell)) for cell in self.content.cells]
        files = {path: digest(content) for path, content in self.files.items()}
        return digest(self.notebook, cells, files, sorted(self.executable))

    @property
    def recorded_digest(self) -> str:
        """Of all that makes a difference to what is recorded of it."""
        cells = [(cell.metadata.get("nbgrader"), cell.get("attachments")) for cell in self.content.cells]
        said = [self.content.metadata.get(key) for key in (REMARKS, UNREADABLE)]
        return digest(self.digest, cells, said)

    def to_bytes(self) -> bytes:
        """Compressed JSON."""
        return _packed(
            {
                "notebook": self.notebook,
                "content": self.content,
                "files": {path: base64.b64encode(data).decode() for path, data in self.files.items()},
                "executable": list(self.executable),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Work":
        """What `to_bytes` packed. Raises FormatError."""
        parts = _unpacked(data, {"notebook", "content", "files", "executable"})
        return cls(
            parts["notebook"],
            nbformat.from_dict(parts["content"]),
            {path: base64.b64decode(text) for path, text in parts["files"].items()},
            tuple(parts["executable"]),
        )

    def write_files(self, folder: Path) -> None:
        """Lays the files out below a folder."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            if name in self.executable:
                path.chmod(0o755)


def work_on(notebook: str, content: NotebookNode, files: Iterable[tuple[str, Path]]) -> Work:
    """The work on a notebook with the files that lie at these paths, by their names beside it."""
    found = {
        name: path
        for name, path in files
        if not any(fnmatch(part, pattern) for part in Path(name).parts for pattern in _NOT_COPIED)
    }
    return Work(
        notebook,
        content,
        {name: path.read_bytes() for name, path in found.items()},
        tuple(sorted(name for name, path in found.items() if path.stat().st_mode & 0o100)),
    )


def files_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """The regular files below a folder, with their names relative to it."""
    for place, _, names in os.walk(folder):
        for path in (Path(place, name) for name in names):
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(folder)), path


@dataclass(frozen=True)
class CellRun:
    """What became of one code cell."""

    execution_count: int | None
    outputs: tuple[Mapping, ...]
    interrupted: bool = False
    """Whether it was interrupted, as its time was over."""


@dataclass(frozen=True)
class Result:
    """What running a notebook gave, and how it was judged: enough to record it, or to judge it again."""

    run: str
    """Digest of what was run, and by what."""
    cells: tuple[CellRun, ...]
    """Of the code cells, in their order."""
    evidence: Mapping[str, list[list[str]]]
    """What test cells handed over, by their grade_id: request and text of each `Message`."""
    language: Mapping = field(default_factory=dict)
    """What the kernel said of its language."""
    incident: str = ""
    """Why execution ended early; empty if it did not."""
    timed_out: bool = False
    """Whether it ended because its time was over."""
    judged: str = ""
    """Digest of what it was judged by; empty if it is not judged yet."""
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    """On the criteria of which there was evidence."""

    @classmethod
    def of(
        cls,
        run: str,
        content: NotebookNode,
        resources: Mapping,
        interrupted: Collection[int] = (),
        timed_out: bool = False,
    ) -> "Result":
        """Of a notebook that was just run.

        interrupted: the places of the cells that were, among all cells.
        """
        return cls(
            run,
            tuple(
                CellRun(cell.execution_count, tuple(cell.outputs), index in interrupted)
                for index, cell in enumerate(content.cells)
                if cell.cell_type == "code"
            ),
            resources.get(EVIDENCE, {}),
            content.metadata.get("language_info", {}),
            resources.get(INCIDENT, ""),
            timed_out,
        )

    @property
    def cut_short(self) -> bool:
        """Whether a limit of time ended it, or a cell of it."""
        return self.timed_out or any(cell.interrupted for cell in self.cells)

    @property
    def final(self) -> bool:
        """Whether the next run would give the same: it ended, and the judge failed over nothing.

        What a busy machine interrupted, a quiet one may not.
        """
        if self.incident or self.cut_short:
            return False
        return not any(verdict.transient for verdict in self.verdicts.values())

    def show(self, content: NotebookNode, resources: dict) -> None:
        """Makes of a notebook and its resources what they were after the run."""
        cells = [cell for cell in content.cells if cell.cell_type == "code"]
        for cell, ran in zip(cells, self.cells, strict=True):
            cell.execution_count = ran.execution_count
            cell.outputs = [nbformat.from_dict(output) for output in ran.outputs]
        content.metadata["language_info"] = nbformat.from_dict(self.language)
        resources[EVIDENCE] = self.evidence
        if self.incident:
            resources[INCIDENT] = self.incident

    def to_bytes(self) -> bytes:
        """Compressed JSON."""
        # Not dataclasses.asdict, which copies all of the evidence first.
        return _packed(
            vars(self)
            | {
                "cells": [vars(cell) for cell in self.cells],
                "verdicts": {name: vars(verdict) for name, verdict in self.verdicts.items()},
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Result":
        """What `to_bytes` packed. Raises FormatError."""
        parts = _unpacked(data, {field.name for field in dataclasses.fields(cls)})
        try:
            cells = tuple(CellRun(**c | {"outputs": tuple(c["outputs"])}) for c in parts.pop("cells"))
            verdicts = {name: _verdict(given) for name, given in parts.pop("verdicts").items()}
            return cls(cells=cells, verdicts=verdicts, **parts)
        except (TypeError, KeyError, AttributeError) as error:
            raise FormatError(f"not a result of this version: {error!r}") from None


def _verdict(given: dict) -> Verdict:
    return Verdict(**given | {name: tuple(given[name]) for name in ("problems", "notes")})


def _packed(value: object) -> bytes:
    return zlib.compress(json.dumps(value).encode(), level=1)


def _unpacked(data: bytes, keys: set[str]) -> dict:
    try:
        value = json.loads(zlib.decompress(data))
    except (zlib.error, ValueError) as error:
        raise FormatError(f"damaged: {error}") from None
    if not isinstance(value, dict) or set(value) != keys:
        raise FormatError("not of this version")
    return value
