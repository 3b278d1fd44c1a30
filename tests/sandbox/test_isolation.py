"""A confined process sees little, writes to its scratch folder only, and ends with all it started."""

import json
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest
from running import needs_sandbox

from autograder.sandbox import bubblewrap, isolation
from autograder.sandbox.run_folder import RunFolder

pytestmark = needs_sandbox

MIB = 2**20
LIMITS = {"memory": 1024 * MIB, "processes": 50, "disk": 8 * MIB}

CONFINED = """
import json, os, pathlib, socket, sys
from autograder.sandbox import isolation

def wait_for(pidfd):
    os._exit(os.waitid(os.P_PIDFD, pidfd, os.WEXITED).si_status)

isolation.give_up_root()
sockets_are_bound = isolation.confine(isolation.Confinement(**json.loads(sys.argv[1])), wait_for)
run, runs = map(pathlib.Path, sys.argv[2:])
"""


@pytest.fixture
def confined():
    """Runs code in a confined process, whose working folder holds `data.txt`."""
    with RunFolder() as folder:
        runs = Path(folder) / "runs"
        run = runs / "own"
        for path in (run / "files", run / "ipc", runs / "other"):
            path.mkdir(parents=True)
        (run / "files" / "data.txt").write_text("mine")
        bubblewrap.give_to_student_user(runs)
        to = bubblewrap.confinement(run, **LIMITS)

        def execute(code):
            program = ["-c", CONFINED + code, json.dumps(asdict(to)), str(run), str(runs)]
            command = bubblewrap.command(runs, Path(__file__), *program)
            return subprocess.run(command, capture_output=True, text=True, timeout=60)

        yield execute


def printed(code, confined):
    done = confined(code)
    assert not done.stderr
    return done.stdout.strip()


def test_it_works_on_a_copy_of_its_files(confined):
    assert printed("print(os.getcwd(), os.listdir(), open('data.txt').read())", confined) == (
        f"{isolation.WORK} ['data.txt'] mine"
    )


def test_it_is_a_user_without_rights_in_a_world_of_two_processes(confined):
    code = (
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "rights = [line.split()[1] for line in status.splitlines() if line.startswith('CapEff')]\n"
        "numbers = sorted(int(name) for name in os.listdir('/proc') if name.isdigit())\n"
        "print(os.getuid() != 0, int(rights[0], 16), numbers, [n for _, n in socket.if_nameindex()])"
    )
    assert printed(code, confined) == "True 0 [1, 2] ['lo']"


@pytest.mark.parametrize("path", ["run / 'files'", "runs / 'other'"])
def test_folders_of_runs_are_hidden(confined, path):
    assert printed(f"print(({path}).exists())", confined) == "False"


def test_its_sockets_are_hidden_once_they_are_bound(confined):
    code = (
        "address = run / 'ipc' / 'socket'\n"
        "listening = socket.socket(socket.AF_UNIX)\nlistening.bind(str(address))\n"
        "sockets_are_bound()\n"
        "import time\n"
        "while address.exists(): time.sleep(0.01)\n"
        "print('hidden')"
    )
    assert printed(code, confined) == "hidden"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("open('/usr/x', 'w')", "Read-only file system"),
        ("open('/proc/self/oom_score_adj', 'w')", "Read-only file system"),
        (f"for n in 'ab': pathlib.Path(n).write_bytes(bytes({LIMITS['disk'] // 2}))", "No space left"),
        (f"bytes({2 * LIMITS['memory']})", "MemoryError"),
        ("for _ in range(100):\n    if not os.fork(): import time; time.sleep(60)", "unavailable"),
        ("for _ in range(2000): os.dup(0)", "Too many open files"),
        ("isolation._call('unshare', 0x10000000)", "OSError"),
        ("os.memfd_create('x')", "Operation not permitted"),
    ],
)
def test_limits_hold(confined, code, error):
    done = confined(f"sockets_are_bound()\n{code}")
    assert error in done.stderr.splitlines()[-1]
    assert done.returncode == 1


def test_all_processes_of_a_kernel_end_with_it(confined):
    """The pipe for its output would stay open for as long as a child lives."""
    code = (
        "if not os.fork():\n    os.setsid()\n    import time\n    time.sleep(3600)\n"
        "sockets_are_bound()\nprint('done', flush=True)\nos._exit(7)"
    )
    done = confined(code)
    assert (done.stdout, done.returncode) == ("done\n", 7)


def test_what_does_not_work_here_is_an_error_that_names_it(confined):
    with pytest.raises(OSError, match="mounting /nowhere"):
        isolation._mount("none", "/nowhere", "tmpfs", 0)
