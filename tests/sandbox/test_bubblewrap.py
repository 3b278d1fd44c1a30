"""What a notebook can reach, use and leave behind in the sandbox. SECURITY.md names these tests."""

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
import session_keys
from class_course import wait_for
from running import Run, needs_sandbox, result_of, sandboxed

import autograder
from autograder.protocol.evidence import DRAWINGS, MIME_TYPE, decode
from autograder.sandbox import bubblewrap, system_calls
from autograder.sandbox.run_folder import RunFolder

pytestmark = pytest.mark.slow

MEMORY_MIB, PROCESSES, DISK_MIB = 1500, 200, 64


@pytest.fixture(scope="module")
def login_keys():
    """A session keyring as that of an instructor's login, with a canary in it, which kernels inherit."""
    try:
        session_keys.join_new()
        session_keys.add("canary", "of the login")
    except OSError as error:
        return f"no keys here: {error}"
    return ""


@pytest.fixture(scope="module")
def grading(login_keys):
    """A grading run whose limits are low, so that going to them harms nobody."""
    limits = {
        "kernel_memory_mib": MEMORY_MIB,
        "kernel_processes": PROCESSES,
        "kernel_disk_mib": DISK_MIB,
    }
    with sandboxed(**limits) as grading:
        yield grading


@needs_sandbox
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
            grading,
            f"import socket\ns = socket.socket({int(family)}, {int(way)})\n"
            f"s.connect({listener.getsockname()!r})\ns.send(b'x')",
        )
        assert "Error" in run.text
        with pytest.raises(TimeoutError):
            listener.recv(1) if kind == "UDP" else listener.accept()


@needs_sandbox
def test_nothing_but_the_scratch_can_be_written(grading):
    run = Run(
        grading,
        "import os\n"
        "def writable(folder):\n"
        "    try:\n"
        "        os.close(os.open(os.path.join(folder, 'canary'), os.O_CREAT | os.O_WRONLY))\n"
        "        return True\n"
        "    except OSError:\n"
        "        return False\n"
        "folders = [f for f, _, _ in os.walk('/') if not f.startswith('/proc/') and writable(f)]\n"
        "print(len(folders), [f for f in folders if not f.startswith(('/tmp', '/dev/shm'))])",
    )
    count, others = run.text.split(maxsplit=1)
    assert int(count) >= 2
    assert others.strip() == "[]"


HIDDEN_ROOMS = ("judge", "course", "lab", "grading", "report")


@needs_sandbox
def test_course_home_judge_and_other_runs_cannot_be_seen(grading, tmp_path):
    (tmp_path / "gradebook.db").write_text("secret")
    package = Path(bubblewrap.__file__).parent.parent
    hidden = [
        tmp_path / "gradebook.db",
        tmp_path,
        *(package / n for n in ("judge", "course", "lab", "grading", "report")),
    ]
    hidden += [package.parent / name for name in ("source", "tests", "nbgrader_config.py")]
    hidden += [Path.home() / ".bashrc", *map(Path, ("/etc/passwd", "/etc/hostname", "/var"))]
    with grading.kernels.new_run() as other:
        (other / "files" / "answer").write_text("of another student")
        grading.kernels.give_to_student_user(other)
        run = Run(
            grading,
            f"import os\nprint([p for p in {[*map(str, hidden), str(other)]} if os.path.exists(p)])\n"
            "found = [os.path.join(folder, name) for folder, _, names in os.walk('/')\n"
            "         for name in names if not folder.startswith('/proc')]\n"
            "print([p for p in found if p.endswith('/answer') or '/autograder/judge/' in p])",
        )
        assert run.text.split() == ["[]", "[]"]


@needs_sandbox
def test_the_course_that_a_wheel_installs_is_empty_inside(tmp_path, monkeypatch):
    course = tmp_path / "autoencoder_lab"
    course.mkdir()
    (course / "solution").touch()
    libraries = (*bubblewrap._python_folders(), str(tmp_path))
    monkeypatch.setattr(autograder, "INSTALLED_COURSE", course)
    monkeypatch.setattr(bubblewrap, "_python_folders", lambda: libraries)
    look = f"import os; print(os.listdir({str(tmp_path)!r}), os.listdir({str(course)!r}))"
    with RunFolder() as runs:
        command = bubblewrap.command(Path(runs), Path(__file__), "-c", look)
        seen = subprocess.run(command, capture_output=True, text=True)
    assert seen.stdout.strip() == "['autoencoder_lab'] []", seen.stderr


@needs_sandbox
def test_the_environment_is_clean(grading, monkeypatch):
    # Set before the kernels' process started, or after: it does not get there.
    monkeypatch.setenv("SECRET_TOKEN", "canary")
    run = Run(grading, "import os\nprint([k for k in os.environ if 'SECRET' in k], os.environ['HOME'])")
    assert run.text.strip() == "[] /tmp"


@pytest.fixture
def canary():
    """A process of the grader's user."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    yield process
    process.kill()
    process.wait()


@needs_sandbox
def test_no_other_process_can_be_seen_or_hit(grading, canary):
    run = Run(
        grading,
        "import os, signal\n"
        "print(sorted(int(p) for p in os.listdir('/proc') if p.isdigit()), os.getpid(), os.getppid())\n"
        "os.kill(1, signal.SIGKILL)\n"
        f"os.kill({canary.pid}, signal.SIGKILL)",
    )
    assert run.text.startswith("[1, 2")
    assert canary.poll() is None


@needs_sandbox
def test_there_are_no_privileges_and_none_to_be_had(grading):
    run = Run(
        grading,
        "import ctypes, os, subprocess\n"
        "status = open('/proc/self/status').read().split()\n"
        "names = 'CapPrm:', 'CapEff:', 'CapInh:', 'NoNewPrivs:'\n"
        "print(*(status[status.index(name) + 1] for name in names))\n"
        "print(os.getuid() != 0, ctypes.CDLL(None).unshare(0x10000000))\n"
        "print(subprocess.run(['unshare', '-Ur', 'true'], capture_output=True).returncode != 0)",
    )
    assert run.text.split() == [*["0" * 16] * 3, "1", "True", "-1", "True"]


@needs_sandbox
def test_keys_of_the_login_and_of_earlier_students_are_out_of_reach(grading, login_keys):
    if login_keys:
        pytest.skip(login_keys)
    cell = Path(session_keys.__file__).read_text("utf-8") + (
        "\ndef tried(action, *arguments):\n"
        "    try:\n        return action(*arguments)\n"
        "    except OSError as error:\n        return type(error).__name__\n"
        "print(tried(read, 'canary'), tried(describe), tried(add, 'note', 'of a student'))\n"
        "print(tried(read, 'note'), 'canary' in open('/proc/keys').read())"
    )
    for _ in range(2):
        assert Run(grading, cell).text.split() == [*["PermissionError"] * 4, "False"]
    assert session_keys.read("canary") == "of the login"


def test_a_new_session_keyring_is_empty(login_keys):
    """Kernels have a keyring of their own, even where the filter would let them ask for keys."""
    if login_keys:
        pytest.skip(login_keys)
    pid = os.fork()
    if not pid:
        try:
            system_calls.leave_session_keyring()
            session_keys.read("canary")
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == errno.ENOKEY


@needs_sandbox
def test_calls_that_reach_keys_or_hold_uncounted_memory_are_refused(grading):
    import pyseccomp

    calls = {
        pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name): arguments
        for name, arguments in {
            "keyctl": (0, -3, 0),
            "memfd_create": (b"x", 0),
            "memfd_secret": (0,),
            "shmget": (0, 4096, 0o1600),
            "msgget": (0, 0o1600),
            "semget": (0, 10, 0o1600),
            "vmsplice": (1, None, 0, 0),
            "inotify_init1": (0,),
            "landlock_create_ruleset": (None, 0, 1),
            "io_uring_setup": (1, None),
            "userfaultfd": (1,),
            "bpf": (0, None, 0),
            "perf_event_open": (None, 0, -1, -1, 0),
        }.items()
    }
    run = Run(
        grading,
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        f"for number, arguments in {calls!r}.items():\n"
        "    longs = [ctypes.c_long(a) if isinstance(a, int) else a for a in (number, *arguments)]\n"
        "    if libc.syscall(*longs) != -1 or ctypes.get_errno() != 1:\n"
        "        print(number, 'is not refused:', ctypes.get_errno())\n"
        "print('tried')",
    )
    assert run.text == "tried\n"


@needs_sandbox
def test_there_are_only_sockets_that_namespaces_hold(grading):
    run = Run(
        grading,
        "import socket\n"
        "for family in range(50):\n"
        "    for way in socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET:\n"
        "        try:\n            socket.socket(family, way).close()\n"
        "        except OSError:\n            continue\n"
        "        print(socket.AddressFamily(family).name)",
    )
    assert {"AF_UNIX"} <= set(run.text.split()) <= {"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK"}


@needs_sandbox
def test_what_a_notebook_may_well_use_goes_on_working(grading):
    run = Run(
        grading,
        "import subprocess, sys, multiprocessing, socket\n"
        "from multiprocessing.shared_memory import SharedMemory\n"
        "memory = SharedMemory('note', True, 10); memory.buf[:3] = b'abc'\n"
        "same = SharedMemory('note'); print(bytes(same.buf[:3])); memory.unlink()\n"
        "print(subprocess.check_output(['echo', 'session'], start_new_session=True))\n"
        "print(open('/dev/zero', 'rb').read(3))\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool: print(pool.map(abs, [-1, -2]))\n"
        "print(multiprocessing.Array('i', 3)[:])\n"
        "one, other = socket.socketpair(); one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**20)\n"
        "one.send(b'sent'); print(other.recv(9))",
        "lines = !echo shell\nprint(lines)\n!true",
        "import keras, numpy as np, matplotlib.pyplot as plt\n"
        "convolution = keras.layers.Conv2D(1, 3, padding='same')\n"
        "model = keras.Sequential([keras.Input((28, 28, 1)), convolution])\n"
        "model.compile(loss='mse', optimizer='adagrad')\n"
        "x = np.ones((100, 28, 28, 1), 'float32')\n"
        "model.fit(x, x, verbose=0); model.save('m.keras'); keras.models.load_model('m.keras')\n"
        "plt.imshow(model.predict(x, verbose=0)[0, ..., 0]); plt.savefig('x.png'); plt.close()\n"
        "print('trained')",
    )
    assert run.cells[:2] == [
        "b'abc'\nb'session\\n'\nb'\\x00\\x00\\x00'\n[1, 2]\n[0, 0, 0]\nb'sent'\n",
        "['shell']\n",
    ]
    assert run.text.endswith("trained\n")
    assert not run.incident


@needs_sandbox
def test_two_kernels_at_once_are_shut_off_from_each_other(grading):
    """The kernels share neither files, sockets, processes nor shared memory."""
    with ThreadPoolExecutor() as pool:
        first = pool.submit(
            Run,
            grading,
            "import socket, time\nfrom multiprocessing.shared_memory import SharedMemory\n"
            "open('/tmp/note', 'w').write('x'); m = SharedMemory('note', True, 10)\n"
            "s = socket.socket(socket.AF_UNIX); s.bind('\\0note'); s.listen(); time.sleep(8)\n"
            "print('was there')",
        )
        time.sleep(3)
        run = Run(
            grading,
            "import os, socket\nprint(os.path.exists('/tmp/note'), os.listdir('/dev/shm'))\n"
            "print(socket.socket(socket.AF_UNIX).connect_ex('\\0note') != 0)\n"
            "print(len([p for p in os.listdir('/proc') if p.isdigit()]))",
        )
        assert not first.done(), "both run at the same time"
    assert first.result().text == "was there\n"
    assert run.text.splitlines() == ["False []", "True", "2"]


@needs_sandbox
def test_what_was_drawn_by_the_end_is_asked_for_after_the_last_cell(grading):
    cells = ["import numpy as np, matplotlib.pyplot as plt; plt.imshow(np.eye(28))", "1", "2"]
    result = result_of(grading, *cells)
    assert len(result.cells) == len(cells)
    assert result.final
    ((_, text),) = result.evidence[DRAWINGS]
    (drawing,) = decode(text).drawings
    np.testing.assert_array_equal(drawing.array, np.eye(28))


@needs_sandbox
def test_support_files_are_a_private_copy(grading, tmp_path):
    (tmp_path / "data.txt").write_text("mine")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "more.txt").write_text("more")
    (tmp_path / "out").symlink_to("/etc/hostname")
    run = Run(
        grading,
        "print(open('data.txt').read(), open('deep/more.txt').read())\n"
        "open('data.txt', 'w').write('changed'); open('new.txt', 'w').write('x')\n"
        "open('out').read()",
        folder=tmp_path,
    )
    assert run.text.startswith("mine more\nFileNotFoundError")
    assert (tmp_path / "data.txt").read_text() == "mine"
    assert not (tmp_path / "new.txt").exists()


@needs_sandbox
def test_a_configuration_file_beside_the_notebook_is_not_read(grading, tmp_path):
    for name in (
        "ipython_config.py",
        "ipython_kernel_config.py",
        "sitecustomize.py",
        "usercustomize.py",
    ):
        (tmp_path / name).write_text("import builtins\nbuiltins.configured = True\n")
    assert (
        Run(grading, "print('configured' in dir(__builtins__))", folder=tmp_path).text.strip() == "False"
    )


@needs_sandbox
def test_memory_of_all_processes_together_is_limited(grading):
    run = Run(
        grading,
        "import os, time\n"
        "for _ in range(8):\n"
        "    if not os.fork():\n"
        "        kept = [bytearray(os.urandom(1) * 2**20) for _ in range(400)]\n"
        "        time.sleep(50)\n"
        "        os._exit(0)\n"
        "time.sleep(50)",
    )
    assert "more memory than it may" in run.incident


HIDDEN = {
    "sockets": """
import os, socket
for _ in range(20):
    if os.fork():
        continue
    held, kept = 0, []
    for _ in range(480):
        kept.append(socket.socketpair())
        kept[-1][0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**23)
        kept[-1][0].setblocking(False)
        try:
            while held < 2**27: held += kept[-1][0].send(b"x" * 32768)
        except BlockingIOError:
            pass
    time.sleep(30)
    os._exit(0)
""",
    "connections that nobody accepts": """
import socket
kept = []
for number in range(3):
    kept.append(socket.socket(socket.AF_UNIX))
    kept[-1].bind(f"/tmp/listener{number}")
    kept[-1].listen(4096)
    for _ in range(3500):
        with socket.socket(socket.AF_UNIX) as sender:
            sender.setblocking(False)
            try:
                sender.connect(f"/tmp/listener{number}")
                while True: sender.send(b"x" * 32768)
            except BlockingIOError:
                pass
""",
    "page tables": """
import ctypes
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
long = ctypes.c_long
# Private, readable, nothing reserved: every 2 MiB that are looked at need 4 KiB of tables.
at = libc.mmap(None, long(5 * 2**38), 1, 0x4022, -1, long(0))
for offset in range(0, 5 * 2**38, 2**21):
    ctypes.string_at(at + offset, 1)
""",
    "pipes": """
import os
for _ in range(180):
    if not os.fork():
        kept = [os.pipe() for _ in range(490)]
        for _, end in kept: os.write(end, bytes(4096))
        time.sleep(30)
        os._exit(0)
""",
}
"""Memory of no process, which only the system knows of."""


@needs_sandbox
@pytest.mark.parametrize("what", HIDDEN)
def test_memory_that_the_system_holds_for_a_notebook_counts(grading, what):
    run = Run(grading, f"import time\n{HIDDEN[what]}\ntime.sleep(20)")
    assert "more memory than it may" in run.incident, run.text


@needs_sandbox
@pytest.mark.parametrize(
    "way",
    ["mmap.mmap(-1, 2**20)", "mmap.mmap(os.open('/dev/zero', os.O_RDWR), 2**20)"],
    ids=["anonymous", "of zeros"],
)
def test_shared_memory_that_has_no_file_is_refused(grading, way):
    """Its pages stay when all but the first are no longer mapped, and then belong to no process."""
    assert Run(grading, f"import mmap, os\n{way}").text.split(":")[0] in ("PermissionError", "OSError")


@needs_sandbox
def test_one_process_that_asks_for_too_much_memory_is_told_so(grading):
    run = Run(grading, f"kept = bytearray({2 * MEMORY_MIB} * 2**20)", "print('goes on')")
    assert run.cells == ["MemoryError: ", "goes on\n"]
    assert not run.incident


@needs_sandbox
@pytest.mark.parametrize(
    "bomb", ["os.fork() or time.sleep(50)", "threading.Thread(target=time.sleep, args=(50,)).start()"]
)
def test_processes_and_threads_are_limited(grading, bomb):
    run = Run(
        grading,
        "import os, threading, time\nmain, count = os.getpid(), 0\ntry:\n    for count in range(500):\n"
        f"        {bomb}\n        if os.getpid() != main: os._exit(0)\n"
        "except (OSError, RuntimeError) as error:\n    print(count, error)",
    )
    count, said = run.text.split(maxsplit=1)
    assert 20 < int(count) < PROCESSES
    assert "unavailable" in said or "can't start" in said


@needs_sandbox
@pytest.mark.parametrize("folder", [".", "/tmp", "/dev/shm"])
def test_disk_is_limited(grading, folder):
    run = Run(
        grading,
        f"count = 0\ntry:\n    for count in range({4 * DISK_MIB}):\n"
        f"        with open(f'{folder}/file{{count}}', 'wb') as file: file.write(bytes(2**20))\n"
        "except OSError as error:\n    print(count, error.strerror)",
    )
    count, said = run.text.split(maxsplit=1)
    assert int(count) <= DISK_MIB
    assert "No space" in said


SEND = """
import time
def send(content, buffers=None):
    kernel = get_ipython().kernel
    content |= {"metadata": {}, "transient": {}}
    about = {"parent": kernel.get_parent("shell"), "buffers": buffers}
    kernel.session.send(kernel.iopub_socket, "display_data", content, **about)
    time.sleep(2)
"""
RAW = """
import os, socket, threading, time
frame = bytes([3]) + (2**24).to_bytes(8, "big") + bytes(2**24)
def flood(number):
    with socket.socket(fileno=os.dup(number)) as grader:
        grader.setblocking(True)
        for _ in range(90):
            grader.sendall(frame)
for name in os.listdir("/proc/self/fd"):
    if os.path.lexists(f"/proc/self/fd/{name}"):
        if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
            threading.Thread(target=flood, args=(int(name),), daemon=True).start()
time.sleep(4)
"""


@needs_sandbox
@pytest.mark.parametrize(
    "flood",
    [
        "for _ in range(10**5): print('x' * 10**6)",
        "from IPython.display import display\nfor i in range(10**6): display(i)",
        "from IPython.display import display\ndisplay({'image/png': 'A' * 500 * 10**6}, raw=True)",
        "import os\nwhile True: os.write(1, bytes(10**6))",
        "get_ipython().set_next_input('x' * 300 * 10**6)",
        SEND + "send({'data': {'text/plain': '1'}}, [bytes(2**24)] * 90)",
        SEND + "send({'data': {'text/plain': [[] for _ in range(5 * 10**6)]}})",
        SEND + f"send({{'data': {{'{MIME_TYPE}': [[] for _ in range(15 * 10**5)]}}}})",
        SEND + f"send({{'data': {{'{MIME_TYPE}': '[' + '[],' * 15 * 10**5}}}})",
        RAW,
    ],
    ids=[
        *("text", "messages", "one image", "file descriptor", "reply"),
        *("buffers", "lists", "evidence", "evidence as text", "raw frames"),
    ],
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
    run = Run(grading, flood, "print('next')", cell_timeout=6, max_output_mib=2)
    over.set()
    watcher.join()
    assert sum(map(len, run.cells)) < 3 * 2**20
    assert most - before < 300 * 2**20, f"{(most - before) >> 20} MiB"


@needs_sandbox
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
    run = Run(grading, loop, "print('goes on')", cell_timeout=6, iopub_timeout=12)
    assert incident in run.incident
    assert bool(run.incident) == bool(incident)
    assert ("goes on" in run.text) != bool(incident)


@needs_sandbox
def test_nothing_is_left_behind(grading):
    mark = f"canary-{os.getpid()}"
    Run(
        grading,
        "import subprocess, sys\n"
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)', '{mark}'],\n"
        "                 start_new_session=True)\n"
        "import signal, os\nif not os.fork():\n    os.setsid()\n    os.fork()\n"
        "    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n    import time\n"
        "    time.sleep(300)",
    )
    left = [p for p in psutil.process_iter(["cmdline"]) if mark in (p.info["cmdline"] or [])]
    assert not psutil.wait_procs(left, timeout=60)[1]
    server = psutil.Process(grading.kernels.fork_server._process.pid)

    def only_the_fork_server_is_left():
        with contextlib.suppress(psutil.NoSuchProcess):
            children = server.children(recursive=True)
            return all("fork_server" in " ".join(p.cmdline()) for p in children)

    wait_for(only_the_fork_server_is_left, 60)
    assert not list(grading.kernels._runs.iterdir())


@needs_sandbox
def test_the_kernels_end_with_the_grader(tmp_path):
    script = tmp_path / "grader.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        "if __name__ == '__main__':\n"
        "    from running import Run, sandboxed\n"
        "    Run(sandboxed(), 'import time; time.sleep(99)', cell_timeout=200)\n"
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


def test_without_the_program_the_problem_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert "apt-get install bubblewrap" in bubblewrap.problem.__wrapped__()


@pytest.mark.parametrize(
    ("found", "advice"),
    [("raise RuntimeError('no libseccomp')", "apt-get install libseccomp2"), (None, "pip install")],
    ids=["library", "package"],
)
@pytest.mark.skipif(sys.platform != "linux", reason="what bubblewrap is there for")
def test_without_what_makes_the_filter_the_problem_says_what_to_install(
    monkeypatch, tmp_path, found, advice
):
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.delitem(sys.modules, "pyseccomp", raising=False)
    if found:
        (tmp_path / "pyseccomp.py").write_text(found)
        monkeypatch.syspath_prepend(tmp_path)
    else:
        monkeypatch.setattr("importlib.machinery.PathFinder.find_spec", lambda *args: None)
    assert advice in bubblewrap.problem.__wrapped__()


@needs_sandbox
def test_what_a_student_has_elsewhere_is_there_or_missed_softly(grading):
    run = Run(
        grading,
        "!nvidia-smi\n%pip install -q tensorflow\n%load_ext tensorboard\n%tensorboard --logdir logs\n"
        "import cv2, pandas, seaborn, skimage, wandb\nfrom tqdm.notebook import tqdm\n"
        "x = list(tqdm(range(3)))",
        "answer = input('Train?')\nprint(x, answer == '')",
    )
    assert "'wandb' is not installed" in run.cells[0]
    assert run.text.endswith("[0, 1, 2] True\n")
