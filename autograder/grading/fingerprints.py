"""Digests by which an unchanged submission under an unchanged grader is recognised.

Of what makes a difference to a notebook's run, to its verdicts and to what is recorded, apart: new
criteria judge kept evidence again, without running anybody's code. All cover the versions of Python and
of every library that grading depends on.
"""

import functools
import hashlib
import json
import platform
from pathlib import Path

import autograder
from autograder.grading import libraries
from autograder.lab.images import Images

_PACKAGE = Path(autograder.__file__).parent
_JUDGE, _LAB = "judge", "lab.py"
"""The folder that judges, and the points: nothing that a notebook's run depends on."""


def digest(*parts: object) -> str:
    """The SHA-256, in hexadecimal, of JSON values and bytes."""
    sha = hashlib.sha256()
    for part in parts:
        content = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True).encode()
        sha.update(b"%d:" % len(content))
        sha.update(content)
    return sha.hexdigest()


@functools.cache
def of_run(package: Path = _PACKAGE) -> str:
    """Of the code that decides how a notebook runs: all but that of the judge and the points."""
    return _of_code(
        package, [file for file in _code(package) if _part(file, package) not in (_JUDGE, _LAB)]
    )


@functools.cache
def of_judge(package: Path = _PACKAGE) -> str:
    """Of the code that judges: its folder, and what lies at the top for all to share."""
    return _of_code(
        package,
        [file for file in _code(package) if _part(file, package) == _JUDGE or file.parent == package],
    )


@functools.cache
def of_package(package: Path = _PACKAGE) -> str:
    """Of all code."""
    return _of_code(package, _code(package))


def of_images(images: Images) -> str:
    """Of the grading images."""
    arrays = (images.x_train, images.x_test, images.held_out)
    content = (part for array in arrays for part in (array.shape, array.tobytes()))
    return digest(images.train_count, images.test_count, *content)


def _code(package: Path) -> list[Path]:
    """All files of the package, but what Python makes of them."""
    return [f for f in package.rglob("*") if f.is_file() and "__pycache__" not in f.parts]


def _part(file: Path, package: Path) -> str:
    """The folder of the package, or the module at its top, that a file belongs to."""
    return file.relative_to(package).parts[0]


def _of_code(package: Path, files: list[Path]) -> str:
    code = {str(file.relative_to(package)): digest(file.read_bytes()) for file in files}
    return digest(code, platform.python_version(), libraries.versions())
