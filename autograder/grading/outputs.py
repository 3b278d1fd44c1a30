"""Collects what a kernel sends while it runs: evidence apart, the rest within bounds."""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from autograder.protocol.evidence import MIME_TYPE

MOST_EVIDENCE = 2
"""Messages kept of one cell: two already show that something is wrong."""
MOST_EVIDENCE_BYTES = 48 * 2**20
"""Bytes of evidence kept of one notebook; a right solution takes less than 1 MiB."""
MOST_MESSAGES = 10_000
"""Messages of one notebook that become outputs."""
MOST_TOKENS = 1_000_000
"""Brackets, commas and texts in one message: about half as many values, up to 100 MB."""
TOO_MUCH_BYTES = 32 * MOST_TOKENS
"""The size that a message with more tokens counts as."""
LEFT_OUT = "autograder_left_out"
"""Key of a message whose content was not read, because it holds too much."""
FLOOD = 20
"""The kernel is ended once it has put out this many times what is kept."""


@dataclass
class Outputs:
    """The messages of one notebook so far."""

    max_bytes: int
    """Most bytes of outputs that are kept for people to see."""
    bytes: int = 0
    messages: int = 0
    evidence: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Request and text of each message of evidence, by the grade_id of the cell that was running."""

    def admit(self, message: Mapping[str, Any], cell: str | None) -> bool:
        """Counts a message and keeps it if it is evidence. Returns whether it may become an output.

        message: as jupyter_client reads it. cell: the grade_id of the running cell, if it has one.
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
            # A second message or no plain text: only that it came matters.
            text = ""
        before = sum(len(each) for some in self.evidence.values() for _, each in some)
        if before + len(text) <= MOST_EVIDENCE_BYTES:
            kept.append((request, text))

    @property
    def full(self) -> bool:
        """Whether the kernel sent more than is kept."""
        return self.bytes > self.max_bytes or self.messages > MOST_MESSAGES

    @property
    def flood(self) -> bool:
        """Whether the kernel sent so much that it should be ended."""
        return self.bytes > FLOOD * self.max_bytes or self.messages > FLOOD * MOST_MESSAGES


# Anchored at the start of a line: a search from each place in a long line would take for ever.
_OVERWRITTEN = re.compile(r"^.*\r(?=[^\n])", re.MULTILINE)


def in_one_piece(outputs: Sequence[NotebookNode]) -> list[NotebookNode]:
    """Joins what a cell printed to each stream, and drops what \\r overwrote.

    Does what nbclient's `coalesce_streams` does, whose time grows with the square of a line's length.
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
    # The two streams arrive in any order.
    for i, (first, second) in enumerate(itertools.pairwise(kept)):
        if (first.get("name"), second.get("name")) == ("stderr", "stdout"):
            kept[i : i + 2] = [second, first]
            break
    return kept


_TOKEN = re.compile(rb'[\[{,]|"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


def holds_too_much(content: bytes) -> bool:
    """Whether JSON holds more brackets, commas and texts than MOST_TOKENS."""
    # A quick count settles nearly all messages; it also counts marks within texts, which cost nothing.
    if sum(map(content.count, (b"[", b"{", b",", b'"'))) <= MOST_TOKENS:
        return False
    return next(itertools.islice(_TOKEN.finditer(content), MOST_TOKENS, None), None) is not None


def _size(value: object) -> int:
    """Estimates the bytes of a parsed message: its characters, containers and numbers."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return _CONTAINER_BYTES + sum(len(key) + _size(item) for key, item in value.items())
    if isinstance(value, list):
        return _CONTAINER_BYTES + sum(map(_size, value))
    return _NUMBER_BYTES


_CONTAINER_BYTES, _NUMBER_BYTES = 200, 32
