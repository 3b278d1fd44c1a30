"""What a notebook can reach, use and leave behind in the sandbox. SECURITY.md names these tests."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from class_course import wait_for
from course import TEST_IMAGES, TRAIN_IMAGES
from traitlets.config import Config

from autograder.course import sandbox
from autograder.course.execute import INCIDENT, ExecuteSubmission
from autograder.course.grading import Grading

works = pytest.mark.skipif(bool(sandbox.problem()), reason=f"no sandbox here: {sandbox.problem()}")
pytestmark = pytest.mark.slow

MEMORY_MIB, PROCESSES, DISK_MIB = 1500, 200, 64


@pytest.fixture(scope="module")
def grading():
    """A grading run whose limits are low, so that going to them harms nobody."""
    config = Config()
    config.Grading.sandbox = "required"
    config.Grading.kernel_memory_mib = MEMORY_MIB
    config.Grading.kernel_processes = PROCESSES
    config.Grading.kernel_disk_mib = DISK_MIB
    config.Grading.train_images, config.Grading.test_images = TRAIN_IMAGES, TEST_IMAGES
    Grading.clear_instance()
    with contextlib.closing(Grading.instance(config=config)) as grading:
        # Nothing is judged here.
        grading.judge = None
        yield grading
    Grading.clear_instance()


class Run:
    """What became of a notebook: the text of each cell's outputs, and why it ended early, if it did."""

    def __init__(self, *cells, folder="", **options):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        execute = ExecuteSubmission(**{"timeout": 60, "iopub_timeout": 10} | options)
        resources = {"metadata": {"path": str(folder)}}
        notebook, resources = execute.preprocess(notebook, resources)
        self.cells = ["".join(map(_text, cell.outputs)) for cell in notebook.cells]
        self.text = self.cells[-1]
        self.incident = resources.get(INCIDENT, "")


def _text(output):
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    return output.get("text") or output.data["text/plain"]


@works
@pytest.mark.parametrize("kind", ["TCP", "UDP", "abstract"])
def test_there_is_no_network_not_even_loopback(grading, kind):
    family = socket.AF_UNIX if kind == "abstract" else socket.AF_INET
    way = socket.SOCK_DGRAM if kind == "UDP" else socket.SOCK_STREAM
    with socket.socket(family, way) as listener:
        listener.bind(f"\0canary-{os.getpid()}" if kind == "abstract" else ("127.0.0.1", 0))
        listener.settimeout(0.1)
        if kind != "UDP":
            listener.listen()
        run = Run(
            f"import socket\ns = socket.socket({int(family)}, {int(way)})\n"
            f"s.connect({listener.getsockname()!r})\ns.send(b'x')"
        )
        assert "Error" in run.text
        with pytest.raises(TimeoutError):
            listener.recv(1) if kind == "UDP" else listener.accept()


@works
def test_nothing_but_the_scratch_can_be_written(grading):
    run = Run(
        "import os\n"
        "def writable(folder):\n"
        "    try:\n"
        "        os.close(os.open(os.path.join(folder, 'canary'), os.O_CREAT | os.O_WRONLY))\n"
        "        return True\n"
        "    except OSError:\n"
        "        return False\n"
        "folders = [f for f, _, _ in os.walk('/') if not f.startswith('/proc/') and writable(f)]\n"
        "print(len(folders), [f for f in folders if not f.startswith(('/tmp', '/dev/shm'))])"
    )
    count, others = run.text.split(maxsplit=1)
    assert int(count) >= 2
    assert others.strip() == "[]"


@works
def test_course_home_judge_and_other_runs_cannot_be_seen(grading, tmp_path):
    (tmp_path / "gradebook.db").write_text("secret")
    package = Path(sandbox.__file__).parent.parent
    hidden = [tmp_path / "gradebook.db", tmp_path, *(package / n for n in ("judge", "course", "lab.py"))]
    hidden += [package.parent / name for name in ("source", "tests", "nbgrader_config.py")]
    hidden += [Path.home() / ".bashrc", *map(Path, ("/etc/passwd", "/etc/hostname", "/var"))]
    with grading.new_run() as other:
        (other / "files" / "answer").write_text("of another student")
        grading.hand_over(other)
        run = Run(
            f"import os\nprint([p for p in {[*map(str, hidden), str(other)]} if os.path.exists(p)])\n"
            "found = [os.path.join(folder, name) for folder, _, names in os.walk('/')\n"
            "         for name in names if not folder.startswith('/proc')]\n"
            "print([p for p in found if p.endswith('/answer') or '/autograder/judge/' in p])"
        )
        assert run.text.split() == ["[]", "[]"]


@works
def test_the_environment_is_clean(grading, monkeypatch):
    # Set before the kernels' process started, or after: it does not get there.
    monkeypatch.setenv("SECRET_TOKEN", "canary")
    run = Run("import os\nprint([k for k in os.environ if 'SECRET' in k], os.environ['HOME'])")
    assert run.text.strip() == "[] /tmp"


@pytest.fixture
def canary():
    """A process of the grader's user."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    yield process
    process.kill()
    process.wait()


@works
def test_no_other_process_can_be_seen_or_hit(grading, canary):
    run = Run(
        "import os, signal\n"
        "print(sorted(int(p) for p in os.listdir('/proc') if p.isdigit()), os.getpid(), os.getppid())\n"
        "os.kill(1, signal.SIGKILL)\n"
        f"os.kill({canary.pid}, signal.SIGKILL)"
    )
    assert run.text.startswith("[1, 2")
    assert canary.poll() is None


@works
def test_there_are_no_privileges_and_none_to_be_had(grading):
    run = Run(
        "import ctypes, os, subprocess\n"
        "status = open('/proc/self/status').read().split()\n"
        "names = 'CapPrm:', 'CapEff:', 'CapInh:', 'NoNewPrivs:'\n"
        "print(*(status[status.index(name) + 1] for name in names))\n"
        "print(os.getuid() != 0, ctypes.CDLL(None).unshare(0x10000000))\n"
        "print(subprocess.run(['unshare', '-Ur', 'true'], capture_output=True).returncode != 0)"
    )
    assert run.text.split() == [*["0" * 16] * 3, "1", "True", "-1", "True"]


@works
def test_two_kernels_at_once_are_shut_off_from_each_other(grading):
    """They share neither files, sockets, processes nor shared memory."""
    first = threading.Thread(
        target=Run,
        args=(
            "import socket, time\nfrom multiprocessing.shared_memory import SharedMemory\n"
            "open('/tmp/note', 'w').write('x'); m = SharedMemory('note', True, 10)\n"
            "s = socket.socket(socket.AF_UNIX); s.bind('\\0note'); s.listen(); time.sleep(8)",
        ),
    )
    first.start()
    time.sleep(3)
    run = Run(
        "import os, socket\nprint(os.path.exists('/tmp/note'), os.listdir('/dev/shm'))\n"
        "print(socket.socket(socket.AF_UNIX).connect_ex('\\0note') != 0)\n"
        "print(len([p for p in os.listdir('/proc') if p.isdigit()]))"
    )
    first.join()
    assert run.text.splitlines() == ["False []", "True", "2"]


@works
def test_support_files_are_a_private_copy(grading, tmp_path):
    (tmp_path / "data.txt").write_text("mine")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "more.txt").write_text("more")
    (tmp_path / "out").symlink_to("/etc/hostname")
    run = Run(
        "print(open('data.txt').read(), open('deep/more.txt').read())\n"
        "open('data.txt', 'w').write('changed'); open('new.txt', 'w').write('x')\n"
        "open('out').read()",
        folder=tmp_path,
    )
    assert run.text.startswith("mine more\nFileNotFoundError")
    assert (tmp_path / "data.txt").read_text() == "mine"
    assert not (tmp_path / "new.txt").exists()


@works
def test_a_configuration_file_beside_the_notebook_is_not_read(grading, tmp_path):
    for name in (
        "ipython_config.py",
        "ipython_kernel_config.py",
        "sitecustomize.py",
        "usercustomize.py",
    ):
        (tmp_path / name).write_text("import builtins\nbuiltins.configured = True\n")
    assert Run("print('configured' in dir(__builtins__))", folder=tmp_path).text.strip() == "False"


@works
def test_memory_of_all_processes_together_is_limited(grading):
    run = Run(
        "import os, time\n"
        "for _ in range(8):\n"
        "    if not os.fork():\n"
        "        kept = [bytearray(os.urandom(1) * 2**20) for _ in range(400)]\n"
        "        time.sleep(50)\n"
        "        os._exit(0)\n"
        "time.sleep(50)"
    )
    assert "more memory than it may" in run.incident


@works
def test_one_process_that_asks_for_too_much_memory_is_told_so(grading):
    run = Run(f"kept = bytearray({2 * MEMORY_MIB} * 2**20)", "print('goes on')")
    assert run.cells == ["MemoryError: ", "goes on\n"]
    assert not run.incident


@works
@pytest.mark.parametrize(
    "bomb", ["os.fork() or time.sleep(50)", "threading.Thread(target=time.sleep, args=(50,)).start()"]
)
def test_processes_and_threads_are_limited(grading, bomb):
    run = Run(
        "import os, threading, time\nmain, count = os.getpid(), 0\ntry:\n    for count in range(500):\n"
        f"        {bomb}\n        if os.getpid() != main: os._exit(0)\n"
        "except (OSError, RuntimeError) as error:\n    print(count, error)"
    )
    count, said = run.text.split(maxsplit=1)
    assert 20 < int(count) < PROCESSES
    assert "unavailable" in said or "can't start" in said


@works
@pytest.mark.parametrize("folder", [".", "/tmp", "/dev/shm"])
def test_disk_is_limited(grading, folder):
    run = Run(
        f"count = 0\ntry:\n    for count in range({4 * DISK_MIB}):\n"
        f"        with open(f'{folder}/file{{count}}', 'wb') as file: file.write(bytes(2**20))\n"
        "except OSError as error:\n    print(count, error.strerror)"
    )
    count, said = run.text.split(maxsplit=1)
    assert int(count) <= DISK_MIB
    assert "No space" in said


@works
@pytest.mark.parametrize(
    "flood",
    [
        "for _ in range(10**5): print('x' * 10**6)",
        "from IPython.display import display\nfor i in range(10**6): display(i)",
        "from IPython.display import display\ndisplay({'image/png': 'A' * 500 * 10**6}, raw=True)",
        "import os\nwhile True: os.write(1, bytes(10**6))",
        "get_ipython().set_next_input('x' * 300 * 10**6)",
    ],
    ids=["text", "messages", "one image", "file descriptor", "reply"],
)
def test_output_does_not_grow_the_grader(grading, flood):
    grader, most = psutil.Process(), 0
    before = grader.memory_info().rss
    over = threading.Event()

    def watch():
        nonlocal most
        while not over.wait(0.05):
            most = max(most, grader.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    run = Run(flood, "print('next')", timeout=6, max_output_mib=2)
    over.set()
    watcher.join()
    assert sum(map(len, run.cells)) < 3 * 2**20
    assert most - before < 300 * 2**20, f"{(most - before) >> 20} MiB"


@works
@pytest.mark.parametrize(
    ("loop", "incident"),
    [
        ("while True: pass", ""),
        (
            "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
            "stopped answering",
        ),
        ("import itertools\nsum(itertools.repeat(1))", "stopped answering"),
    ],
    ids=["interruptible", "signal masked", "in C"],
)
def test_a_loop_without_end_is_ended(grading, loop, incident):
    run = Run(loop, "print('goes on')", timeout=6, iopub_timeout=12)
    assert incident in run.incident
    assert bool(run.incident) == bool(incident)
    assert ("goes on" in run.text) != bool(incident)


@works
def test_nothing_is_left_behind(grading):
    mark = f"canary-{os.getpid()}"
    Run(
        "import subprocess, sys\n"
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)', '{mark}'],\n"
        "                 start_new_session=True)\n"
        "import signal, os\nif not os.fork():\n    os.setsid()\n    os.fork()\n"
        "    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n    import time\n"
        "    time.sleep(300)"
    )
    left = [p for p in psutil.process_iter(["cmdline"]) if mark in (p.info["cmdline"] or [])]
    assert not psutil.wait_procs(left, timeout=60)[1]
    server = psutil.Process(grading.fork_server._process.pid)

    def only_the_fork_server_is_left():
        with contextlib.suppress(psutil.NoSuchProcess):
            children = server.children(recursive=True)
            return all("forkserver" in " ".join(p.cmdline()) for p in children)

    wait_for(only_the_fork_server_is_left, 60)
    assert not list(grading._runs.iterdir())


@works
def test_the_kernels_end_with_the_grader(tmp_path):
    script = tmp_path / "grader.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "if __name__ == '__main__':\n"
        "    from test_sandbox import Run, Config, Grading\n"
        "    config = Config()\n    config.Grading.sandbox = 'required'\n"
        "    Grading.instance(config=config).judge = None\n"
        "    Run('import time; time.sleep(99)', timeout=200)\n"
    )
    grader = subprocess.Popen([sys.executable, script])
    tree = []

    def a_kernel_runs():
        tree[:] = psutil.Process(grader.pid).children(recursive=True)
        return any(map(_is_confined, tree))

    wait_for(a_kernel_runs, during=grader)
    os.kill(grader.pid, signal.SIGKILL)
    grader.wait()
    _, alive = psutil.wait_procs(tree, timeout=60)
    assert not alive


def _is_confined(process):
    """Whether the process works in the scratch of a kernel."""
    try:
        return process.cwd() == "/tmp/work"
    except psutil.Error:
        return False


def test_required_refuses_to_grade_without_the_sandbox(monkeypatch):
    monkeypatch.setattr(sandbox, "problem", lambda: "bubblewrap is not installed")
    run = Grading(sandbox="required")
    with pytest.raises(sandbox.SandboxError, match="bubblewrap is not installed"):
        run.sandboxed  # noqa: B018


def test_auto_says_once_that_submissions_run_unsandboxed(monkeypatch, caplog):
    monkeypatch.setattr(sandbox, "problem", lambda: "bubblewrap is not installed")
    run = Grading(sandbox="auto")
    for _ in range(2):
        run.say_what_is_contained(logging.getLogger("test"))
    assert not run.sandboxed
    (record,) = caplog.records
    assert "unsandboxed, as bubblewrap is not installed" in record.message


def test_without_the_program_the_problem_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert "apt-get install bubblewrap" in sandbox.problem.__wrapped__()
