"""Where attacks are graded: a course, canaries to hurt, a listener to reach, and eyes on all of it."""

import contextlib
import hashlib
import os
import secrets
import selectors
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import attacks
import nbformat
import psutil
from attacks import Attack
from course import FEW_IMAGES
from nbgrader.api import Gradebook
from the_lab import ASSIGNMENT, AUTOENCODER

from autograder.report.grade_table import read_grades
from autograder.submissions import notebooks

COURSE = Path(__file__).parent.parent
EARLIER = "00-earlier"
"""A student whom a person graded before the first attack."""
EVERY = 16
"""So many attacks are graded between two honest students."""
AT_ONCE = 4
"""Notebooks that run at the same time: most of them wait rather than compute."""
NOTEBOOK_SECONDS = 60
SETTINGS = f"""
c.Grading.cell_timeout = {NOTEBOOK_SECONDS}
c.Grading.notebook_timeout = {NOTEBOOK_SECONDS}
c.Grading.iopub_timeout = 10
c.Grading.judge_timeout = 60
c.Grading.kernel_memory_mib = 2048
c.Grading.kernel_processes = 100
c.Grading.kernel_disk_mib = 256
{FEW_IMAGES}
"""
SHORT = """
c.Grading.cell_timeout = 8
c.Grading.notebook_timeout = 24
"""
"""For attacks that wait for the clock: time enough for honest students on a busy machine."""
OF_THE_SYSTEM = (".cache", ".config", ".ipython", ".jupyter", ".keras", ".local", ".matplotlib")
"""Folders in the grader's home that Jupyter and the libraries write on their own account."""


@dataclass(frozen=True)
class Run:
    """What was seen of one run of `autograder grade`."""

    log: str
    seconds: float
    students: dict[str, str]
    """Students by the id of their attack."""
    honest: tuple[str, ...]
    scores: dict[str, dict[tuple[str, str], float | None]]
    """Scores by student, then by notebook and criterion."""
    changed: tuple[str, ...]
    """Files and rows of the gradebook that are not as they were, but for what grading writes."""
    left_behind: tuple[str, ...]
    """Processes still there when nbgrader had ended."""
    received: tuple[str, ...]
    """What reached the listener."""
    grader_mib: float
    """The most memory that the driver or a worker ever had, without kernels and judge."""
    temporary_mib: float
    """The most that lay in the grader's folder for temporary files."""


class Arena:
    """A course whose submissions are attacks. Use as a context."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        self.token = "atk" + secrets.token_hex(4)
        self.course, self.home = folder / "course", folder / "home"
        self._canaries, self._marker = folder / "canaries", folder / "marker"
        # Sockets lie in it, whose paths must be short.
        self._temporary = Path(tempfile.mkdtemp(prefix="arena-"))
        self._processes: dict[str, subprocess.Popen] = {}
        self._listener = Listener(folder / "socket", self.token)
        for made in (self.course, self.home, self._canaries):
            made.mkdir()
        self._marker.touch()
        (self.home / ".bashrc").write_text("# the grader's own\n")
        config = (COURSE / "nbgrader_config.py").read_text("utf-8") + SETTINGS + settings
        (self.course / "nbgrader_config.py").write_text(config, "utf-8")
        shutil.copytree(COURSE / "source", self.course / "source", ignore=_unattacked)

    def __enter__(self) -> "Arena":
        assert self._started("nbgrader", "generate_assignment", ASSIGNMENT).wait() == 0, self._log()
        self._grade_by_hand(EARLIER)
        return self

    def __exit__(self, *_) -> None:
        self._listener.close()
        for process in self._processes.values():
            process.kill()
            process.wait()
        shutil.rmtree(self._temporary, ignore_errors=True)

    def run(self, attacks: Iterable[Attack]) -> Run:
        """Hands in the attacks with honest students between them, and grades them in one run."""
        students, honest = {}, []
        for number, attack in enumerate(attacks):
            student = f"{attack.kind}-{number:03}-{attack.name}"
            students[attack.id] = student
            released = self._released(attack.notebook)
            notebook = attack.submission(released, self._facts(student))
            folder = self._submit(student, notebook, attack.notebook)
            for path, text in attack.support.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text)
            if number % EVERY == EVERY - 1:
                honest.append(f"{student[: len(attack.kind) + 4]}-zz-honest")
                self._submit(honest[-1], self._honest())
        honest.append(f"{attack.kind}-999-honest")
        self._submit(honest[-1], self._honest())
        before = self._snapshot()
        self._listener.received.clear()
        started = time.monotonic()
        grading = self._started("autograder.cli", "grade", "--workers", str(AT_ONCE))
        watch = Watch(grading, self._temporary)
        watch.until_it_ends()
        return Run(
            log=self._log(),
            seconds=time.monotonic() - started,
            students=students,
            honest=tuple(honest),
            scores=self.scores(),
            changed=tuple(self._changes(before, {*students.values(), *honest})),
            left_behind=tuple(watch.left_behind(self.token, self._processes.values())),
            received=tuple(self._listener.received),
            grader_mib=watch.grader_mib,
            temporary_mib=watch.temporary_mib,
        )

    def scores(self) -> dict[str, dict[tuple[str, str], float | None]]:
        """All scores in the gradebook, by student, then by notebook and criterion."""
        grades = read_grades(f"sqlite:///{self.course}/gradebook.db", "", ASSIGNMENT)
        keys = [column[:2] for column in grades.columns]
        return {student: dict(zip(keys, row, strict=True)) for student, row in grades.rows.items()}

    def graded(self, student: str, notebook: str = AUTOENCODER.notebook) -> nbformat.NotebookNode:
        """A student's notebook as it was graded."""
        return notebooks.read(self.course / "autograded" / student / ASSIGNMENT / f"{notebook}.ipynb")

    def hurt(self, student: str) -> list[str]:
        """What became of the files and the process that this student could have hurt."""
        folder, process = self._canaries / student, self._processes[student]
        found = [] if process.poll() is None else ["its canary process is dead"]
        if process.poll() is None and psutil.Process(process.pid).status() != "sleeping":
            found.append("its canary process was stopped")
        there = sorted(path.name for path in folder.glob("*")) if folder.is_dir() else []
        if there != ["canary.txt"]:
            found.append(f"its folder of canaries holds {there}")
        elif (folder / "canary.txt").read_text() != student:
            found.append("its canary file was changed")
        return found

    def refused(self, student: str) -> bool:
        """Whether the attack found that there is no sandbox around it."""
        return self._marker.with_name(f"marker-{student}").exists()

    def _facts(self, student: str) -> dict[str, object]:
        canaries = self._canaries / student
        canaries.mkdir()
        (canaries / "canary.txt").write_text(student)
        # Found by its first argument, as nothing of this machine's own is.
        process = subprocess.Popen([self.token, "7200"], executable=shutil.which("sleep"))
        self._processes[student] = process
        return {
            "NAME": student,
            "TOKEN": self.token,
            "MARKER": str(self._marker),
            "CANARIES": str(canaries),
            "CANARY_PID": process.pid,
            "COURSE": str(self.course),
            "HOME": str(self.home),
            "PORT": self._listener.port,
            "SOCKET": self._listener.path,
        }

    def _released(self, name: str) -> nbformat.NotebookNode:
        return notebooks.read(self.course / "release" / ASSIGNMENT / f"{name}.ipynb")

    def _honest(self) -> nbformat.NotebookNode:
        source = notebooks.read(self.course / "source" / ASSIGNMENT / f"{AUTOENCODER.notebook}.ipynb")
        network = notebooks.solutions(source)["build-model"]
        return notebooks.filled(self._released(AUTOENCODER.notebook), {"build-model": network})

    def _submit(self, student, notebook, name=AUTOENCODER.notebook) -> Path:
        folder = self.course / "submitted" / student / ASSIGNMENT
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{name}.ipynb")
        return folder

    def _grade_by_hand(self, student: str) -> None:
        """What is in the gradebook and in autograded/ of a student who is not graded again."""
        with Gradebook(f"sqlite:///{self.course}/gradebook.db") as gradebook:
            gradebook.add_student(student)
            with gradebook.db.no_autoflush:
                gradebook.add_submission(ASSIGNMENT, student)
            for criterion in AUTOENCODER.criteria:
                where = AUTOENCODER.notebook, ASSIGNMENT, student
                gradebook.find_grade(criterion.id, *where).manual_score = criterion.points
            gradebook.db.commit()
        folder = self.course / "autograded" / student / ASSIGNMENT
        folder.mkdir(parents=True)
        nbformat.write(self._honest(), folder / f"{AUTOENCODER.notebook}.ipynb")

    def _started(self, module: str, *arguments: str) -> subprocess.Popen:
        surroundings = dict(
            HOME=str(self.home), TMPDIR=str(self._temporary), ATTACK_TOKEN=self.token, **_PYTHONPATH
        )
        with (self.course.parent / "log").open("w") as log:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=self.course,
                env=os.environ | surroundings,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _log(self) -> str:
        return (self.course.parent / "log").read_text(errors="replace")

    def _snapshot(self) -> dict[str, str]:
        """A digest of each file of course and home, and of each row of the gradebook."""
        found = {}
        for top in (self.course, self.home):
            for path in top.rglob("*"):
                system = path.relative_to(top).parts[0] in OF_THE_SYSTEM
                if path.is_file() and not path.name.startswith("gradebook.db") and not system:
                    found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        with contextlib.closing(sqlite3.connect(self.course / "gradebook.db")) as gradebook:
            tables = gradebook.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                for row in gradebook.execute(f'SELECT * FROM "{table}"'):
                    found[f"gradebook: {table} {row}"] = ""
        return found

    def _changes(self, before: dict[str, str], students: set[str]) -> Iterable[str]:
        after = self._snapshot()
        yield from (f"changed: {name}" for name in before if after.get(name) != before[name])
        kept = f".autograder/kept/{ASSIGNMENT}"
        graded = tuple(
            f"{self.course}/{place}/{student}/" for place in ("autograded", kept) for student in students
        )
        graded += tuple(f"{self.course}/.autograder/{name}" for name in ("grade.log", "secret"))
        for name in sorted(set(after) - set(before)):
            if not name.startswith((*graded, "gradebook: ")):
                yield f"new: {name}"
        known = {EARLIER, *(path.name for path in (self.course / "submitted").iterdir())}
        yield from (f"new student: {name}" for name in set(self.scores()) - known)
        for folder in ("/", "/tmp", "/var/tmp", "/dev/shm"):
            yield from (f"new: {path}" for path in Path(folder).glob(f"*{self.token}*"))


def _unattacked(folder: str, names: list[str]) -> list[str]:
    """The notebooks that no attack is handed in for: without them a class is recorded sooner."""
    attacked = {f"{attack.notebook}.ipynb" for attack in attacks.load()}
    return [name for name in names if name.endswith(".ipynb") and name not in attacked]


# The package under test is the one beside these tests, installed or not.
_PYTHONPATH = {"PYTHONPATH": os.pathsep.join([str(COURSE), os.environ.get("PYTHONPATH", "")])}


class Watch:
    """Follows a process, its descendants and its folder for temporary files."""

    def __init__(self, process: subprocess.Popen, temporary: Path) -> None:
        self._process, self._temporary = process, temporary
        self._descendants: set[psutil.Process] = set()
        self.grader_mib = self.temporary_mib = 0.0

    def until_it_ends(self) -> None:
        """Looks again and again until the process has ended."""
        while self._process.poll() is None:
            with contextlib.suppress(psutil.Error, OSError):
                driver = psutil.Process(self._process.pid)
                # Its workers; their kernels and judges are further down.
                for grader in (driver, *driver.children()):
                    self.grader_mib = max(self.grader_mib, grader.memory_info().rss / 2**20)
                self._descendants.update(driver.children(recursive=True))
            self.temporary_mib = max(self.temporary_mib, _size(self._temporary) / 2**20)
            time.sleep(0.5)

    def left_behind(self, token: str, canaries: Iterable[subprocess.Popen]) -> Iterable[str]:
        """The descendants that are still there, and those that go by the name of the token."""
        time.sleep(2)
        own = {canary.pid for canary in canaries}
        everyone = set(psutil.process_iter())
        for process in everyone:
            with contextlib.suppress(psutil.Error):
                ours = process in self._descendants or token in (process.name(), *process.cmdline()[:1])
                if ours and process.pid not in own:
                    yield f"{process.pid} {process.name()} {process.status()} {process.cmdline()}"
                    process.kill()


def _size(folder: Path) -> int:
    total = 0
    for path, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(path, name)).st_size
    return total


class Listener:
    """Notes whatever arrives on loopback: TCP and UDP, a Unix socket's path and an abstract one."""

    def __init__(self, path: Path, name: str) -> None:
        self.received: list[str] = []
        self.path = str(path)
        tcp = socket.create_server(("127.0.0.1", 0))
        self.port = tcp.getsockname()[1]
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", self.port))
        self._sockets = {"TCP": tcp, "UDP": udp}
        for kind, address in (("Unix", self.path), ("abstract", f"\0{name}")):
            unix = self._sockets[kind] = socket.socket(socket.AF_UNIX)
            unix.bind(address)
            unix.listen()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops listening."""
        self._closing.set()
        self._thread.join()
        for each in self._sockets.values():
            each.close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            for kind, each in self._sockets.items():
                selector.register(each, selectors.EVENT_READ, kind)
            while not self._closing.is_set():
                for key, _ in selector.select(0.2):
                    self.received.append(f"{key.data}: {self._read(key.fileobj)!r}")

    @staticmethod
    def _read(arrived: socket.socket) -> bytes:
        if arrived.type == socket.SOCK_DGRAM:
            return arrived.recv(200)
        connection, _ = arrived.accept()
        with connection, contextlib.suppress(OSError):
            connection.settimeout(1)
            return connection.recv(200)
        return b""
