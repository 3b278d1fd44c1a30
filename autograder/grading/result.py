"""The result of a job: enough to record it, to show it, or to judge it again."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.judge.verdict import Verdict
from autograder.submissions.packed import FormatError, packed, unpacked


@dataclass(frozen=True)
class CellRun:
    """The outcome of one code cell."""

    execution_count: int | None
    outputs: tuple[Mapping[str, Any], ...]
    interrupted: bool = False
    """Whether the cell was interrupted because its time was over."""


@dataclass(frozen=True)
class Result:
    """The outcome of a job."""

    fingerprint: str
    """Identifies the job and all that decides how it runs."""
    cells: tuple[CellRun, ...] = ()
    """The outcomes of the code cells, in their order."""
    evidence: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    """The evidence from test cells, by their grade_id: request and text of each `Message`."""
    language: Mapping[str, Any] = field(default_factory=dict)
    """The kernel's description of its language."""
    incident: str = ""
    """Why execution ended early; empty if it did not."""
    timed_out: bool = False
    """Whether execution ended early because its time was over."""
    judged_by: str = ""
    """Fingerprint of the judge that gave the verdicts; empty if nobody judged yet."""
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    """The verdicts on the criteria for which there is evidence."""

    @property
    def cut_short(self) -> bool:
        """Whether a time limit ended the notebook or one of its cells."""
        return self.timed_out or any(cell.interrupted for cell in self.cells)

    @property
    def final(self) -> bool:
        """Whether another run would give the same result.

        It may give another if a busy machine interrupted a cell, the kernel died or the judge failed.
        """
        if self.incident or self.cut_short:
            return False
        return not any(verdict.transient for verdict in self.verdicts.values())

    def show(self, content: NotebookNode) -> None:
        """Writes the outputs into the notebook of the job."""
        cells = [cell for cell in content.cells if cell.cell_type == "code"]
        # If the notebook could not be read, no cell ran.
        for cell, ran in zip(cells, self.cells, strict=bool(self.cells)):
            cell.execution_count = ran.execution_count
            cell.outputs = [nbformat.from_dict(output) for output in ran.outputs]
        content.metadata["language_info"] = nbformat.from_dict(self.language)

    def to_bytes(self) -> bytes:
        """The result as compressed JSON."""
        # Not dataclasses.asdict, which copies all of the evidence first.
        return packed(
            vars(self)
            | {
                "cells": [vars(cell) for cell in self.cells],
                "verdicts": {name: vars(verdict) for name, verdict in self.verdicts.items()},
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Result":
        """The result that `to_bytes` packed. Raises FormatError."""
        parts = unpacked(data, {each.name for each in dataclasses.fields(cls)})
        try:
            cells = tuple(CellRun(**c | {"outputs": tuple(c["outputs"])}) for c in parts.pop("cells"))
            verdicts = {name: _verdict(given) for name, given in parts.pop("verdicts").items()}
            evidence = {
                name: [(request, text) for request, text in messages]
                for name, messages in parts.pop("evidence").items()
            }
            return cls(cells=cells, verdicts=verdicts, evidence=evidence, **parts)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise FormatError(f"no result of this version: {error!r}") from None


def _verdict(given: dict[str, Any]) -> Verdict:
    return Verdict(**given | {name: tuple(given[name]) for name in ("problems", "notes")})
