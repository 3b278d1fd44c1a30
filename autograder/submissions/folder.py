"""Sorts out a submission's folder, which may hold anything: what is graded, what is left out, and why.

Nothing is changed, and nothing opened but the timestamp and files that may be renamed notebooks.
"""

import fnmatch
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.utils import parse_utc

MAX_ENTRIES = 10_000
MAX_DEPTH = 20
MAX_PATH = 1000
"""Most bytes of a path within the folder. The system allows more, but copies have longer paths."""
MAX_CANDIDATES = 20
"""Most files that are opened in search of renamed notebooks."""
MAX_TIMESTAMP = 1000
"""Most bytes of nbgrader's timestamp.txt."""

TIMESTAMP = Path("timestamp.txt")


@dataclass(frozen=True)
class Submission:
    """One student's folder, sorted out."""

    notebooks: Mapping[str, Path] = field(default_factory=dict)
    """The file to grade for each notebook of the assignment, relative to the folder."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """The reason why there is no such file, for each of the other notebooks."""
    files: tuple[Path, ...] = ()
    """The files to copy beside the notebooks, relative to the folder."""
    remarks: tuple[str, ...] = ()
    """Remarks on the submission for graders and the student."""


def sort_out(
    folder: Path,
    expected: Mapping[str, frozenset[str]],
    cell_ids: Callable[[Path], frozenset[str]],
    ignore: Iterable[str] = (),
    given: Iterable[Path] = (),
    max_bytes: int = 100 * 2**20,
) -> Submission:
    """Sorts out a submission's folder, which may hold anything.

    expected: ids of the cells in each notebook of the assignment. cell_ids: returns the ids in a file.
    ignore: patterns of names to ignore. given: files that the instructor's own versions replace.
    max_bytes: the most bytes of all files beside the notebooks.
    """
    own = {name: Path(f"{name}.ipynb") for name in expected}
    try:
        found = _survey(folder, own.values(), tuple(ignore))
    except OSError as error:
        return Submission(
            missing=dict.fromkeys(expected, f"the submission's folder cannot be read ({error.strerror})")
        )
    notebooks = {name: path for name, path in own.items() if path in found.regular}
    others = [path for path in found.regular if _may_be_notebook(path) and path not in own.values()]
    missing, remarks = {}, []
    wanted = [name for name in expected if name not in notebooks]
    possible = others[:MAX_CANDIDATES] if wanted else []
    most_like = {path: _most_like(cell_ids(folder / path), expected) for path in possible}
    for name in wanted:
        reason = f"no {own[name]} was handed in"
        if own[name] in found.left_out:
            reason = f"{own[name]} {found.left_out[own[name]]}"
        candidates = [path for path, best in most_like.items() if best == name]
        if len(candidates) == 1:
            notebooks[name] = candidates[0]
            others.remove(candidates[0])
            remarks.append(f"{reason}; the file {shown(candidates[0], 60)} was graded in its place")
        elif candidates:
            missing[name] = f"{reason}, and {_list(candidates)} could each be meant"
        else:
            missing[name] = reason
    if others:
        remarks.append(f"not graded, as no notebooks of the assignment: {_list(others)}")
    pages = [path.with_suffix(".html") for path in own.values()]
    files, left_out = _beside(folder, found, [TIMESTAMP, *given], pages, max_bytes)
    return Submission(notebooks, missing, files, (*remarks, *left_out))


def shown(text: object, most: int = 200) -> str:
    """Returns a student's text, such as a file's name, with a ? for all that could act as markup."""
    plain = re.sub(rf"[^\w {re.escape(_PLAIN)}]", "?", str(text))
    return plain if len(plain) <= most else f"{plain[:most]}…"


_PLAIN = ".,:;()'/+=-{}%×→−–±≤≥…²“”"
"""Characters besides letters and digits that mean nothing in HTML and Markdown."""


@dataclass(frozen=True)
class _Found:
    regular: dict[Path, int]
    """Regular files and their sizes."""
    left_out: dict[Path, str]
    """Everything else, and why it is left out."""
    too_many: bool


def _survey(folder: Path, own: Iterable[Path], ignore: tuple[str, ...]) -> _Found:
    """Lists what is in the folder. Raises OSError if it cannot be read."""
    regular, left_out, entries = {}, {}, 0
    # Breadth first: what lies beside the notebooks counts before what is hidden deep below.
    folders = [Path()]
    for below in folders:
        try:
            names = _names(folder / below, MAX_ENTRIES + 1 - entries)
        except OSError:
            if below == Path():
                raise
            left_out[below] = "cannot be read"
            continue
        entries += len(names)
        if below == Path():
            # The notebooks are found however many other files there are.
            names |= {path.name for path in own if os.path.lexists(folder / path)}
        for path in (below / name for name in sorted(names)):
            if any(fnmatch.fnmatch(path.name, pattern) for pattern in ignore):
                continue
            if len(path.parts) > MAX_DEPTH or len(os.fsencode(path)) > MAX_PATH:
                left_out[path] = "lies too deep"
                continue
            mode, size = _mode_and_size(folder / path)
            if _is_sound(folder / path, mode):
                regular[path] = size
            elif stat.S_ISDIR(mode) and path.suffix != ".ipynb":
                folders.append(path)
            else:
                left_out[path] = _KINDS.get(stat.S_IFMT(mode), "is no regular file")
        if entries > MAX_ENTRIES:
            return _Found(regular, left_out, too_many=True)
    return _Found(regular, left_out, too_many=False)


_KINDS = {
    stat.S_IFLNK: "is a link",
    stat.S_IFDIR: "is a folder",
    stat.S_IFREG: "cannot be read, or runs with its owner's rights",
}


def _names(folder: Path, most: int) -> set[str]:
    """The names of a folder's entries, up to a number of them."""
    with os.scandir(folder) as entries:
        return {entry.name for entry, _ in zip(entries, range(most), strict=False)}


def _mode_and_size(path: Path) -> tuple[int, int]:
    """A file's mode and size without following links; zeros if they cannot be read."""
    try:
        status = path.lstat()
    except OSError:
        return 0, 0
    return status.st_mode, status.st_size


def _is_sound(path: Path, mode: int) -> bool:
    """Whether a file may be copied: copies keep setuid bits and would run as the grader."""
    return stat.S_ISREG(mode) and not mode & (stat.S_ISUID | stat.S_ISGID) and os.access(path, os.R_OK)


def _may_be_notebook(path: Path) -> bool:
    """Whether a name is like 'autoencoder (1).ipynb' or 'autoencoder.ipynb.txt', as browsers save it."""
    return ".ipynb" in path.name.lower() and not path.name.startswith(".")


def _most_like(ids: frozenset[str], expected: Mapping[str, frozenset[str]]) -> str | None:
    """The notebook of the assignment that shares most cells with a file; None if no single one does."""
    shares = {name: len(ids & cells) / max(1, len(ids | cells)) for name, cells in expected.items()}
    best = max(shares.values(), default=0)
    names = [name for name, share in shares.items() if share == best]
    return names[0] if best >= 0.5 and len(names) == 1 else None


def _beside(
    folder: Path, found: _Found, given: Iterable[Path], pages: Iterable[Path], max_bytes: int
) -> tuple[tuple[Path, ...], list[str]]:
    """The files to copy beside the notebooks, and remarks on files that are not copied.

    given: files of the assignment; students may hand these in, but not swap files and folders.
    pages: files that grading writes itself.
    """
    files = [path for path in found.regular if path.suffix != ".ipynb"]
    left_out = {path: why for path, why in found.left_out.items() if path.suffix != ".ipynb"}
    taken = [*given, *pages]
    in_the_way = {p for p in files if p in pages or any(_collide(p, other) for other in taken)}
    files = [path for path in files if path not in in_the_way]
    left_out |= dict.fromkeys(sorted(in_the_way), "is in the place of a file of the assignment")
    stamps = [TIMESTAMP] if TIMESTAMP in files else []
    if stamps and not _is_time(folder / TIMESTAMP):
        files.remove(TIMESTAMP)
        stamps, left_out[TIMESTAMP] = [], "holds no time"
    remarks = []
    for why in dict.fromkeys(left_out.values()):
        paths = [path for path, other in left_out.items() if other == why]
        remarks.append(f"left out, not copied: {_list(paths)} ({why})")
    size = sum(found.regular[path] for path in files)
    if found.too_many or size > max_bytes:
        files = stamps
        remarks.append(
            "left out, not copied: all files beside the notebooks, as they are too many or too large "
            f"(at most {MAX_ENTRIES:,} files and {max_bytes:,} bytes in all)"
        )
    return tuple(files), remarks


def _collide(path: Path, other: Path) -> bool:
    """Whether one of two files would have to be a folder so that the other can exist."""
    return path in other.parents or other in path.parents


def _is_time(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_TIMESTAMP + 1)
        return len(text) <= MAX_TIMESTAMP and parse_utc(text.decode("utf-8").strip()) is not None
    except Exception:
        # A student may write anything, and date parsers raise not only ValueError.
        return False


def _list(paths: list[Path], most: int = 10) -> str:
    names = ", ".join(shown(path, 60) for path in paths[:most])
    return names if len(paths) <= most else f"{names} and {len(paths) - most} more"
