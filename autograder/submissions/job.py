"""A notebook to run, and the files beside it: a value that can be graded anywhere."""

import base64
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatch
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.submissions.packed import packed, unpacked

_NOT_COPIED = ("*.ipynb", ".ipynb_checkpoints", "timestamp.txt")
"""Files beside a notebook that its code has no use for."""


@dataclass(frozen=True)
class Job:
    """A notebook whose given cells are restored, and the files beside it."""

    notebook: str
    """The notebook's name in the assignment."""
    content: NotebookNode
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The contents of files, by their paths relative to the notebook."""
    executable: tuple[str, ...] = ()
    """The files that may be run as programs."""
    remarks: tuple[str, ...] = ()
    """Remarks on the submission for grader and student."""
    unreadable: str = ""
    """Why there is no notebook to run; empty if there is one."""

    def to_bytes(self) -> bytes:
        """The job as compressed JSON."""
        files = {path: base64.b64encode(data).decode() for path, data in self.files.items()}
        return packed(vars(self) | {"files": files})

    @classmethod
    def from_bytes(cls, data: bytes) -> "Job":
        """The job that `to_bytes` packed. Raises FormatError."""
        parts = unpacked(data, {each.name for each in fields(cls)})
        parts["content"] = nbformat.from_dict(parts["content"])
        parts["files"] = {path: base64.b64decode(text) for path, text in parts["files"].items()}
        return cls(**parts | {name: tuple(parts[name]) for name in ("executable", "remarks")})

    def write_files(self, folder: Path) -> None:
        """Writes the files into a folder."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            if name in self.executable:
                path.chmod(0o755)


def job_of(
    notebook: str,
    content: NotebookNode,
    files: Iterable[tuple[str, Path]] = (),
    remarks: Iterable[str] = (),
    unreadable: str = "",
) -> Job:
    """The job of a notebook. files: names and paths of what lies beside it."""
    found = {
        name: path
        for name, path in files
        if not any(fnmatch(part, pattern) for part in Path(name).parts for pattern in _NOT_COPIED)
    }
    return Job(
        notebook,
        content,
        {name: path.read_bytes() for name, path in found.items()},
        tuple(sorted(name for name, path in found.items() if path.stat().st_mode & 0o100)),
        tuple(remarks),
        unreadable,
    )


def files_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """The regular files below a folder, with their names relative to it."""
    for place, _, names in os.walk(folder):
        for path in (Path(place, name) for name in names):
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(folder)), path
