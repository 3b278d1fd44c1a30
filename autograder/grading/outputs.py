"""What a kernel sends while it runs: evidence is set apart, and the rest kept within bounds."""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from autograder.protocol.evidence import MIME_TYPE

MOST_EVIDENCE = 2
"""Messages kept of one cell; with two it is clear already that something is wrong."""
MOST_EVIDENCE_BYTES = 48 * 2**20
"""Kept of one notebook's evidence; that of a right solution takes less than one."""
MOST_MESSAGES = 10_000
MOST_TOKENS = 1_000_000
"""Brackets, commas and texts in one message: about half as many values, which take up to 100 MB."""
TOO_MUCH_BYTES = 32 * MOST_TOKENS
"""What a message with more counts as."""
LEFT_OUT = "autograder_left_out"
"""Key of a message whose content was not read, as it holds too much."""
FLOOD = 20
"""How many times the output that is kept makes a flood, over which the kernel is ended."""


@dataclass
class Outputs:
    """The messages of one notebook so far."""

    max_bytes: int
    """What is kept of them for people to see."""
    bytes: int = 0
    messages: int = 0
    evidence: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Request and text of what came as evidence, by the name of the cell that was running."""

    def admit(self, message: Mapping[str, Any], cell: str | None) -> bool:
        """Counts a message, and keeps it if it is evidence; whether it may become an output.

        message: as jupyter_client reads it. cell: the grade_id of the cell that runs, if it has one.
        """
        content = message["content"]
        self.bytes += TOO_MUCH_BYTES if LEFT_OUT in message else _size(content)
        self.bytes += sum(map(len, message.get("buffers", ())))
        self.messages += 1
        if LEFT_OUT in message:
            return False
        data = content.get("data")
        if isinstance(data, Mapping) and MIME_TYPE in data:
            kept = self.evidence.setdefault(cell, []) if cell else []
            if len(kept) < MOST_EVIDENCE:
                self._keep(kept, message["parent_header"]["msg_id"], data[MIME_TYPE])
            return False
        return not self.full

    def _keep(self, kept: list[tuple[str, str]], request: str, text: object) -> None:
        if kept or not isinstance(text, str) or not text.isascii():
            # No evidence, or one too many: what it says does not matter.
            text = ""
        before = sum(len(each) for some in self.evidence.values() for _, each in some)
        if before + len(text) <= MOST_EVIDENCE_BYTES:
            kept.append((request, text))

    @property
    def full(self) -> bool:
        """Whether more came than is kept."""
        return self.bytes > self.max_bytes or self.messages > MOST_MESSAGES

    @property
    def flood(self) -> bool:
        """Whether so much came that the kernel should be ended."""
        return self.bytes > FLOOD * self.max_bytes or self.messages > FLOOD * MOST_MESSAGES


# Looked for from a line's beginning only: from every place in it, a long line would take for ever.
_OVERWRITTEN = re.compile(r"^.*\r(?=[^\n])", re.MULTILINE)


def in_one_piece(outputs: Sequence[NotebookNode]) -> list[NotebookNode]:
    """A cell's outputs with all that it printed to one stream in one, without what \\r overwrote.

    As nbclient's `coalesce_streams`, whose time grows with the square of a line's length.
    """
    printed: dict[str, list[str]] = {}
    kept: list[NotebookNode] = []
    for output in outputs:
        if output.output_type != "stream":
            kept.append(output)
            continue
        if output.name not in printed:
            kept.append(output)
        printed.setdefault(output.name, []).append(output.text)
    streams = [output for output in kept if output.output_type == "stream"]
    for output in streams:
        output.text = _OVERWRITTEN.sub("", "".join(printed[output.name]))
    # The two arrive in any order.
    for i, (first, second) in enumerate(itertools.pairwise(kept)):
        if (first.get("name"), second.get("name")) == ("stderr", "stdout"):
            kept[i : i + 2] = [second, first]
            break
    return kept


_TOKEN = re.compile(rb'[\[{,]|"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


def holds_too_much(content: bytes) -> bool:
    """Whether JSON holds more brackets, commas and texts than are read."""
    # At once, for nearly all: marks within texts count here, though they cost nothing.
    if sum(map(content.count, (b"[", b"{", b",", b'"'))) <= MOST_TOKENS:
        return False
    return next(itertools.islice(_TOKEN.finditer(content), MOST_TOKENS, None), None) is not None


def _size(value: object) -> int:
    """Characters of all texts in a message, and what containers and numbers take in memory, or about."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return _CONTAINER_BYTES + sum(len(key) + _size(item) for key, item in value.items())
    if isinstance(value, list):
        return _CONTAINER_BYTES + sum(map(_size, value))
    return _NUMBER_BYTES


_CONTAINER_BYTES, _NUMBER_BYTES = 200, 32
