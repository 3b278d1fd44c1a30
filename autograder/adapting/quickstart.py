"""Makes a course directory of the course that comes with the package; what is there already stays."""

import re
from pathlib import Path

import autograder
from autograder.judge.bounds import NAME as CALIBRATION
from autograder.lab.file import NAME as LAB_FILE

CONFIG = "nbgrader_config.py"
GUIDE = Path("docs", "LAB_FILE.md")
"""How to adapt the lab."""
_ASSIGNMENT = re.compile(r"\w[\w.-]*")

_GITIGNORE = """\
# Names, grades and comments. nbgrader makes copies of the gradebook when it changes its format.
/gradebook.db
/gradebook.db.*
/grades.csv
# What students handed in, and what became of it: personal data.
/submitted/
/autograded/
/feedback/
# Results that are kept, and the secret that decides what submissions are asked.
/.autograder/
# What programs leave behind.
.nbgrader.log
.ipynb_checkpoints/
__pycache__/
"""

_README = """\
# A course with an autograded Keras lab

`autograder quickstart` made this directory. Set the course's name in `{config}`. Then, here:

```sh
{commands}
```

What students hand in belongs in `submitted/STUDENT/{assignment}/`, under the names that the notebooks
have in `release/{assignment}/`.

## Changing the lab

`source/{assignment}/{lab_file}` says what the lab asks for and what earns points. [{guide}]({guide})
leads through a change, and explains every key.

1. Edit the lab file. `autograder check --quick` lists where the notebooks beside it say something else.
2. `autograder calibrate --seeds 7` measures anew, for a first look, which images count as restored, and
   writes `source/{assignment}/{calibration}`; without `--seeds 7` it does so for good.
3. `autograder release` makes what students get, and `autograder check` runs solution and blank notebook.
"""

_NOT_CONNECTED = f"""
{CONFIG} was there already, and does not connect nbgrader with the autograder as a new one does. Add

    from autograder.course.wiring import connect

    connect(c)

behind `c = get_config()`. Without it, nbgrader may grade by itself, and {LAB_FILE} is released to
students."""

_OTHER_NOTEBOOKS = f"""
{{folder}} has notebooks already, so none were added. {LAB_FILE} is that of the bundled lab:
edit it until `autograder check` finds no difference."""

_OTHER_LAB_FILE = f"""
{{folder}} has a {LAB_FILE} already, and now the bundled lab's notebooks as well: `autograder check`
tells where they disagree."""


class QuickstartError(Exception):
    """No course can be made there; the text says why, and what to do."""


def run(folder: Path, assignment: str | None = None) -> str | int:
    """Makes a course and prints what became of it; returns the exit code, or a message."""
    assignment = assignment or _bundled_lab().name
    try:
        written, kept = quickstart(folder, assignment)
    except QuickstartError as error:
        return str(error)
    for title, paths in ("Written", written), ("Already there, and kept as they are", kept):
        if paths:
            print(f"{title}:", *(f"  {folder / path}" for path in paths), sep="\n")
    for remark in _remarks(folder, Path("source", assignment), written, kept):
        print(remark)
    print("\nNext:")
    if folder.resolve() != Path.cwd():
        print(f"  cd {folder}")
    print(*(f"  {line}" for line in _commands(assignment)), sep="\n")
    return 0


def quickstart(folder: Path, assignment: str | None = None) -> tuple[list[Path], list[Path]]:
    """Makes a course directory; returns the files that were written, and those that were there and kept.

    folder: is made if it does not exist. assignment: nbgrader's name of it (default: the bundled lab's).
    The paths are relative to `folder`. Notebooks are written only where the assignment has none yet.
    Raises QuickstartError.
    """
    lab = _bundled_lab()
    assignment = assignment or lab.name
    if not _ASSIGNMENT.fullmatch(assignment):
        raise QuickstartError(
            f"{assignment!r} cannot be the name of an assignment: use letters, digits, '_', '-' and '.'."
        )
    written: list[Path] = []
    kept: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        source = Path("source", assignment)
        files = {**_beside(assignment), **_of_lab(lab, folder, source)}
        kept += sorted(_notebooks(folder, source) - files.keys())
        for path, content in files.items():
            (written if _write_new(folder / path, content) else kept).append(path)
    except (FileExistsError, NotADirectoryError) as error:
        raise QuickstartError(
            f"{error.filename} cannot be made: there is a file where a folder is needed. "
            "Name another directory."
        ) from None
    except OSError as error:
        raise QuickstartError(f"{error.filename} cannot be written: {error.strerror}.") from None
    return written, kept


def bundled_course() -> Path:
    """The course that came with the package, or that of the checkout which the package lies in."""
    installed = autograder.INSTALLED_COURSE
    return installed if installed.is_dir() else installed.parent


def _bundled_lab() -> Path:
    """The bundled assignment's folder."""
    return min((bundled_course() / "source").glob(f"*/{LAB_FILE}")).parent


def _beside(assignment: str) -> dict[Path, bytes]:
    """The files of a new course that lie beside source/."""
    readme = _README.format(
        config=CONFIG,
        commands="\n".join(_commands(assignment)),
        assignment=assignment,
        lab_file=LAB_FILE,
        calibration=CALIBRATION,
        guide=GUIDE.as_posix(),
    )
    return {
        Path(CONFIG): (bundled_course() / CONFIG).read_bytes(),
        Path(".gitignore"): _GITIGNORE.encode(),
        Path("README.md"): readme.encode(),
        GUIDE: (bundled_course() / GUIDE).read_bytes(),
    }


def _of_lab(lab: Path, folder: Path, source: Path) -> dict[Path, bytes]:
    """The files of the bundled lab that a course needs, or has already, in its folder `source`."""
    own = folder / source / LAB_FILE
    names = {LAB_FILE}
    if not _notebooks(folder, source):
        names |= {path.name for path in lab.glob("*.ipynb")} | {"requirements.txt"}
    if not own.exists() or own.read_bytes() == (lab / LAB_FILE).read_bytes():
        # The bounds are those of the bundled lab, and of no other.
        names.add(CALIBRATION)
    return {
        source / path.name: path.read_bytes()
        for path in sorted(lab.glob("[!.]*.*"))
        if path.name in names or (folder / source / path.name).exists()
    }


def _notebooks(folder: Path, source: Path) -> set[Path]:
    return {path.relative_to(folder) for path in (folder / source).glob("*.ipynb")}


def _write_new(path: Path, content: bytes) -> bool:
    """Writes a file unless something is there under its name; tells whether it did."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = path.open("xb")
    except FileExistsError:
        return False
    with file:
        file.write(content)
    return True


def _remarks(folder: Path, source: Path, written: list[Path], kept: list[Path]) -> list[str]:
    """What does not fit together, as some files are new and others were there before."""
    remarks = []
    if Path(CONFIG) in kept and not _connects(folder / CONFIG):
        remarks.append(_NOT_CONNECTED)
    notebooks = [path.suffix == ".ipynb" for path in kept]
    if source / LAB_FILE in written and any(notebooks):
        remarks.append(_OTHER_NOTEBOOKS.format(folder=folder / source))
    if source / LAB_FILE in kept and not any(notebooks):
        remarks.append(_OTHER_LAB_FILE.format(folder=folder / source))
    return remarks


def _connects(config: Path) -> bool:
    try:
        return b"autograder.course.wiring" in config.read_bytes()
    except OSError:
        return False


def _commands(assignment: str) -> list[str]:
    """The commands from a new course to feedback."""
    steps = {
        "autograder release": f"makes release/{assignment}/, to hand out",
        "autograder grade": f"grades submitted/STUDENT/{assignment}/",
        f"nbgrader generate_feedback {assignment}": "writes feedback/, to hand back",
    }
    width = max(map(len, steps))
    return [f"{command:{width}}  # {what}" for command, what in steps.items()]
