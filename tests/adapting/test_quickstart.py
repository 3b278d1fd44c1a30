"""A course directory out of the package alone; nothing that is there is ever overwritten."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import nbformat
import pytest
from course import FEW_IMAGES
from the_lab import ASSIGNMENT, AUTOENCODER, EXERCISES, SOURCE

from autograder.adapting.quickstart import QuickstartError, bundled_course, quickstart, run
from autograder.grading.fingerprints import of_package
from autograder.report.grade_table import read_grades
from autograder.sandbox import bubblewrap
from autograder.submissions import notebooks

CHECKOUT = SOURCE.parent.parent
BESIDE = {"nbgrader_config.py", ".gitignore", "README.md"}
GUIDE = "docs/LAB_FILE.md"
OF_LAB = {path.name for path in SOURCE.iterdir() if path.is_file()}


def names(paths):
    return {path.name for path in paths}


def course_with(folder, **files):
    """A course directory with these files of an assignment; `a_ipynb` is `a.ipynb`."""
    source = folder / "source" / ASSIGNMENT
    source.mkdir(parents=True)
    for name, content in files.items():
        (source / name.replace("_", ".")).write_text(content)
    return folder


def test_a_new_course_has_the_bundled_lab(tmp_path):
    written, kept = quickstart(tmp_path / "new" / "course")
    assert names(written) == BESIDE | OF_LAB | {"LAB_FILE.md"}
    assert (tmp_path / "new" / "course" / GUIDE).read_bytes() == (CHECKOUT / GUIDE).read_bytes()
    assert kept == []
    for name in OF_LAB:
        copy = tmp_path / "new" / "course" / "source" / ASSIGNMENT / name
        assert copy.read_bytes() == (SOURCE / name).read_bytes()


def test_the_course_in_a_checkout_is_the_checkouts():
    assert bundled_course() == CHECKOUT


def test_the_assignment_may_have_another_name(tmp_path):
    quickstart(tmp_path, "lab-2")
    assert names((tmp_path / "source" / "lab-2").iterdir()) == OF_LAB
    # The guide tells of the bundled lab.
    paths = [path for path in tmp_path.rglob("*") if path.is_file() and path != tmp_path / GUIDE]
    texts = [path.read_text("utf-8") for path in paths]
    assert not any(ASSIGNMENT in text for text in texts)


def test_a_second_run_writes_nothing_and_names_all_that_it_kept(tmp_path):
    first, _ = quickstart(tmp_path)
    assert quickstart(tmp_path) == ([], first)


@pytest.mark.parametrize("name", sorted(BESIDE))
def test_a_file_that_is_there_is_kept(tmp_path, name):
    (tmp_path / name).write_text("mine")
    _, kept = quickstart(tmp_path)
    assert kept == [Path(name)]
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize("name", sorted(BESIDE))
def test_a_link_to_nowhere_is_kept_too(tmp_path, capsys, name):
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    assert run(tmp_path) == 0
    assert f"Already there, and kept as they are:\n  {tmp_path / name}\n" in capsys.readouterr().out
    assert not (tmp_path / "elsewhere").exists()


def test_notebooks_of_another_lab_get_the_lab_file_and_no_other_notebooks(tmp_path, capsys):
    assert run(course_with(tmp_path, mine_ipynb="")) == 0
    there = names((tmp_path / "source" / ASSIGNMENT).iterdir())
    assert there == {"mine.ipynb"} | OF_LAB & {"lab.toml", "calibration.json"}
    said = capsys.readouterr().out
    assert f"{tmp_path}/source/{ASSIGNMENT}/mine.ipynb" in said
    assert "has notebooks already, so none were added" in said
    assert "`autograder check`" in said


def test_the_lab_file_of_another_lab_gets_no_bounds_of_the_bundled_one(tmp_path, capsys):
    assert run(course_with(tmp_path, lab_toml="# Mine")) == 0
    there = names((tmp_path / "source" / ASSIGNMENT).iterdir())
    assert there == OF_LAB - {"calibration.json"}
    assert "now the bundled lab's notebooks as well: `autograder check`" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("c = get_config()", True),
        ("from autograder.course.wiring import connect\nc = get_config()\nconnect(c)", False),
    ],
)
def test_a_configuration_that_does_not_connect_the_autograder_is_told(tmp_path, capsys, config, told):
    (tmp_path / "nbgrader_config.py").write_text(config)
    assert run(tmp_path) == 0
    assert ("does not connect nbgrader with the autograder" in capsys.readouterr().out) == told


def test_it_prints_what_it_wrote_and_the_next_commands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(Path("course")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["Written:", "  course/nbgrader_config.py"]
    commands = [line.partition("#")[0].strip() for line in lines[lines.index("Next:") + 1 :]]
    assert commands == [
        "cd course",
        "autograder release",
        "autograder grade",
        f"nbgrader generate_feedback {ASSIGNMENT}",
    ]


def test_in_the_course_itself_there_is_no_folder_to_go_to(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(Path()) == 0
    assert "cd " not in capsys.readouterr().out


@pytest.mark.parametrize("blocked", ["", "source", f"source/{ASSIGNMENT}"])
def test_a_file_where_a_folder_is_needed_is_named(tmp_path, blocked):
    course = tmp_path / "course"
    (course / blocked).parent.mkdir(parents=True, exist_ok=True)
    (course / blocked).write_text("a file")
    message = run(course)
    assert f"{course / blocked}" in message
    assert "cannot be made: there is a file where a folder is needed" in message


def test_a_folder_that_cannot_be_written_is_named_with_the_reason():
    assert run(Path("/proc/course")).startswith("/proc/course cannot be written: ")


@pytest.mark.parametrize("assignment", ["../lab", "a/b", "a+b", ".hidden", "two words"])
def test_what_cannot_name_a_folder_of_nbgraders_is_no_assignment(tmp_path, assignment):
    with pytest.raises(QuickstartError, match="cannot be the name of an assignment"):
        quickstart(tmp_path, assignment)
    assert list(tmp_path.iterdir()) == []


# The package as others install it: checkout → sdist → wheel → an environment of its own, all offline.

BUILT_FROM = ["autograder", "source", "nbgrader_config.py", "pyproject.toml", "setup.py", "MANIFEST.in"]
BUILT_FROM += ["README.md", "LICENSE", "docs"]


def done(*command, **options):
    """What a command prints; it succeeds."""
    ended = subprocess.run(command, capture_output=True, text=True, **options)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel that was built from an sdist, as a file."""
    folder = tmp_path_factory.mktemp("wheel")
    # A build leaves files beside the sources.
    copy = folder / "checkout"
    copy.mkdir()
    for name in BUILT_FROM:
        path = CHECKOUT / name
        shutil.copytree(path, copy / name) if path.is_dir() else shutil.copy(path, copy)
    build = "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"
    done(sys.executable, "-c", build, folder, cwd=copy)
    [sdist] = folder.glob("*.tar.gz")
    offline = ("--no-deps", "--no-index", "--no-build-isolation")
    done(sys.executable, "-m", "pip", "wheel", *offline, sdist, "--wheel-dir", folder)
    [wheel] = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def unpacked(wheel, tmp_path_factory):
    """The folder of what the wheel installs."""
    folder = tmp_path_factory.mktemp("unpacked")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


@pytest.mark.slow
def test_the_wheel_holds_the_course(unpacked):
    course = unpacked / "autoencoder_lab"
    assert names(course.iterdir()) == {"nbgrader_config.py", "source", "docs"}
    assert (course / GUIDE).is_file()
    assert names((course / "source").rglob("*")) == {ASSIGNMENT} | OF_LAB


@pytest.mark.slow
def test_the_wheel_holds_all_of_the_package_and_so_has_its_fingerprint(unpacked):
    def code(package):
        files = (path.relative_to(package) for path in package.rglob("*") if path.is_file())
        return {path for path in files if "__pycache__" not in path.parts}

    assert code(unpacked / "autograder") == code(CHECKOUT / "autograder")
    assert of_package(unpacked / "autograder") == of_package(CHECKOUT / "autograder")


class Installation:
    """An environment with the wheel in it; the libraries are those that run the tests.

    folder: is empty. Commands run in its folder `work`, without any settings from here.
    """

    def __init__(self, wheel, folder):
        self.work, environment = folder / "work", folder / "environment"
        self.work.mkdir()
        venv.create(environment, symlinks=True)
        self.python = str(environment / "bin" / "python")
        self._programs = environment / "bin"
        install = ("install", "--quiet", "--no-deps", "--no-index", wheel)
        done(sys.executable, "-m", "pip", "--python", self.python, *install)
        # Further .pth files there, such as that of an editable installation, are not read from here.
        libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        [packages] = environment.glob("lib/python*/site-packages")
        (packages / "libraries.pth").write_text("\n".join(sorted(libraries)))

    def autograder(self, *arguments):
        return self._done(str(self._programs / "autograder"), *arguments)

    def nbgrader(self, *arguments):
        return self._done(self.python, "-m", "nbgrader", *arguments, cwd=self.work / "course")

    def evaluated(self, expression):
        return self._done(self.python, "-c", f"import autograder; print({expression})").strip()

    def _done(self, *command, cwd=None):
        # nbgrader starts `alembic` by name.
        programs = [self._programs, Path(sys.executable).parent, "/usr/bin", "/bin"]
        clean = {"PATH": os.pathsep.join(map(str, programs)), "HOME": str(self.work)}
        return done(*command, cwd=cwd or self.work, env=clean)


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    return Installation(wheel, tmp_path_factory.mktemp("installed"))


LOOK_FOR_THE_COURSE = """
import os, autograder
print("the course:", os.listdir(autograder.INSTALLED_COURSE))
"""


@pytest.mark.slow
def test_from_a_wheel_alone_a_course_is_made_released_and_graded(installed):
    assert Path(installed.evaluated("autograder.__file__")).is_relative_to(installed.work.parent)
    assert "Written:" in installed.autograder("quickstart", "course")
    course = installed.work / "course"
    with (course / "nbgrader_config.py").open("a") as config:
        config.write(FEW_IMAGES)

    installed.autograder("release", "--course", "course")
    assert names((course / "release" / ASSIGNMENT).iterdir()) == {
        *(f"{name}.ipynb" for name in EXERCISES),
        "requirements.txt",
    }

    file = f"{AUTOENCODER.notebook}.ipynb"
    answers = notebooks.solutions(notebooks.read(course / "source" / ASSIGNMENT / file))
    answers["build-model"] += LOOK_FOR_THE_COURSE
    handed_in = course / "submitted" / "ann" / ASSIGNMENT
    handed_in.mkdir(parents=True)
    released = notebooks.read(course / "release" / ASSIGNMENT / file)
    nbformat.write(notebooks.filled(released, answers), handed_in / file)
    installed.nbgrader("autograde", ASSIGNMENT)

    grades = read_grades(f"sqlite:///{course}/gradebook.db", "", ASSIGNMENT)
    scores = {
        column[:2]: score for column, score in zip(grades.columns, grades.rows["ann"], strict=True)
    }
    for criterion in AUTOENCODER.criteria:
        assert scores[AUTOENCODER.notebook, criterion.id] == criterion.points, criterion.id

    if not bubblewrap.problem():
        # The installed course has the sample solutions.
        graded = (course / "autograded" / "ann" / ASSIGNMENT / file).read_text("utf-8")
        assert "the course: []" in graded
