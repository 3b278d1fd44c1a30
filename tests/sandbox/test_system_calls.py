"""The filter refuses a process some system calls, for ever, and lets ordinary ones pass."""

import errno
import os
import socket
import subprocess
import sys

import pytest

from autograder.sandbox import system_calls

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or bool(system_calls.problem()), reason="no filters of system calls here"
)

FILTERED = """
import ctypes, mmap, os, socket, subprocess, sys
from autograder.sandbox import isolation, system_calls
isolation._call("prctl", isolation._PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
system_calls.refuse()
try:
    {}
except OSError as error:
    print("errno", error.errno)
"""


def filtered(code):
    """What a line of code prints in a process with the filter; `errno` and its number if it fails."""
    done = subprocess.run([sys.executable, "-c", FILTERED.format(code)], capture_output=True, text=True)
    assert not done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "call",
    [
        "os.memfd_create('x')",
        "isolation._call('syscall', system_calls._number('keyctl'), 0, -3, 0)",
        "isolation._call('syscall', system_calls._number('io_uring_setup'), 1, 0)",
        "isolation._call('shmget', 0, 4096, 0o1600)",
        "isolation._call('inotify_init')",
        "mmap.mmap(-1, 4096)",
    ],
)
def test_keys_uncounted_memory_and_attacked_interfaces_are_refused(call):
    assert filtered(call) == f"errno {errno.EPERM}"


@pytest.mark.parametrize(
    "call",
    [
        "print(len(mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)))",
        "print(len(subprocess.run(['true'], check=True).args) * 4096)",
        "[s.close() for s in socket.socketpair()]; print(4096)",
    ],
)
def test_ordinary_calls_pass(call):
    assert filtered(call) == "4096"


def test_programs_that_are_started_cannot_shed_the_filter():
    child = "import os\ntry: os.memfd_create('x')\nexcept OSError as error: print(error.errno)"
    code = f"subprocess.run([sys.executable, '-c', {child!r}])"
    assert filtered(code) == str(errno.EPERM)


@pytest.mark.parametrize("family", [socket.AF_PACKET, socket.AF_VSOCK, 300])
def test_sockets_of_other_families_are_refused(family):
    code = f"isolation._call('socket', {int(family)}, 1, 0)"
    assert filtered(code) == f"errno {errno.EAFNOSUPPORT}"


def test_sockets_keep_their_buffers():
    size = "s.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)"
    enlarge = "s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)"
    code = f"s = socket.socket(); before = {size}; {enlarge}; print({size} - before)"
    assert filtered(code) == "0"


def test_the_keyring_of_the_login_is_left():
    code = (
        "from autograder.sandbox.system_calls import leave_session_keyring, _number\n"
        "import ctypes\n"
        "session = lambda: ctypes.CDLL(None).syscall(_number('keyctl'), 0, -3, 1)\n"
        "before = session()\nleave_session_keyring()\nprint(before, session())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    if before == after == -1:
        pytest.skip("this system has no keys, or refuses them to everybody")
    assert before != after


@pytest.mark.parametrize(
    ("library", "missing"), [("pyseccomp", "pip install pyseccomp"), ("libseccomp", "apt-get install")]
)
def test_what_is_missing_is_named(library, missing, tmp_path):
    fault = "ModuleNotFoundError" if library == "pyseccomp" else "RuntimeError"
    (tmp_path / "pyseccomp.py").write_text(f"raise {fault}")
    code = "from autograder.sandbox import system_calls\nprint(system_calls.problem())"
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert missing in done.stdout
