"""Digests by which an unchanged submission under an unchanged grader is recognised.

Of what makes a difference to a notebook's run, to its verdicts and to what is recorded, apart: new
criteria judge kept evidence again, without running anybody's code.
"""

import functools
import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import autograder
from autograder.images import Images

_PACKAGE = Path(autograder.__file__).parent
_KERNEL = (
    "challenge.py",
    "check.py",
    "evidence.py",
    "kernel",
    "course/execute.py",
    "course/outputs.py",
    "course/work.py",
)
_JUDGE = ("challenge.py", "evidence.py", "images.py", "lab.py", "judge")
_LIBRARIES = (
    "tensorflow",
    "keras",
    "numpy",
    "matplotlib",
    "ipykernel",
    "ipython",
    "nbclient",
    "nbgrader",
)


def digest(*parts: object) -> str:
    """The SHA-256, in hexadecimal, of JSON values and bytes."""
    sha = hashlib.sha256()
    for part in parts:
        content = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True).encode()
        sha.update(b"%d:" % len(content))
        sha.update(content)
    return sha.hexdigest()


@functools.cache
def of_kernel() -> str:
    """Of the code that runs notebooks, and the libraries that it uses."""
    return _of_code(*_KERNEL)


@functools.cache
def of_judge() -> str:
    """Of the code that judges, and the libraries that it uses."""
    return _of_code(*_JUDGE)


@functools.cache
def of_package() -> str:
    """Of all code of this package that grades, and the libraries that it uses."""
    return _of_code("batch", "course", "kernel", "judge", *(p.name for p in _PACKAGE.glob("*.py")))


def of_images(images: Images) -> str:
    """Of the grading images."""
    arrays = (images.x_train, images.x_test, images.held_out)
    return digest(*(part for array in arrays for part in (array.shape, array.tobytes())))


def _of_code(*places: str) -> str:
    files: list[Path] = []
    for place in places:
        path = _PACKAGE / place
        files += [path] if path.is_file() else [f for f in path.rglob("*") if f.suffix in (".py", ".j2")]
    code = {str(file.relative_to(_PACKAGE)): digest(file.read_bytes()) for file in files}
    return digest(code, platform.python_version(), {name: _version(name) for name in _LIBRARIES})


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
