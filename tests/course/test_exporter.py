"""Broken and hostile folders: what can be graded is graded, the rest is flagged, the class goes on."""

import hashlib
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import nbformat
import pytest
from class_course import graded
from course import FEW_IMAGES, NO_TRAINING, Course, attempted, nbgrader
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook
from the_lab import ASSIGNMENT, EXERCISES

pytestmark = pytest.mark.slow

AUTOENCODER, DENOISING = EXERCISES
NOTEBOOK = f"{AUTOENCODER}.ipynb"
UNTRAINED = {"training", "reconstruction", "visualization"}
CRITERIA = {criterion.id: criterion.points for criterion in EXERCISES[AUTOENCODER].criteria}
HONEST = {name: 0 if name in UNTRAINED else points for name, points in CRITERIA.items()}
NOTHING = dict.fromkeys(CRITERIA, 0)
ALL = {*CRITERIA, "discussion"}


@dataclass(frozen=True)
class Case:
    """What happens to the folder of an honest, untrained submission, and what comes of it."""

    student: str
    change: Callable
    """Is called with the path of the notebook, which lies alone in its folder."""
    says: str | None = None
    """Words of the comment; None: there is none."""
    scores: dict | None = None
    """By criterion; None: what the honest work earns."""
    flagged: frozenset | set = frozenset()


def unreadable(student, change, says):
    return Case(student, change, says, NOTHING, ALL)


def write(content):
    return lambda path: path.write_bytes(content)


def encode(encoding):
    return lambda path: path.write_bytes(path.read_text("utf-8").encode(encoding, "replace"))


def edit(change):
    """Changes the JSON of the notebook; the change may return other JSON."""

    def changed(path):
        content = json.loads(path.read_text("utf-8"))
        content = change(content) or content
        path.write_text(json.dumps(content), "utf-8")

    return changed


def run_first(code):
    return edit(lambda nb: nb["cells"].insert(0, new_code_cell(code)))


def rename(*names):
    def renamed(path):
        content = path.read_bytes()
        path.unlink()
        for name in names:
            target = path.parent / name
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(content)

    return renamed


def beside(**files):
    def written(path):
        for name, content in files.items():
            path.with_name(name.replace("__", ".")).write_text(content)

    return written


def in_place(make):
    """Makes something else under the notebook's name."""

    def replaced(path):
        path.unlink()
        make(path)

    return replaced


def as_format_3(notebook):
    old = nbformat.convert(nbformat.from_dict(notebook), 3)
    return json.loads(nbformat.v3.writes_json(old))


def as_format_5(notebook):
    notebook["nbformat"] = 5


def spoil(notebook):
    """Spoils everything that grading does not need."""
    notebook["metadata"] = {"kernelspec": 7, "nan": float("nan"), "autograder_unreadable": "lie"}
    notebook["nbformat_minor"] = 99
    for cell in notebook["cells"]:
        cell |= {"id": "the same!", "attachments": [7], "outputs": {"": 1}, "execution_count": []}
        cell["metadata"] |= {"tags": ["skip-execution"], "deep": deep(300)}
    notebook["cells"] += [{"cell_type": "code"}, {"source": 7}, {"metadata": {"nbgrader": [1]}}]


def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


def too_deep(path):
    path.write_text('{"cells": ' + "[" * 200_000 + "]" * 200_000 + "}")


def no_cells(notebook):
    notebook["cells"] += [None, 7, "cell"]


def large(name):
    """Makes a file larger by 200 MB, which take no room on the disk."""

    def written(path):
        with path.with_name(name).open("ab") as file:
            file.truncate(200 * 2**20)

    return written


def links_out(path):
    path.with_name("passwd").symlink_to("/etc/passwd")
    path.with_name("endless").symlink_to("/dev/zero")
    path.with_name("grades").symlink_to(path.parents[3] / "gradebook.db")
    path.with_name("all").symlink_to("/")
    path.with_name("loop").symlink_to(path.parent)


def special_files(path):
    os.mkfifo(path.with_name("pipe"))
    os.mkfifo(path.with_name("timestamp.txt"))
    server = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(path.parent)  # A socket's path may not be long.
    server.bind("socket")
    os.chdir(here)


def deep_folders(path):
    path = path.parent.joinpath(*["d"] * 60)
    path.mkdir(parents=True)
    (path / "file").touch()


def in_the_way(path):
    """Folders where nbgrader is about to write or read a file."""
    for name in ("requirements.txt", "timestamp.txt", f"{AUTOENCODER}.html", f"{DENOISING}.ipynb"):
        path.with_name(name).mkdir()
        (path.with_name(name) / "file").touch()


def odd_names(path):
    for name in (b"\xff.txt", b"line\nend", "π.csv".encode(), b"[a]*?", b"-rf", b"n" * 255):
        with open(os.path.join(os.fsencode(path.parent), name), "w"):
            pass


def long_paths(path):
    path = path.parent.joinpath(*["d" * 250] * 12)
    path.mkdir(parents=True)
    (path / "file").touch()


def many_files(path):
    folder = path.with_name("many")
    folder.mkdir()
    for number in range(10_001):
        (folder / str(number)).touch()


def modules(path):
    """Writes modules with the names of those that grading or Python imports."""
    canary = path.parents[3] / "canary"
    fail = f"open({str(canary)!r}, 'a').write(__name__)\nraise RuntimeError('the wrong module')\n"
    for name in ("keras", "numpy", "matplotlib", "tensorflow", "json", "autograder", "ipykernel"):
        path.with_name(f"{name}.py").write_text(fail)
    for name in ("sitecustomize", "usercustomize", "conftest", "nbgrader_config", "jupyter_config"):
        path.with_name(f"{name}.py").write_text(fail)


def remove_all(path):
    path.unlink()


def folder_is_a_file(path):
    path.unlink()
    path.parent.rmdir()
    path.parent.touch()


TAMPER = """
shell = get_ipython()
shell.ast_node_interactivity = "none"
shell.display_formatter = shell.display_pub = None
"""

CASES = [
    Case("honest", lambda path: None),
    # The notebook's file.
    Case("utf16", encode("utf-16")),
    Case("utf8_bom", encode("utf-8-sig")),
    Case("latin1", encode("latin-1"), "read as Latin-1"),
    Case("format_3", edit(as_format_3)),
    Case("format_5", edit(as_format_5), "in format 5; it was read as format 4"),
    Case("spoilt", edit(spoil)),
    Case("no_cells", edit(no_cells), "3 entries of the notebook are no cells"),
    unreadable("empty_file", write(b""), "the file is empty"),
    unreadable("binary", write(bytes(range(256))), "the file is not JSON"),
    unreadable("no_json", write(b'{"cells": [\n<<<<<<< HEAD'), "line 2, column 1"),
    unreadable("no_list", write(b'{"cells": 7}'), "it has no list of cells"),
    unreadable("deep", too_deep, "nested too deeply"),
    unreadable("large_notebook", large(NOTEBOOK), "the file has 209,715,200 bytes"),
    # What the notebook runs.
    Case("null_bytes", run_first("a = 1\0\0")),
    Case("surrogate", edit(lambda nb: nb["cells"].insert(0, new_code_cell("'\ud800'")))),
    Case("script", run_first("%%script bash\nrm -rf ./* ; kill $$")),
    Case("rm", run_first("!rm -rf ./*")),
    Case("autoreload", run_first("%load_ext autoreload\n%autoreload 2")),
    Case("dies", run_first("import os\nos._exit(7)"), "the kernel died", NOTHING, set(CRITERIA)),
    Case("tampers", run_first(TAMPER), "Not judged", NOTHING, set(CRITERIA)),
    # Which notebooks there are.
    Case("copy_1", rename("autoencoder (1).ipynb"), "the file autoencoder (1).ipynb was graded"),
    Case("capital", rename("Autoencoder.ipynb.txt"), "was graded in its place"),
    Case("subfolder", rename("work/autoencoder.ipynb"), "file work/autoencoder.ipynb was graded"),
    Case("extra", rename(NOTEBOOK, "final.ipynb"), "no notebooks of the assignment: final.ipynb"),
    unreadable("two_copies", rename("a.ipynb", "b.ipynb"), "a.ipynb, b.ipynb could each be meant"),
    unreadable("markup", rename("<script>a.ipynb", "<b>.ipynb"), "?b?.ipynb, ?script?a.ipynb could"),
    unreadable("none", remove_all, "no autoencoder.ipynb was handed in"),
    unreadable("a_file", folder_is_a_file, "the submission's folder cannot be read"),
    unreadable("a_folder", in_place(os.mkdir), "autoencoder.ipynb is a folder"),
    unreadable("a_pipe", in_place(os.mkfifo), "autoencoder.ipynb is no regular file"),
    unreadable(
        "a_link",
        in_place(lambda path: path.symlink_to(path.parents[2] / "honest" / ASSIGNMENT / NOTEBOOK)),
        "autoencoder.ipynb is a link",
    ),
    # What lies beside it.
    Case("links", links_out, "all, endless, grades, loop, passwd (is a link)"),
    Case("special", special_files, "pipe, socket, timestamp.txt (is no regular file)"),
    Case("deep_folders", deep_folders, "(lies too deep)"),
    Case("long_paths", long_paths, "(lies too deep)"),
    Case("in_the_way", in_the_way, "(is in the place of a file of the assignment)"),
    Case("odd_names", odd_names),
    Case("large_file", large("data.bin"), "too many or too large"),
    Case("many_files", many_files, "too many or too large"),
    Case("no_time", beside(timestamp__txt="a while ago"), "timestamp.txt (holds no time)"),
    Case("modules", modules),
]


def fingerprint(folder):
    """Every entry below a folder, with all that may not change: kind, mode, size and content."""
    return {str(path): _fingerprint(path) for path in folder.rglob("*")}


def _fingerprint(path):
    status = path.lstat()
    if path.is_symlink():
        return os.readlink(path)
    if stat.S_ISREG(status.st_mode) and status.st_size < 10**7:
        return status.st_mode, hashlib.sha256(path.read_bytes()).hexdigest()
    return status.st_mode, status.st_size


class Class(Course):
    """A course with a student for each case, graded in one run."""

    def __init__(self, folder):
        # One of them lets the grader wait for outputs that do not come.
        super().__init__(folder, f"{FEW_IMAGES}\nc.Grading.iopub_timeout = 10\n")
        for case in CASES:
            self.submit(case.student, "architecture-functional", **NO_TRAINING)
            case.change(self.submission(case.student) / NOTEBOOK)
        self.before = fingerprint(folder / "submitted")
        graded(self, "--workers", "4")
        nbgrader(folder, "generate_feedback", ASSIGNMENT, "--notebook", AUTOENCODER)

    @property
    def gradebook(self):
        return Gradebook(f"sqlite:///{self.folder}/gradebook.db")

    def comments(self, student, notebook=AUTOENCODER):
        with self.gradebook as gradebook:
            submission = gradebook.find_submission_notebook(notebook, ASSIGNMENT, student)
            texts = (comment.comment for comment in submission.comments)
            return "\n".join(text for text in texts if text and text != "No response.")

    def flagged(self, student, notebook=AUTOENCODER):
        """The criteria whose zero a person should look at."""
        grades = self.grades()
        columns = {grades.columns[i][:2] for who, i in grades.review if who == student}
        return {criterion for name, criterion in columns if name == notebook}

    def page(self, student, notebook=AUTOENCODER):
        path = self.folder / "feedback" / student / ASSIGNMENT / f"{notebook}.html"
        return path.read_text("utf-8")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return Class(tmp_path_factory.mktemp("course"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.student)
def test_what_can_be_graded_is_graded_and_the_rest_says_why(course, case):
    scores = {
        criterion: score
        for (notebook, criterion), score in course.scores(case.student).items()
        if notebook == AUTOENCODER and criterion in CRITERIA
    }
    assert scores == (HONEST if case.scores is None else case.scores)
    assert course.flagged(case.student) == set(case.flagged)
    if case.says is None:
        assert course.comments(case.student) == ""
    else:
        assert case.says in course.comments(case.student)
        assert case.says in course.page(case.student)


def test_nothing_that_was_handed_in_is_changed(course):
    assert fingerprint(course.folder / "submitted") == course.before


def test_no_module_beside_a_notebook_is_imported(course):
    assert not (course.folder / "canary").exists()


def test_links_and_special_files_are_not_followed(course):
    for student in ("links", "special"):
        graded = course.folder / "autograded" / student / ASSIGNMENT
        names = {path.name for path in graded.rglob("*")}
        assert names == {NOTEBOOK, f"{DENOISING}.ipynb", "requirements.txt"}


def test_a_notebook_that_is_missing_is_a_zero_to_look_at(course):
    scores = {key: score for key, score in course.scores("honest").items() if key[0] == DENOISING}

    assert set(scores.values()) == {0}
    assert course.flagged("honest", DENOISING) == {criterion for _, criterion in scores}
    assert "no denoising_autoencoder.ipynb was handed in" in course.comments("honest", DENOISING)
    one = ("--student", "honest", "--notebook", DENOISING)
    nbgrader(course.folder, "generate_feedback", ASSIGNMENT, *one, "--force")
    assert "no denoising_autoencoder.ipynb was handed in" in course.page("honest", DENOISING)


def test_the_table_of_grades_marks_what_to_look_at(course, capsys):
    course.grades().show()

    table = capsys.readouterr().out
    (line,) = [line for line in table.splitlines() if line.startswith("dies ") and "?" in line][:1]
    assert line.split() == ["dies", *["0?"] * len(CRITERIA), "–"]
    assert "? could not be judged: a person should look, the comment says why" in table


FORMGRADER = """
from nbgrader.apps import NbGraderAPI
from nbgrader.apps.nbgraderapp import NbGraderApp

app = NbGraderApp()
app.load_config_file()
api = NbGraderAPI(config=app.config)
for student in {students}:
    result = api.autograde("{assignment}", student)
    assert result["success"], result
    assert api.coursedir.submitted_directory == "submitted"
"""


def test_formgraders_button_does_the_same_and_leaves_grades_by_hand(course):
    """One student's notebook could not be graded and got a grade and a comment by hand."""
    with course.gradebook as gradebook:
        gradebook.find_grade("loss", AUTOENCODER, ASSIGNMENT, "dies").manual_score = 2
        comment = gradebook.find_comment("build-model", AUTOENCODER, ASSIGNMENT, "dies")
        comment.manual_comment = "I ran it by hand."
        gradebook.db.commit()
    before = course.flagged("links"), course.comments("links")

    code = FORMGRADER.format(students=["dies", "links"], assignment=ASSIGNMENT)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=course.folder, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert course.scores("dies")[AUTOENCODER, "loss"] == 2
    assert "I ran it by hand." in course.comments("dies")
    assert course.flagged("dies") == set(CRITERIA) - {"loss"}
    assert (course.flagged("links"), course.comments("links")) == before


def test_grading_one_notebook_again_leaves_the_others_as_they_are(course):
    student = ("--student", "honest", "--notebook", AUTOENCODER, "--force")
    before = course.flagged("honest", DENOISING)

    log = nbgrader(course.folder, "autograde", ASSIGNMENT, *student)

    assert "Removing existing notebook" in log
    assert course.flagged("honest", DENOISING) == before


def test_a_class_without_any_notebook_is_told(tmp_path):
    course = Course(tmp_path)
    course.submission("empty")
    done = attempted(tmp_path, "autograde", ASSIGNMENT)
    assert "No notebooks were matched" in done.stderr
